// The handlers of playbooks: a record's answer and role are looked up here, as a search of its corpus would read them, and
// what is kept is told.

import { z } from "zod";
import type { LedgerEntry, matrix, Playbook as WirePlaybook, PlaybookRecord } from "#contracts/matrix";
import type { Clock } from "#lib/clock";
import type { Call, CallInit } from "#rpc/call";
import type { Handlers } from "#rpc/contract";
import { Fault, toFault } from "#rpc/fault";
import { pageCursor } from "#rpc/page-cursor";
import type { Corpora } from "./corpus/corpora.ts";
import { describedPlaybook, describedVersion, evidenceOf, rfc3339 } from "./playbooks/describe.ts";
import { sureRole } from "./playbooks/gate.ts";
import { orderPlaceOf } from "./playbooks/order-place.ts";
import { importRecords } from "./playbooks/import-records.ts";
import { type Playbook, standingAt } from "./playbooks/playbook.ts";
import type { Playbooks, PreparedRecord, Recording } from "./playbooks/playbooks.ts";
import type { Understanding } from "./query/understand.ts";
import { personRoleOf } from "./rank/lifting.ts";
import { askedRole } from "./rank/relevance.ts";
import type { Replays } from "./replays.ts";

const PAGES = pageCursor("matrix.playbooks", z.string());
const LEDGER_PAGES = pageCursor("matrix.playbookLedger", z.string());

interface PlaybookHandlersDeps {
  readonly playbooks: Playbooks;
  readonly corpora: Corpora;
  readonly understanding: Understanding;
  readonly clock: Clock;
  readonly replays: Replays;
}

type PlaybookHandlers = Pick<
  Handlers<typeof matrix>,
  | "recordPlaybook"
  | "importPlaybooks"
  | "playbooks"
  | "playbookLedger"
  | "playbook"
  | "dropPlaybook"
  | "disablePlaybook"
  | "enablePlaybook"
>;

/** The ledger is of all outcomes so far, unless their replays take longer. */
const REPLAYS_MS_MAX = 5000;

