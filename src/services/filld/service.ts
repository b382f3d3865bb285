// filld: an order from its first words to its outcome. The truth is the journal: every write is decided on the fold of its
// events, recorded there, and applied once it is acknowledged. Datasets, playbooks and traces follow behind.

import type { Fill, fills, FillOrder, Message, OutcomeResult, Seat } from "#contracts/fill";
import { fillOrder } from "#contracts/fill";
import type { ingest } from "#contracts/ingest";
import type { journal } from "#contracts/journal";
import type { matrix } from "#contracts/matrix";
import type { pathway } from "#contracts/pathway";
import type { query } from "#contracts/query";
import type { validate } from "#contracts/validate";
import { type Clock, systemClock } from "#lib/clock";
import type { Log } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Call } from "#rpc/call";
import type { Handlers, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { Learner } from "./learn/learn.ts";
import { scoreOf } from "./learn/scores.ts";
import { drafted } from "./messages/draft.ts";
import { csvOf, mboxOf } from "./messages/export.ts";
import { completed, wordsOf } from "./order/complete.ts";
import { followBoard, followFill, wireEvent } from "./follow.ts";
import { type Proposed, proposedByHand, proposedByModel, proposedByRank } from "./people/propose.ts";
import { type Ranked, shortlist, type Wanted } from "./people/shortlist.ts";
import { bySpeed } from "./people/speed.ts";
import { Publisher } from "./publish/publisher.ts";
import { Board, type FillState, isLive } from "./state/board.ts";
import type { FillEventType } from "./state/events.ts";
import { type Draft, Ledger } from "./state/ledger.ts";
import { viewOf } from "./state/view.ts";

export interface FilldDeps {
  readonly journal: Service<typeof journal>;
  readonly matrix: Service<typeof matrix>;
  readonly validate: Service<typeof validate>;
  readonly pathway: Service<typeof pathway>;
  readonly query: Service<typeof query>;
  readonly ingest: Service<typeof ingest>;
  readonly log: Log;
  readonly clock?: Clock;
  readonly settings: {
    /** How long a proposal keeps its people from other fills. */
    readonly holdMs: number;
    /** The sender's name in messages where a request names none. */
    readonly agency: string;
    /** From a change of a fill until the datasets have it. */
    readonly publishDelayMs?: number;
  };
}

const PUBLISH_DELAY_MS = 2000;
/** Of a ranking, what the journal keeps. */
const SHORTLIST_KEPT_MAX = 200;
const EXCLUDED_KEPT_MAX = 200;

const SEAT_OF: Readonly<Record<Exclude<OutcomeResult, "blocked">, Seat["status"]>> = {
  confirmed: "confirmed",
  declined: "declined",
  no_show: "no_show",
  late_cancel: "late_cancel",
  completed: "completed",
  cancelled: "cancelled",
};

const EVENT_OF = {
  confirmed: "shift.confirmed",
  declined: "shift.declined",
  completed: "shift.completed",
  cancelled: "shift.cancelled",
  no_show: "no_show",
  late_cancel: "late_cancel",
} as const satisfies Record<Exclude<OutcomeResult, "blocked">, FillEventType>;

/** What may follow on what: a result for a place in another state is refused with that state. */
const AFTER: Readonly<Record<OutcomeResult, readonly Seat["status"][]>> = {
  confirmed: ["proposed", "contacted", "declined", "replaced"],
  declined: ["proposed", "contacted", "confirmed"],
  no_show: ["confirmed"],
  late_cancel: ["confirmed"],
  completed: ["confirmed"],
  cancelled: ["proposed", "contacted", "confirmed"],
  blocked: [
    "proposed",
    "contacted",
    "confirmed",
    "completed",
    "declined",
    "no_show",
    "late_cancel",
    "cancelled",
    "replaced",
  ],
};

export async function filld(deps: FilldDeps): Promise<Daemon<typeof fills>> {
  const { matrix, validate, query, ingest, pathway, journal, settings, log, clock = systemClock } = deps;
  const failures = new BackgroundFailures(log);
  const ledger = new Ledger(journal, clock);
  const learner = new Learner({ ledger, matrix, pathway, failures });
  const publisher = new Publisher({
    ledger,
    ingest,
    query,
    failures,
    delayMs: settings.publishDelayMs ?? PUBLISH_DELAY_MS,
  });
  const people = { matrix, validate };
  const stopListening = ledger.listen(({ fillId }) => {
    publisher.changed(fillId);
    if (ledger.board.unlearnt.size > 0) learner.wake();
  });

  const stateOf = async (fillId: string): Promise<{ board: Board; fill: FillState }> => {
    const board = await ledger.current();
    return { board, fill: known(board, fillId) };
  };

  const ranked = (board: Board, fill: Wanted, k: number, call: Call, textNow?: string): Promise<Ranked> =>
    shortlist(people, board, fill, { k, now: clock.now(), textNow, call });

  /** Decides and records a change of a fill whose version the caller has seen. */
  const change = (
    call: Call,
    { fill_id, version, actor }: { fill_id: string; version: number; actor?: string | undefined },
    decide: (fill: FillState, board: Board, next: number) => readonly Draft[],
  ): Promise<Fill> =>
    ledger
      .write(call, (board) => {
        const fill = known(board, fill_id);
        refuseUnseen(fill, version);
        const drafts = decide(fill, board, fill.version + 1);
        return { write: { fillId: fill_id, actor: actor ?? call.caller.id, drafts }, result: fill };
      })
      .then(viewOf);

  const handlers: Handlers<typeof fills> = {
    open: async ({ fill_id, order_text, order: given, corpus, k, now: textNow, actor }, call) => {
      if (order_text === undefined && given === undefined) {
        throw new Fault("invalid", "Give order_text or order.", {
          details: [{ path: "order_text", message: "is missing, and so is order" }],
        });
      }
      const board = await ledger.current();
      const fillId = fill_id ?? newFillId();
      refuseTaken(board, fillId);
      const among = corpus ?? (await standardCorpus(matrix, call));
      const read = await matrix.role(
        {
          text: order_text ?? wordsOf(given ?? {}, undefined, true),
          ...(textNow === undefined ? {} : { now: textNow }),
        },
        call,
      );
      const { order, assumed, missing } = completed(given ?? {}, { role: read, slots: read.slots });
      const wanted = {
        fillId,
        order,
        orderText: order_text,
        corrected: false,
        corpus: among,
        seats: new Map(),
      };
      const list = await ranked(board, wanted, k, call, textNow);
      const received: Draft<"order.received"> = {
        type: "order.received",
        data: {
          version: 1,
          corpus: among,
          ...(order_text === undefined ? {} : { order_text }),
          ...(given === undefined ? {} : { order: given }),
        },
      };
      const drafts: Draft[] = [
        received,
        { type: "order.parsed", data: { version: 1, order, assumed, missing, reading: readingOf(list) } },
        shortlistEvent(1, list),
      ];
      const opened = await ledger.write(call, (current) => {
        refuseTaken(current, fillId);
        return { write: { fillId, actor: actor ?? call.caller.id, drafts }, result: current };
      });
      return { ...viewOf(known(opened, fillId)), ...listOf(list) };
    },

    list: async ({ status, client, before, limit, cursor }) => {
      const board = await ledger.current();
      const rows = [...board.fills.values()]
        .map(viewOf)
        .filter((one) => status === undefined || one.status === status)
        .filter(({ order }) => client === undefined || order.client_id === client)
        .filter(({ order }) => before === undefined || startMs(order) < Date.parse(before))
        .sort(byStart);
      const from = cursor === undefined ? 0 : rows.findIndex(({ fill_id }) => fill_id === cursor) + 1;
      const page = rows.slice(from, from + limit);
      const last = page.at(-1);
      return {
        fills: page,
        ...(from + limit < rows.length && last !== undefined ? { next_cursor: last.fill_id } : {}),
      };
    },

    boardEvents: async function* ({ client }, { signal }) {
      await ledger.current();
      yield* followBoard(ledger, client, signal);
    },

    state: async ({ fill_id, as_of }) => {
      const { fill } = await stateOf(fill_id);
      if (as_of === undefined) return viewOf(fill);
      const past = new Board();
      for (const event of await ledger.eventsOf(fill_id, as_of)) past.apply(event);
      const then = past.fills.get(fill_id);
      if (then === undefined) throw new Fault("not_found", `The fill ${fill_id} was opened after ${as_of}.`);
      return viewOf(then);
    },

    shortlist: async ({ fill_id, k }, call) => {
      const { board, fill } = await stateOf(fill_id);
      return { version: fill.version, ...listOf(await ranked(board, fill, k, call)) };
    },

    correct: async ({ fill_id, version, order: changes, reason, actor }, call) => {
      const { fill } = await stateOf(fill_id);
      refuseUnseen(fill, version);
      const given = merged(fill.order, changes);
      const words = wordsOf(given, undefined, true);
      // Place, zone and role follow from what a person corrected.
      const reading = await matrix.role({ text: words }, call);
      const role = {
        role: given.role ?? null,
        soc: given.role === fill.order.role ? (fill.order.soc ?? null) : reading.soc,
        source: reading.source,
        confidence: reading.confidence,
      };
      const { order, assumed, missing } = completed(given, { role, slots: reading.slots });
      return change(call, { fill_id, version, actor }, (current, board, next) => {
        const booked = [...current.seats.values()].filter(
          (seat) => seat.status === "completed" || isLive(seat),
        );
        refuseBooked(board, { fillId: fill_id, order }, booked, clock.now());
        const said = reason === undefined ? {} : { reason };
        return [
          {
            type: "order.corrected",
            data: { version: next, order, before: current.order, assumed, missing, ...said },
          },
        ];
      });
    },

    propose: async ({ fill_id, version, worker_ids, backup_ids = [], auto, model, actor }, call) => {
      const ways = [worker_ids, auto, model].filter((way) => way !== undefined).length;
      if (ways !== 1) {
        throw new Fault("invalid", "Give exactly one of worker_ids, auto and model.", {
          details: [{ path: "worker_ids", message: "or auto, or model" }],
        });
      }
      const { board, fill } = await stateOf(fill_id);
      refuseUnseen(fill, version);
      refuseClosed(fill);
      refuseIncomplete(fill);
      const now = clock.now();
      const asked = { now, call };
      const proposed: Proposed =
        worker_ids !== undefined
          ? await proposedByHand(people, board, fill, worker_ids, backup_ids, asked)
          : model !== undefined
            ? await proposedByModel(people, board, fill, model, asked)
            : await proposedByRank(people, board, fill, asked);
      return change(call, { fill_id, version, actor }, (current, latest, next) => {
        if (proposed.proposal.ok) refuseBooked(latest, current, proposed.places, clock.now());
        const at = new Date(clock.now()).toISOString();
        const warnings = proposed.proposal.findings.filter(({ severity }) => severity === "warning").length;
        const drafts: Draft[] = [
          {
            type: "fill.proposed",
            data: {
              version: next,
              proposal: { ...proposed.proposal, at, actor: actor ?? call.caller.id },
              places: [...proposed.places],
              held_until: new Date(clock.now() + settings.holdMs).toISOString(),
            },
          },
        ];
        if (proposed.proposal.ok) {
          drafts.push({
            type: "fill.validated",
            data: { version: next, workers: proposed.places.length, warnings },
          });
        }
        return drafts;
      });
    },

    draft: async (
      { fill_id, worker_ids, channel, purpose, language, template, model, agency, send_at, actor },
      call,
    ) => {
      const { fill } = await stateOf(fill_id);
      const outsiders = worker_ids.filter((id) => !fill.seats.has(id));
      if (outsiders.length > 0) {
        throw new Fault("rejected", `${outsiders[0]} was not proposed for this fill. Propose first.`);
      }
      const made = await drafted(
        { ...people, query },
        {
          fillId: fill_id,
          order: fill.order,
          corpus: fill.corpus,
          workerIds: worker_ids,
          channel,
          purpose,
          language,
          template,
          model,
          agency: agency ?? settings.agency,
          sendAt: send_at,
          now: clock.now(),
        },
        call,
      );
      // Messages do not compete with other writes: they are recorded on whatever the fill is by then.
      const state = await ledger.write(call, (board) => {
        const current = known(board, fill_id);
        const drafts = made.map(({ ...data }): Draft => ({
          type: "contact.drafted",
          data: { version: current.version + 1, ...data },
        }));
        return { write: { fillId: fill_id, actor: actor ?? call.caller.id, drafts }, result: current };
      });
      const ids = new Set(made.map(({ message_id }) => message_id));
      return {
        version: state.version,
        messages: state.messages.filter(({ message_id }) => ids.has(message_id)),
      };
    },

    messages: async ({ fill_id }) => ({ messages: [...(await stateOf(fill_id)).fill.messages] }),

    exportMessages: async ({ fill_id, accept }) => {
      const { fill } = await stateOf(fill_id);
      const good: Message[] = fill.messages.filter(({ ok }) => ok);
      const mbox = accept.includes("application/mbox");
      return {
        status: 200,
        headers: {
          "content-type": mbox ? "application/mbox" : "text/csv; charset=utf-8",
          "content-disposition": `attachment; filename="${fill_id}.${mbox ? "mbox" : "csv"}"`,
        },
        body: new Blob([mbox ? mboxOf(good) : csvOf(good)]),
      };
    },

    outcome: async ({ fill_id, version, worker_id, result, rating, reason, scope, actor }, call) => {
      if (rating !== undefined && result !== "completed") {
        throw new Fault("invalid", "A rating goes with result completed.", {
          details: [{ path: "rating", message: "goes with completed alone" }],
        });
      }
      return change(call, { fill_id, version, actor }, (fill, board, next) => {
        const seat = fill.seats.get(worker_id);
        if (seat === undefined) {
          throw new Fault("rejected", `${worker_id} was not proposed for this fill. Propose first.`);
        }
        if (!AFTER[result].includes(seat.status)) {
          throw new Fault(
            "rejected",
            `${worker_id} is ${seat.status} on this fill, which ${result} cannot follow.`,
          );
        }
        if (result === "blocked") return [blockOf(fill, worker_id, scope ?? "client", reason, next)];
        if (result === "confirmed") {
          refuseClosed(fill);
          refuseBooked(board, fill, [{ worker_id }], clock.now());
        }
        const score = scoreOf(result, rating);
        const said = reason === undefined ? {} : { reason };
        const drafts: Draft[] = [
          {
            type: EVENT_OF[result],
            data: {
              version: next,
              worker_id,
              status: SEAT_OF[result],
              ...said,
              ...(rating === undefined ? {} : { rating }),
              ...(score === undefined
                ? {}
                : { score, query_text: wordsOf(fill.order, fill.orderText, fill.corrected) }),
            },
          },
        ];
        if (rating !== undefined) {
          drafts.push({ type: "outcome.rated", data: { version: next, worker_id, rating } });
        }
        return drafts;
      });
    },

    backfill: async ({ fill_id, version, k, actor }, call) => {
      const { board, fill } = await stateOf(fill_id);
      refuseUnseen(fill, version);
      refuseClosed(fill);
      const short = viewOf(fill).short;
      if (short === 0) throw new Fault("rejected", "No place of this fill is open.");
      const list = bySpeed(await ranked(board, fill, Math.min(200, k * 4), call), board, fill, k);
      const view = await change(call, { fill_id, version, actor }, (_, __, next) => [
        { type: "fill.backfilled", data: { version: next, places: short } },
        shortlistEvent(next, list),
      ]);
      return { ...view, ...listOf(list) };
    },

    close: ({ fill_id, version, result, reason, actor }, call) =>
      change(call, { fill_id, version, actor }, (fill, _, next) => {
        refuseClosed(fill);
        return [
          {
            type: "fill.closed",
            data: { version: next, result, ...(reason === undefined ? {} : { reason }) },
          },
        ];
      }),

    history: async ({ fill_id }) => {
      await stateOf(fill_id);
      return { events: (await ledger.eventsOf(fill_id)).map(wireEvent) };
    },

    fillEvents: async function* ({ fill_id }, { signal }) {
      await stateOf(fill_id);
      yield* followFill(ledger, fill_id, signal);
    },

    blocks: async ({ client }) => {
      const { blocks } = await ledger.current();
      return {
        blocks: blocks
          .filter(
            ({ client_id, scope }) => client === undefined || scope === "system" || client_id === client,
          )
          .map(({ worker_id, scope, client_id, site_id, reason, start_at }) => ({
            worker_id,
            scope,
            reason,
            start_at,
            ...(client_id === undefined || client_id === null ? {} : { client_id }),
            ...(site_id === undefined || site_id === null ? {} : { site_id }),
          })),
      };
    },

    publish: async () => {
      await learner.settled();
      return publisher.publish();
    },
  };

  return {
    handlers,
    stats: () => ({
      failures: failures.counts,
      fills: ledger.board.fills.size,
      unlearnt: ledger.board.unlearnt.size,
    }),
    close: async () => {
      stopListening();
      await learner.close();
      await publisher.close();
    },
  };
}

async function standardCorpus(service: Service<typeof matrix>, call: Call): Promise<string> {
  const { corpora } = await service.corpora({ limit: 1000 }, call);
  const found = corpora.find(({ holds, snapshot_id }) => holds === "people" && snapshot_id !== null);
  if (found !== undefined) return found.name;
  throw new Fault(
    "not_found",
    "There is no corpus of people to look among. Load a roster and define one with: lakehouse corpus build",
  );
}

function known(board: Board, fillId: string): FillState {
  const fill = board.fills.get(fillId);
  if (fill === undefined) throw new Fault("not_found", `There is no fill ${fillId}.`);
  return fill;
}

/** Short enough to be read out on the telephone: 40 random bits, in letters and digits that are not mistaken. */
function newFillId(): string {
  const symbols = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => ID_SYMBOLS[byte % 32]);
  return `f-${symbols.join("")}`;
}

