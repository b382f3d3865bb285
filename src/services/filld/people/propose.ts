// Proposals: by hand, by rank, or by a model. Each is judged as a whole by the fill rules; the verdict is theirs.

import type { Candidate, Proposal } from "#contracts/fill";
import type { Context, Finding, Validated } from "#contracts/validate";
import type { Log } from "#lib/log";
import type { Call } from "#rpc/call";
import { Fault, toFault } from "#rpc/fault";
import { noDraft, refusedIn, WITHOUT_MODEL } from "../model-drafts.ts";
import { judged } from "../order/judged.ts";
import type { Board, FillState } from "../state/board.ts";
import type { Place } from "../state/events.ts";
import { headcountOf, shortOf } from "../state/view.ts";
import { rowOf, withoutMoot } from "./counted.ts";
import { type RosterDeps, type RosterRows, rosterRows } from "./roster-rows.ts";
import { contextOf, FAILED, nameOf, type PeopleDeps, rosterOf, shortlist } from "./shortlist.ts";
import { withRoster } from "./with-roster.ts";

export interface Proposed {
  readonly proposal: Omit<Proposal, "at" | "actor">;
  readonly places: readonly Place[];
}

interface When {
  readonly now: number;
  readonly call: Call;
}

/** Rounds in which people with errors make room for the next by rank. */
const ROUNDS_MAX = 5;
/** Of a proposal's findings, those that are kept with it; an event of the journal holds no more. */
const FINDINGS_MAX = 500;
const FINDINGS_BYTES_MAX = 100 * 1024;

/** Those who have confirmed keep their places: a proposal is for the rest. */
function kept(fill: FillState): string[] {
  return [...fill.seats.values()]
    .filter(({ status }) => status === "confirmed" || status === "completed")
    .map(({ worker_id }) => worker_id);
}

export async function proposedByHand(
  deps: PeopleDeps & RosterDeps & { readonly log: Log },
  board: Board,
  fill: FillState,
  workerIds: readonly string[],
  backupIds: readonly string[],
  { now, call }: When,
): Promise<Proposed> {
  const [findings, people] = await Promise.all([
    judge(deps, board, fill, { workerIds, backupIds, partial: true }, { now, call }),
    namesOf(deps, fill, [...workerIds, ...backupIds], call),
  ]);
  const place =
    (backup: boolean) =>
    (worker_id: string): Place => ({
      worker_id,
      corpus: fill.corpus,
      ...nameOf(people.get(worker_id) ?? {}),
      ...(backup ? { backup } : {}),
    });
  return {
    proposal: { by: "hand", ok: isOk(findings), findings: keptFindings(findings) },
    places: [...workerIds.map(place(false)), ...backupIds.map(place(true))],
  };
}

/** A roster may outlive its dataset: people are then proposed by their ids alone. */
async function namesOf(
  deps: RosterDeps & { readonly log: Log },
  { fillId, corpus }: FillState,
  workerIds: readonly string[],
  call: Call,
): Promise<RosterRows["rows"]> {
  try {
    return (await rosterRows(deps, corpus, workerIds, call)).rows;
  } catch (error) {
    const { code, message } = toFault(error);
    deps.log.warn("the names of people proposed by hand were not read", { fill_id: fillId, code, message });
    return new Map();
  }
}

export async function proposedByRank(
  deps: PeopleDeps,
  board: Board,
  fill: FillState,
  { now, call }: When,
): Promise<Proposed> {
  const wanted = shortOf(fill);
  const k = Math.min(200, wanted * 2 + 20);
  const { shortlist: ranked } = await shortlist(deps, board, fill, { k, now, call, around: false });
  const confirmed = new Set(kept(fill));
  const waiting = ranked.filter(({ worker_id }) => !confirmed.has(worker_id));
  const reasons: Record<string, number> = {};
  let chosen: Candidate[] = waiting.splice(0, wanted);
  let findings: Finding[] = [];
  for (let round = 1; chosen.length > 0; round += 1) {
    const workerIds = chosen.map(({ worker_id }) => worker_id);
    findings = await judge(deps, board, fill, { workerIds, backupIds: [], partial: true }, { now, call });
    const wrong = new Map(
      findings.flatMap(({ severity, path, code }) => {
        const row = rowOf(path);
        return severity === "error" && row !== undefined ? [[row, code] as const] : [];
      }),
    );
    if (wrong.size === 0) break;
    for (const code of wrong.values()) reasons[code] = (reasons[code] ?? 0) + 1;
    chosen = chosen.filter((_, row) => !wrong.has(row));
    // After the last round those who are left are checked, and nobody is added: it ends.
    if (round < ROUNDS_MAX) chosen.push(...waiting.splice(0, wanted - chosen.length));
  }
  const open = wanted - chosen.length;
  if (open > 0) {
    const { excluded } = await shortlist(deps, board, fill, { k, now, call });
    for (const { code } of excluded) reasons[code] = (reasons[code] ?? 0) + 1;
  }
  return {
    proposal: {
      by: "auto",
      ok: chosen.length > 0 && isOk(findings),
      findings: keptFindings(findings),
      ...(open > 0 ? { unfilled: { places: open, reasons } } : {}),
    },
    places: chosen.map(({ worker_id, corpus, name }) => ({
      worker_id,
      corpus,
      ...(name === undefined ? {} : { name }),
    })),
  };
}

