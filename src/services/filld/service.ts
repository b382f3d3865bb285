// filld: an order from its first words to its outcome. The truth is the journal: every write is decided on the fold of its
// events, recorded there, and applied once it is acknowledged. Datasets, playbooks and traces follow behind.

import type { Fill, fills, Message } from "#contracts/fill";
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
import type { Handlers, OutputOf, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { Learner } from "./learn/learn.ts";
import { drafted } from "./messages/draft.ts";
import { csvOf, mboxOf } from "./messages/export.ts";
import { completed, withWishes, wordsOf } from "./order/complete.ts";
import { checkedOrder, corrected } from "./order/correct.ts";
import { followBoard, followFill, wireEvent } from "./follow.ts";
import { type Proposed, proposedByHand, proposedByModel, proposedByRank } from "./people/propose.ts";
import { type Ranked, shortlist, type Wanted } from "./people/shortlist.ts";
import { bySpeed } from "./people/speed.ts";
import { Publisher } from "./publish/publisher.ts";
import { Board, type FillBlock, type FillState, isLive } from "./state/board.ts";
import { type Draft, Ledger } from "./state/ledger.ts";
import { listed } from "./state/listing.ts";
import { outcomeDrafts } from "./state/outcome.ts";
import {
  known,
  refuseBlocked,
  refuseBooked,
  refuseClosed,
  refuseIncomplete,
  refuseTaken,
  Unseen,
  unseenFault,
} from "./state/refusals.ts";
import { shortOf, statusOf, viewOf } from "./state/view.ts";

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
/** Of an order in words, what is read. */
const WORDS_MAX = 4000;
/** Of a ranking, what the journal keeps. */
const SHORTLIST_KEPT_MAX = 200;
const EXCLUDED_KEPT_MAX = 200;

/** How often people are chosen by rank again, when others held some of them meanwhile. */
const CHOOSE_MAX = 10;
/** Drafts of one write, which the journal takes at once. */
const DRAFTS_A_WRITE = 100;
/** Until the journal is read again that could not be read at the start. */
const REOPEN_MS = 1000;

export async function filld(deps: FilldDeps): Promise<Daemon<typeof fills>> {
  const { matrix, validate, query, ingest, pathway, journal, settings, log, clock = systemClock } = deps;
  const failures = new BackgroundFailures(log);
  const ledger = new Ledger({
    journal,
    clock,
    ignored: ({ seq, type }) =>
      failures.note("reading the events of fills", new Error("an event does not follow"), { seq, type }),
  });
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
    if (ledger.board.hasUnlearnt) learner.wake();
  });

  // Nothing waits for the journal to start. Once it is there, what a crash left undone is done.
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;
  const reopen = (): Promise<void> =>
    ledger.current().then(
      (board) => {
        if (isClosed || board.fills.size === 0) return;
        publisher.begin();
        if (board.hasUnlearnt) learner.wake();
      },
      () => {
        if (!isClosed) reopening = setTimeout(() => void reopen(), REOPEN_MS);
        reopening?.unref();
      },
    );
  const opening = reopen();

  const stateOf = async (fillId: string): Promise<{ board: Board; fill: FillState }> => {
    const board = await ledger.current();
    return { board, fill: known(board, fillId) };
  };

  const ranked = (board: Board, fill: Wanted, k: number, call: Call): Promise<Ranked> =>
    shortlist(people, board, fill, { k, now: clock.now(), call });

  const folded = async (fillId: string, asOf: string | undefined, versionMax = Infinity) => {
    const past = new Board();
    for (const event of await ledger.eventsOf(fillId, asOf)) {
      if ("version" in event.data && event.data.version > versionMax) break;
      past.apply(event);
    }
    return past.fills.get(fillId);
  };

  const unseen = async (fill: FillState, version: number): Promise<Fault> =>
    unseenFault(
      fill,
      version,
      version < fill.version ? await folded(fill.fillId, undefined, version) : undefined,
    );

  const seenState = async (fillId: string, version: number): Promise<{ board: Board; fill: FillState }> => {
    const { board, fill } = await stateOf(fillId);
    if (fill.version !== version) throw await unseen(fill, version);
    return { board, fill };
  };

  /** Decides and records a change of a fill whose version the caller has seen. */
  const change = (
    call: Call,
    { fill_id, version, actor }: { fill_id: string; version: number; actor?: string | undefined },
    decide: (fill: FillState, board: Board, next: number) => readonly Draft[],
  ): Promise<Fill> =>
    ledger
      .write(call, (board) => {
        const fill = known(board, fill_id);
        if (fill.version !== version) throw new Unseen(fill);
        const drafts = decide(fill, board, fill.version + 1);
        return { write: { fillId: fill_id, actor: actor ?? call.caller.id, drafts }, result: fill };
      })
      .then(viewOf, async (error: unknown) => {
        throw error instanceof Unseen ? await unseen(error.fill, version) : error;
      });

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
      if (given !== undefined) checkedOrder(given);
      const among = corpus ?? (await standardCorpus(matrix, call));
      const text_at = textNow ?? new Date(clock.now()).toISOString();
      const read = await matrix.role(
        {
          text: order_text ?? wordsOf(given ?? {}, undefined, true).slice(0, WORDS_MAX),
          now: text_at,
        },
        call,
      );
      const { order, assumed, missing } = completed(withWishes(given ?? {}, order_text ?? ""), {
        role: read,
        slots: read.slots,
      });
      checkedOrder(order);
      const wanted = {
        fillId,
        order,
        orderText: order_text,
        textAt: text_at,
        corrected: false,
        corpus: among,
        seats: new Map(),
      };
      const list = await ranked(board, wanted, k, call);
      const received: Draft<"order.received"> = {
        type: "order.received",
        data: {
          version: 1,
          corpus: among,
          text_at,
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

    list: async (input) => listed((await ledger.current()).fills.values(), input),

    boardEvents: async function* ({ client }, { signal }) {
      await ledger.current();
      yield* followBoard(ledger, client, signal);
    },

    state: async ({ fill_id, as_of }) => {
      const { fill } = await stateOf(fill_id);
      if (as_of === undefined) return viewOf(fill);
      const then = await folded(fill_id, as_of);
      if (then === undefined) throw new Fault("not_found", `The fill ${fill_id} was opened after ${as_of}.`);
      return viewOf(then);
    },

    shortlist: async ({ fill_id, k }, call) => {
      const { board, fill } = await stateOf(fill_id);
      return { version: fill.version, ...listOf(await ranked(board, fill, k, call)) };
    },

    correct: async ({ fill_id, version, order: changes, reason, actor }, call) => {
      const { fill } = await seenState(fill_id, version);
      refuseClosed(fill);
      const given = corrected(fill.order, changes);
      const words = wordsOf(given, undefined, true).slice(0, WORDS_MAX);
      // Place, zone and role follow from what a person corrected.
      const reading = await matrix.role({ text: words }, call);
      const role = {
        role: given.role ?? null,
        soc: given.role === fill.order.role ? (fill.order.soc ?? null) : reading.soc,
        source: reading.source,
        confidence: reading.confidence,
      };
      const { order, assumed, missing } = completed(given, { role, slots: reading.slots });
      checkedOrder(order);
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
      const propose = async (): Promise<Fill> => {
        const { board, fill } = await seenState(fill_id, version);
        refuseClosed(fill);
        refuseIncomplete(fill);
        const when = { now: clock.now(), call };
        const proposed: Proposed =
          worker_ids !== undefined
            ? await proposedByHand({ ...people, query, log }, board, fill, worker_ids, backup_ids, when)
            : model !== undefined
              ? await proposedByModel(people, board, fill, model, when)
              : await proposedByRank(people, board, fill, when);
        return change(call, { fill_id, version, actor }, (current, latest, next) => {
          if (proposed.proposal.ok) {
            refuseBlocked(latest, current, proposed.places);
            refuseBooked(latest, current, proposed.places, clock.now());
          }
          return proposalDrafts(proposed, next, actor ?? call.caller.id, clock.now(), settings.holdMs);
        });
      };
      for (let tries = 1; ; tries += 1) {
        try {
          return await propose();
        } catch (error) {
          // Others were quicker. By rank there are more people; who was named is not replaced.
          const isBooked = error instanceof Fault && error.reason === "booked";
          if (auto !== true || !isBooked || tries === CHOOSE_MAX) throw error;
        }
      }
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
      refuseOffers(fill, worker_ids, purpose);
      const made = await drafted(
        { ...people, query },
        {
          fillId: fill_id,
          order: fill.order,
          corpus: fill.corpus,
          workerIds: [...new Set(worker_ids)],
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
      let state = fill;
      for (let from = 0; from < made.length; from += DRAFTS_A_WRITE) {
        state = await ledger.write(call, (board) => {
          const current = known(board, fill_id);
          const drafts = made.slice(from, from + DRAFTS_A_WRITE).map((data): Draft => ({
            type: "contact.drafted",
            data: { version: current.version + 1, ...data },
          }));
          return { write: { fillId: fill_id, actor: actor ?? call.caller.id, drafts }, result: current };
        });
      }
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
      const outcome = { worker_id, result, rating, reason, scope };
      return change(call, { fill_id, version, actor }, (fill, board, next) =>
        outcomeDrafts(fill, board, outcome, next, clock.now()),
      );
    },

    backfill: async ({ fill_id, version, k, actor }, call) => {
      const { board, fill } = await seenState(fill_id, version);
      refuseClosed(fill);
      refuseIncomplete(fill);
      const short = shortOf(fill);
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
        if (statusOf(fill) === "completed")
          throw new Fault("rejected", "Every place of this fill is completed.");
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

    fillEvents: async function* ({ fill_id, after = 0, last_event_id }, { signal }) {
      await stateOf(fill_id);
      const seen = last_event_id === undefined ? after : Number(last_event_id);
      yield* followFill(ledger, fill_id, seen, signal);
    },

    blocks: async ({ client }) => {
      const { blocks } = await ledger.current();
      return {
        blocks: [...blocks.values()]
          .flat()
          .filter(
            ({ client_id, scope }) => client === undefined || scope === "system" || client_id === client,
          )
          .map(blockView),
      };
    },

    liftBlock: ({ block_id, reason, actor }, call) =>
      ledger.write(call, (board) => {
        const block = [...board.blocks.values()].flat().find((one) => one.block_id === block_id);
        if (block === undefined)
          throw new Fault(
            "not_found",
            `There is no block ${block_id}: it was lifted, or never was. GET /v1/fill-blocks lists them.`,
          );
        const { fill_id, worker_id } = block;
        const version = known(board, fill_id).version + 1;
        const draft: Draft = { type: "worker.unblocked", data: { version, worker_id, block_id, reason } };
        const write = { fillId: fill_id, actor: actor ?? call.caller.id, drafts: [draft] };
        return { write, result: blockView(block) };
      }),

    published: async () => {
      const { unlearnt, unlearntRoles } = await ledger.current();
      return { ...(await publisher.behind()), outcomes: unlearnt.size + unlearntRoles.size };
    },

    publish: async () => {
      await ledger.current();
      learner.wake();
      await learner.settled();
      return publisher.publish({ compare: true });
    },
  };

  return {
    handlers,
    stats: () => ({
      failures: failures.counts,
      fills: ledger.board.fills.size,
      unlearnt: ledger.board.unlearnt.size + ledger.board.unlearntRoles.size,
    }),
    close: async () => {
      isClosed = true;
      clearTimeout(reopening);
      stopListening();
      await opening;
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

/** Short enough to be read out on the telephone: 40 random bits, in letters and digits that are not mistaken. */
function blockView({
  client_id,
  site_id,
  ...block
}: FillBlock): OutputOf<typeof fills.blocks>["blocks"][number] {
  const { block_id, fill_id, worker_id, reason, start_at, scope } = block;
  return {
    block_id,
    fill_id,
    worker_id,
    scope,
    reason,
    start_at,
    ...(client_id === undefined || client_id === null ? {} : { client_id }),
    ...(site_id === undefined || site_id === null ? {} : { site_id }),
  };
}

function newFillId(): string {
  const symbols = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => ID_SYMBOLS[byte % 32]);
  return `f-${symbols.join("")}`;
}

const ID_SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz";

/** Nothing is offered to somebody who no longer has a place to take. */
function refuseOffers({ seats }: FillState, workerIds: readonly string[], purpose: Message["purpose"]): void {
  if (purpose === "cancel") return;
  for (const id of workerIds) {
    const seat = seats.get(id);
    if (seat === undefined || isLive(seat)) continue;
    throw new Fault("rejected", `${id} is ${seat.status} on this fill: there is nothing to ${purpose}.`);
  }
}

function proposalDrafts(
  { proposal, places }: Proposed,
  version: number,
  actor: string,
  now: number,
  holdMs: number,
): Draft[] {
  const proposed: Draft<"fill.proposed"> = {
    type: "fill.proposed",
    data: {
      version,
      proposal: { ...proposal, at: new Date(now).toISOString(), actor },
      places: [...places],
      held_until: new Date(now + holdMs).toISOString(),
    },
  };
  if (!proposal.ok) return [proposed];
  const warnings = proposal.findings.filter(({ severity }) => severity === "warning").length;
  return [proposed, { type: "fill.validated", data: { version, workers: places.length, warnings } }];
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

function listOf(ranked: Ranked): Omit<Ranked, "query"> {
  const { query: _, ...list } = ranked;
  return list;
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