const ID_SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz";

function refuseTaken(board: Board, fillId: string): void {
  if (!board.fills.has(fillId)) return;
  throw new Fault("conflict", `There is a fill ${fillId} already.`);
}

/** Both states are told: what the caller saw, and what the fill is. */
function refuseUnseen(fill: FillState, version: number): void {
  if (fill.version === version) return;
  throw new Fault(
    "conflict",
    `The fill is at version ${fill.version} and was changed since version ${version}. Read it again.`,
    { details: [{ path: "version", message: JSON.stringify(viewOf(fill)).slice(0, 10_000) }] },
  );
}

function refuseClosed({ closed }: FillState): void {
  if (closed !== undefined) throw new Fault("rejected", `The fill is ${closed.result}.`);
}

function refuseIncomplete({ missing }: FillState): void {
  if (missing.length === 0) return;
  throw new Fault(
    "rejected",
    `The order does not say ${missing.join(", ")}. Correct it with PATCH, then propose.`,
    { details: missing.map((field) => ({ path: `order.${field}`, message: "is missing" })) },
  );
}

/** Nobody is booked twice: the last look before it is recorded. */
function refuseBooked(
  board: Board,
  fill: Pick<FillState, "fillId" | "order">,
  places: readonly { worker_id: string }[],
  nowMs: number,
): void {
  const { start_at, end_at } = fill.order;
  if (start_at === undefined || end_at === undefined) return;
  const window = { startMs: Date.parse(start_at), endMs: Date.parse(end_at), nowMs };
  for (const { worker_id } of places) {
    const booking = board.bookings.conflict(worker_id, fill.fillId, window);
    if (booking === undefined) continue;
    const until = Number.isFinite(booking.untilMs)
      ? `held until ${new Date(booking.untilMs).toISOString()}`
      : booking.status;
    throw new Fault("conflict", `${worker_id} is ${until} for ${booking.fillId} at that time.`, {
      details: [{ path: "worker_ids", message: `${worker_id} is booked by ${booking.fillId}` }],
    });
  }
}