export function playbookHandlers({
  playbooks,
  corpora,
  understanding,
  clock,
  replays,
}: PlaybookHandlersDeps): PlaybookHandlers {
  const prepared = async (record: PlaybookRecord, by: string, call: CallInit): Promise<PreparedRecord> => {
    const { query_text: text, role, answer_corpus: corpus, answer_id: id } = record;
    const generation = corpora.generation(corpus);
    const { model } = generation;
    if (personRoleOf(generation, id) === undefined) {
      throw new Fault("not_found", `There is no row ${id} in ${corpus}@${generation.snapshotId}.`, {
        details: [{ path: "answer_id", message: `is not a row of ${corpus}` }],
      });
    }
    try {
      const understood = await understanding.understand({ text, role, now: undefined, model }, call);
      // The role alone: what else a search would compare of a hundred thousand rows costs a hundred times as much.
      const asked = askedRole(generation, understood);
      return { record, role: sureRole(asked.role), place: orderPlaceOf(understood.order), model, by };
    } catch (error) {
      const fault = toFault(error);
      if (fault.code !== "invalid" || role === undefined) throw error;
      const details = [{ path: "role", message: "is not a known role" }];
      throw new Fault("rejected", fault.message, { details, cause: error });
    }
  };

  const record = async (wanted: PlaybookRecord, by: string, call: CallInit): Promise<Recording> =>
    playbooks.record(await prepared(wanted, by, call));

  const described = (playbook: Playbook): WirePlaybook => {
    const note = noteOf(playbook);
    return { ...describedPlaybook(playbook, clock.now()), ...(note === undefined ? {} : { note }) };
  };

  /** Why a playbook lifts nobody as things are; undefined when it may. */
  const noteOf = ({ corpus, answerId, role }: Playbook): string | undefined => {
    const person = corpora.names().includes(corpus)
      ? personRoleOf(corpora.generation(corpus), answerId)
      : undefined;
    if (person === undefined) return `It acts on nothing: there is no row ${answerId} in ${corpus}.`;
    if (role === null)
      return "It acts on the same query alone: its role is not known. Record it with a role.";
    if (person === null)
      return `It acts on the same query alone: the role of ${answerId} is not known for sure.`;
    return person.toLowerCase() === role.toLowerCase()
      ? undefined
      : `It acts on nothing: ${answerId} is a ${person}, the query is for a ${role}, and no playbook crosses roles.`;
  };

  /** Those of a role and corpus behind an id, and whether more follow. */
  const page = ({
    role,
    corpus,
    limit,
    after = "",
  }: Page): { found: Playbook[]; next: string | undefined } => {
    const { library } = playbooks;
    const found: Playbook[] = [];
    for (const id of library.ids()) {
      if (id <= after) continue;
      const playbook = library.get(id);
      if (playbook === undefined || standingAt(playbook, Infinity)?.state === "removed") continue;
      if (role !== undefined && playbook.role?.toLowerCase() !== role.toLowerCase()) continue;
      if (corpus !== undefined && playbook.corpus !== corpus) continue;
      if (found.length === limit) return { found, next: found.at(-1)?.id };
      found.push(playbook);
    }
    return { found, next: undefined };
  };

  const change = async (
    id: string,
    to: "disabled" | "enabled" | "removed",
    reason: string,
    { caller }: Call,
  ): Promise<Playbook> => playbooks.change(id, { to, by: caller.id, reason });

  return {
    recordPlaybook: async (wanted, call) => {
      const { playbook, changed } = await record(wanted, call.caller.id, call);
      // What is imported is history: no search of this house was followed by it.
      if (changed) replays.add(playbook);
      return described(playbook);
    },
    importPlaybooks: ({ body, corpus }, call) =>
      importRecords(body, corpus, (wanted) => record(wanted, call.caller.id, { caller: call.caller })),
    playbooks: ({ cursor, ...which }) => {
      const { found, next } = page({ ...which, after: PAGES.place(cursor) });
      return {
        playbooks: found.map(described),
        ...(next === undefined ? {} : { next_cursor: PAGES.next(next) }),
      };
    },
    playbookLedger: async ({ cursor, ...which }) => {
      const after = LEDGER_PAGES.place(cursor);
      await replays.settled(REPLAYS_MS_MAX);
      const { found, next } = page({ ...which, after });
      const totals = { playbooks: 0, active: 0, disabled: 0, exposures: 0, lift: 0, harm: 0 };
      const { library } = playbooks;
      for (const id of library.ids()) {
        const playbook = library.get(id);
        const state = playbook && standingAt(playbook, Infinity)?.state;
        if (playbook === undefined || state === "removed") continue;
        const { lift, harm } = evidenceOf(playbook);
        totals.playbooks += 1;
        if (describedPlaybook(playbook, clock.now()).state === "active") totals.active += 1;
        if (state === "disabled") totals.disabled += 1;
        totals.exposures += playbook.exposures;
        totals.lift += lift;
        totals.harm += harm;
      }
      return {
        entries: found.map((playbook) => {
          const { exposures, lastExposedAt } = playbook;
          return {
            ...entryNames(describedPlaybook(playbook, clock.now())),
            exposures,
            ...(lastExposedAt === undefined ? {} : { last_exposed_at: rfc3339(lastExposedAt) }),
            decay: playbooks.decay(playbook),
            ...evidenceOf(playbook),
          };
        }),
        totals: { ...totals, waiting: replays.waiting },
        ...(next === undefined ? {} : { next_cursor: LEDGER_PAGES.next(next) }),
      };
    },
    playbook: ({ playbook_id }) => {
      const playbook = playbooks.get(playbook_id);
      return { ...described(playbook), versions: playbook.versions.map(describedVersion) };
    },
    dropPlaybook: async ({ playbook_id }, call) => {
      await change(playbook_id, "removed", "", call);
      return null;
    },
    disablePlaybook: async ({ playbook_id, reason = "" }, call) =>
      described(await change(playbook_id, "disabled", reason, call)),
    enablePlaybook: async ({ playbook_id }, call) =>
      described(await change(playbook_id, "enabled", "", call)),
  };
}

interface Page {
  readonly role?: string | undefined;
  readonly corpus?: string | undefined;
  readonly limit: number;
  readonly after?: string | undefined;
}

function entryNames({
  playbook_id,
  version,
  role,
  answer_id,
  answer_corpus,
  actor,
  effect,
  state,
  disabled,
}: WirePlaybook): Omit<LedgerEntry, "exposures" | "last_exposed_at" | "decay" | "judged" | "lift" | "harm"> {
  const names = { playbook_id, version, role, answer_id, answer_corpus, actor, effect, state };
  return disabled === undefined ? names : { ...names, disabled };
}