export async function proposedByModel(
  deps: PeopleDeps,
  board: Board,
  fill: FillState,
  model: string,
  { now, call }: When,
): Promise<Proposed> {
  const { shortlist: ranked } = await shortlist(deps, board, fill, { k: 40, now, call, around: false });
  const ids = ranked.map(({ worker_id }) => worker_id);
  const roster = await rosterOf(deps, fill.corpus, call);
  const context = { ...contextOf(board, fill, ids, now) };
  const drafted = await withRoster(deps, roster, call, () =>
    deps.validate.iterate({ kind: "fill", prompt: promptOf(fill, ranked), context, roster, model }, call),
  );
  const { moot } = judged(fill.fillId, fill.order, now);
  const nothing = noDraft(drafted, model);
  // A proposal of nobody would say neither that nor why.
  if (nothing !== undefined) throw new Fault("upstream", `${nothing} ${WITHOUT_MODEL}`);
  const workerIds = idsIn(drafted.artifact);
  // The iteration judged what the model was shown to exist; the proposal is judged as every other is.
  const findings =
    workerIds.length === 0
      ? drafted.findings
      : await judge(deps, board, fill, { workerIds, backupIds: [], partial: true }, { now, call });
  return {
    proposal: {
      by: "model",
      // An iteration knows of nothing moot: it may have failed for what the order does not say alone.
      ok: (drafted.ok || moot.size > 0) && workerIds.length > 0 && isOk(findings),
      findings: keptFindings(findings),
      ...refusedIn(drafted.history),
    },
    places: workerIds.map((worker_id) => ({
      worker_id,
      corpus: fill.corpus,
      ...nameOf(ranked.find((one) => one.worker_id === worker_id) ?? {}),
    })),
  };
}

function promptOf(fill: FillState, ranked: readonly Candidate[]): string {
  const people = ranked.map(({ worker_id, name, role, city, state, miles, why }) =>
    JSON.stringify({ worker_id, name, role, city, state, miles, why }),
  );
  return [
    `Propose ${shortOf(fill)} people for this shift order: ${JSON.stringify(fill.order)}`,
    "Choose among these people and no others, the best first:",
    ...people,
    `Reply with one JSON object: {"order_id": ${JSON.stringify(fill.order.order_id ?? fill.fillId)}, "fills": [{"worker_id": "...", "reason": "..."}]}`,
  ].join("\n");
}

function idsIn(artifact: unknown): string[] {
  const { fills } = (artifact ?? {}) as { fills?: unknown };
  if (!Array.isArray(fills)) return [];
  return fills.flatMap((one: unknown) => {
    const { worker_id } = (one ?? {}) as { worker_id?: unknown };
    return typeof worker_id === "string" ? [worker_id] : [];
  });
}

interface Chosen {
  readonly workerIds: readonly string[];
  readonly backupIds: readonly string[];
  /** Fewer people than places are no error. */
  readonly partial: boolean;
}

async function judge(
  deps: PeopleDeps,
  board: Board,
  fill: FillState,
  { workerIds, backupIds, partial }: Chosen,
  { now, call }: When,
): Promise<Finding[]> {
  const { moot } = judged(fill.fillId, fill.order, now);
  const roster = await rosterOf(deps, fill.corpus, call);
  const all = [...workerIds, ...backupIds];
  const context: Context = contextOf(board, fill, all, now);
  const headcount = headcountOf(fill) - kept(fill).length;
  if (headcount < 1) throw new Fault("rejected", "Every place of this order is confirmed already.");
  const order = { ...context.order, headcount, allow_partial: partial } as NonNullable<Context["order"]>;
  const row = (worker_id: string): { worker_id: string } => ({ worker_id });
  const verdict: Validated = await withRoster(deps, roster, call, () =>
    deps.validate.validate(
      {
        kind: "fill",
        artifact: {
          order_id: order.order_id,
          fills: workerIds.map(row),
          ...(backupIds.length === 0 ? {} : { backups: backupIds.map(row) }),
        },
        context: { ...context, order },
        roster,
      },
      call,
    ),
  );
  return [
    ...withoutMoot(verdict.findings, moot, { workerIds, headcount, partial }),
    ...failedBefore(fill, all, backupIds.length),
  ];
}

/** Whoever did not come, cancelled late or was blocked on this order has that outcome, and no other place on it. */
function failedBefore({ seats }: FillState, all: readonly string[], backups: number): Finding[] {
  return all.flatMap((worker_id, index): Finding[] => {
    const status = seats.get(worker_id)?.status ?? "";
    const failed = status === "declined" ? undefined : FAILED[status];
    if (failed === undefined) return [];
    const fillsMax = all.length - backups;
    const path = index < fillsMax ? `fills[${index}]` : `backups[${index - fillsMax}]`;
    return [
      {
        ...failed,
        kind: "policy",
        severity: "error",
        path: `${path}.worker_id`,
        actual: worker_id,
        hint: "Propose somebody else.",
      },
    ];
  });
}

/** Errors before the rest, as far as the journal holds them. */
function keptFindings(findings: readonly Finding[]): Finding[] {
  let bytes = 0;
  return findings
    .filter(({ severity }) => severity === "error")
    .concat(findings.filter(({ severity }) => severity !== "error"))
    .slice(0, FINDINGS_MAX)
    .filter((finding) => (bytes += Buffer.byteLength(JSON.stringify(finding))) <= FINDINGS_BYTES_MAX);
}

function isOk(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity !== "error");
}