function blockOf(
  { order: { client_id, site_id } }: FillState,
  worker_id: string,
  scope: "client" | "site" | "system",
  reason: string | undefined,
  version: number,
): Draft<"worker.blocked"> {
  if (scope !== "system" && client_id === undefined) {
    throw new Fault(
      "rejected",
      "The order names no client to block the person from. Correct it, or use scope system.",
    );
  }
  if (scope === "site" && site_id === undefined) {
    throw new Fault(
      "rejected",
      "The order names no site to block the person from. Correct it, or use scope client.",
    );
  }
  return {
    type: "worker.blocked",
    data: {
      version,
      worker_id,
      scope,
      reason: reason ?? "No reason given",
      ...(client_id === undefined || scope === "system" ? {} : { client_id }),
      ...(site_id === undefined || scope !== "site" ? {} : { site_id }),
    },
  };
}

/** The order with fields changed, and those that are null taken away. Throws `invalid` with the field. */
function merged(order: FillOrder, changes: Readonly<Record<string, unknown>>): FillOrder {
  // What followed from another place does not hold at the new one.
  const moved = "city" in changes || "state" in changes || "postal_code" in changes;
  const base = moved ? omit(order, ["postal_code", "lat", "lon", "timezone"]) : { ...order };
  const result = fillOrder.safeParse(
    Object.fromEntries(
      Object.entries({ ...base, ...changes }).filter(([, value]) => value !== null && value !== undefined),
    ),
  );
  if (result.success) {
    const { role } = result.data;
    return role === order.role ? result.data : omit(result.data, "soc" in changes ? [] : ["soc"]);
  }
  throw new Fault("invalid", "The order cannot be corrected so.", {
    details: result.error.issues.slice(0, 20).map(({ path, message }) => ({
      path: ["order", ...path].join("."),
      message,
    })),
  });
}

function omit(order: FillOrder, names: readonly (keyof FillOrder)[]): FillOrder {
  const gone: ReadonlySet<string> = new Set(names);
  return Object.fromEntries(Object.entries(order).filter(([name]) => !gone.has(name)));
}

function readingOf({ query }: Ranked): NonNullable<Fill["reading"]> {
  const { role, roles, unread, corrections, not_applied } = query;
  return {
    role: role.role,
    confidence: role.confidence,
    further: roles.map(({ role: name, headcount }) => ({
      role: name,
      ...(headcount === undefined ? {} : { headcount }),
    })),
    unread,
    corrections,
    not_applied,
  };
}

function listOf({ shortlist: list, excluded, unchecked }: Ranked): Omit<Ranked, "query"> {
  return { shortlist: list, excluded, unchecked };
}

function shortlistEvent(version: number, { shortlist: list, excluded }: Ranked): Draft<"shortlist.proposed"> {
  return {
    type: "shortlist.proposed",
    data: {
      version,
      shortlist: list.slice(0, SHORTLIST_KEPT_MAX).map(({ worker_id, score, boost }) => ({
        worker_id,
        score,
        ...(boost === undefined ? {} : { playbook_id: boost.playbook_id }),
      })),
      excluded: excluded.slice(0, EXCLUDED_KEPT_MAX).map(({ worker_id, code }) => ({ worker_id, code })),
    },
  };
}

function startMs({ start_at }: FillOrder): number {
  return start_at === undefined ? -Infinity : Date.parse(start_at);
}

function byStart(a: Fill, b: Fill): number {
  const [left, right] = [startMs(a.order), startMs(b.order)];
  if (left !== right) return left < right ? -1 : 1;
  return a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.fill_id < b.fill_id ? -1 : 1;
}
