// truthd: claims of several sources about the same things, reconciled. Only claims, rules and decisions are stored, each with
// the time of its recording; what holds is computed when it is asked for (`reconcile/`), so it is never out of step with
// them, and what held at an earlier time is the same computation over what was recorded until then.

import { z } from "zod";
import type { catalog } from "#contracts/catalog";
import type { ingest } from "#contracts/ingest";
import { OWNED_DATASETS } from "#contracts/owned-datasets";
import type { query } from "#contracts/query";
import type { Decision, Imported, truth } from "#contracts/truth";
import { type Clock, systemClock } from "#lib/clock";
import { timeSlicer } from "#lib/event-loop";
import { Semaphore } from "#lib/semaphore";
import type { Call } from "#rpc/call";
import type { Bytes, Handlers, OutputOf, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { Beliefs } from "./beliefs.ts";
import { pageCursor } from "#rpc/page-cursor";
import { TRUTH_COLUMNS, truthLines } from "./export.ts";
import { type ImportInput, type ImportSource, planImport, rowsOf } from "./import.ts";
import { type ContestedPlace, placeOf, type TruthReader } from "./store/reader.ts";
import { TruthStore } from "./store/store.ts";
import { microsOf, millisOf, recordedText } from "./store/time.ts";
import type { Timeline } from "./store/timeline.ts";

export interface TruthdDeps {
  readonly catalog: Pick<Service<typeof catalog>, "scan" | "snapshots">;
  readonly query: Pick<Service<typeof query>, "sqlStream">;
  readonly ingest: Pick<Service<typeof ingest>, "ingest">;
  /** The database. */
  readonly file: string;
  readonly clock?: Clock;
  readonly newId?: () => string;
}

/** An import takes the writer's whole attention; a few may wait for it. */
const IMPORTS_MAX = 1;
const IMPORTS_WAITING_MAX = 8;
const IMPORT_WAIT_MS_MAX = 600_000;
/** Contested attributes that are looked at for one page of conflicts, most of which a rule may settle: half a second. */
const CONTESTED_SCANNED_MAX = 5000;
const CONTESTED_PAGE = 200;
/** What an import says of itself on the way. */
const PROGRESS_MS = 250;

const CLAIM_PAGES = pageCursor(
  "truth.history",
  z.tuple([z.string(), z.string(), z.int(), z.string()]).readonly(),
);
const CONFLICT_PAGES = pageCursor("truth.conflicts", z.tuple([z.string(), z.string()]).readonly());
const DECISION_PAGES = pageCursor("truth.decisions", z.int());
const ENTITY_PAGES = pageCursor("truth.entities", z.string());

type Conflict = OutputOf<typeof truth.conflicts>["conflicts"][number];
type Progress = {
  readonly event: "progress";
  readonly rows: number;
  readonly rows_total: number;
  readonly claims: number;
};
type ImportStep = Progress | (Imported & { readonly event: "done" });

interface Known {
  readonly reader: TruthReader;
  readonly timeline: Timeline;
  readonly beliefs: Beliefs;
}

export async function truthd({
  catalog,
  query,
  ingest,
  file,
  clock = systemClock,
  newId = () => crypto.randomUUID(),
}: TruthdDeps): Promise<Daemon<typeof truth>> {
  const store = new TruthStore(file, clock);
  const imports = new Semaphore(IMPORTS_MAX, IMPORTS_WAITING_MAX);
  let beliefs: Beliefs | undefined;
  const read = <T>(work: (known: Known) => Promise<T>): Promise<T | undefined> =>
    store.read(({ reader, timeline }) =>
      work({ reader, timeline, beliefs: (beliefs ??= new Beliefs(reader)) }),
    );
  // Verified ahead of the first call, where there is anything; that call is told what was wrong.
  if (store.exists) store.read(() => Promise.resolve()).catch(() => undefined);

  const unknown = (entity: string): Fault =>
    new Fault("not_found", `Nothing was claimed about ${entity}. List entities: GET /v1/truth/entities`);

  const importSteps = async function* (input: ImportInput, call: Call): AsyncGenerator<ImportStep> {
    const startedMs = performance.now();
    const source = await planImport(input, catalog, call);
    const release = await imports.take(IMPORT_WAIT_MS_MAX, call.signal);
    if (release === undefined) {
      throw new Fault("unavailable", "Too many imports are waiting. Try again in a minute.", {
        retryAfterMs: 60_000,
      });
    }
    try {
      const before = await read(({ reader }) => reader.imported(source.key));
      if (before !== undefined) {
        yield { ...before, event: "done", replayed: true, took_ms: performance.now() - startedMs };
        return;
      }
      yield* recordedRows(source, await rowsOf(source, input.dataset, query, call), input, call, startedMs);
    } finally {
      release();
    }
  };

  const recordedRows = async function* (
    { plan, key, snapshotId }: ImportSource,
    body: Bytes,
    { dataset }: ImportInput,
    call: Call,
    startedMs: number,
  ): AsyncGenerator<ImportStep> {
    const { writer, floor, recorded, end } = await store.begin({ imports: true });
    let failed = true;
    let saidMs = performance.now();
    try {
      for await (const step of writer.import({ plan, floor, body }, { signal: call.signal })) {
        const { event, recorded_us, ...counts } = step;
        recorded(recorded_us);
        if (event === "progress") {
          if (performance.now() - saidMs < PROGRESS_MS) continue;
          saidMs = performance.now();
          const claims = counts.accepted + counts.duplicates;
          yield { event, rows: counts.rows, rows_total: plan.rows_total, claims };
          continue;
        }
        const took_ms = performance.now() - startedMs;
        const done: Imported = { dataset, snapshot_id: snapshotId, ...counts, replayed: false, took_ms };
        await writer.putImport({ key, result: JSON.stringify(done) });
        failed = false;
        yield { event: "done", ...done };
      }
    } finally {
      await end({ failed });
    }
  };

  const handlers: Handlers<typeof truth> = {
    claims: async ({ claims }) => {
      const tuples = claims.map(
        ({ entity, attribute, source, observed_at, value, confidence, evidence }) =>
          [
            entity,
            attribute,
            source,
            millisOf(observed_at) ?? 0,
            JSON.stringify(value),
            confidence,
            evidence ?? null,
          ] as const,
      );
      return store.write(async ({ writer, floor, recorded }) => {
        const appended = await writer.append({ claims: tuples.map((tuple) => [...tuple]), floor });
        recorded(appended.recorded_us);
        return {
          accepted: appended.accepted,
          duplicates: claims.length - appended.accepted,
          as_of: recordedText(appended.recorded_us),
        };
      });
    },

    entity: async ({ entity, as_of }) => {
      const found = await read(async ({ timeline, beliefs }) => {
        const asOfUs = timeline.asOf(as_of === undefined ? undefined : microsOf(as_of));
        const attributes = await beliefs.ofEntity(entity, asOfUs);
        return attributes === undefined ? undefined : { entity, as_of: recordedText(asOfUs), attributes };
      });
      if (found !== undefined) return found;
      if (as_of === undefined) throw unknown(entity);
      throw new Fault("not_found", `Nothing was claimed about ${entity} until as_of=${as_of}.`);
    },

    history: async ({ entity, attribute, limit, cursor }) => {
      const after = CLAIM_PAGES.place(cursor);
      const rows =
        (await read(({ reader, timeline }) =>
          reader.claimPage(entity, attribute, timeline.asOf(), after, limit + 1),
        )) ?? [];
      if (rows.length === 0 && after === undefined) throw unknown(entity);
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        claims: page.map(
          ({ entity, attribute, value, source, observedMs, confidence, evidence, recordedUs }) => ({
            entity,
            attribute,
            value,
            source,
            observed_at: new Date(observedMs).toISOString(),
            confidence,
            ...(evidence === undefined ? {} : { evidence }),
            recorded_at: recordedText(recordedUs),
          }),
        ),
        ...(rows.length > limit && last !== undefined
          ? { next_cursor: CLAIM_PAGES.next(placeOf(last)) }
          : {}),
      };
    },

    entities: async ({ prefix, limit, cursor }) => {
      const after = ENTITY_PAGES.place(cursor);
      const names = (await read(({ reader }) => reader.entities(prefix, after, limit + 1))) ?? [];
      const last = names[limit - 1];
      return {
        entities: names.slice(0, limit),
        ...(names.length > limit && last !== undefined ? { next_cursor: ENTITY_PAGES.next(last) } : {}),
      };
    },

    conflicts: async ({ attribute, limit, cursor }) => {
      const start = CONFLICT_PAGES.place(cursor);
      const page = await read((known) => conflictPage(known, attribute, start, limit));
      return page ?? { conflicts: [] };
    },

    putRule: async (rule) => {
      const since = await store.write(async ({ writer, floor, recorded }) => {
        const put = await writer.putRule({ attribute: rule.attribute, rule: JSON.stringify(rule), floor });
        recorded(put.recorded_us);
        beliefs?.forgetRules();
        return recordedText(put.recorded_us);
      });
      return { ...rule, since };
    },

    rules: async () => {
      const rules = await read(({ timeline, beliefs }) => beliefs.rules(timeline.asOf()));
      const sorted = [...(rules?.values() ?? [])].sort((a, b) =>
        a.rule.attribute < b.rule.attribute ? -1 : 1,
      );
      return { rules: sorted.map(({ rule, recordedUs }) => ({ ...rule, since: recordedText(recordedUs) })) };
    },

    decide: async ({ entity, attribute, value, actor, reason }) => {
      const decision = { decision_id: newId(), entity, attribute, value, actor, reason };
      return store.write(async ({ writer, floor, recorded }) => {
        const decided = await writer.decide({ entity, attribute, decision, floor });
        recorded(decided.recorded_us);
        return JSON.parse(decided.decision) as Decision;
      });
    },

    decisions: async ({ entity, limit, cursor }) => {
      const before = DECISION_PAGES.place(cursor) ?? Number.MAX_SAFE_INTEGER;
      const rows = (await read(({ reader }) => reader.decisionPage(entity, before, limit + 1))) ?? [];
      const last = rows[limit - 1];
      return {
        decisions: rows.slice(0, limit).map(({ decision }) => decision),
        ...(rows.length > limit && last !== undefined
          ? { next_cursor: DECISION_PAGES.next(last.recordedUs) }
          : {}),
      };
    },

    import: async (input, call) => {
      for await (const step of importSteps(input, call)) {
        if (step.event === "progress") continue;
        const { event: _event, ...imported } = step;
        return imported;
      }
      throw new TypeError("an import ends with its result");
    },
    importEvents: importSteps,

    verify: async () => ({ claims: (await read(({ reader }) => reader.verify())) ?? 0 }),

    export: async ({ dataset }, call) => {
      refuseOwned(dataset);
      const startedMs = performance.now();
      const written = await read(async ({ reader, timeline, beliefs }) => {
        const asOfUs = timeline.asOf();
        if ((await reader.entities("", undefined, 1)).length === 0) return undefined;
        let rows = 0;
        const body = truthLines(reader, beliefs, asOfUs, () => (rows += 1));
        const { snapshot_id } = await ingest.ingest(
          { dataset, mode: "replace", format: "ndjson", types: TRUTH_COLUMNS, source: "truth", body },
          call,
        );
        return {
          dataset,
          snapshot_id,
          rows,
          as_of: recordedText(asOfUs),
          took_ms: performance.now() - startedMs,
        };
      });
      if (written !== undefined) return written;
      throw new Fault("not_found", "There are no claims yet, so there is nothing to write.");
    },
  };

  return {
    handlers,
    stats: () => ({
      damaged: store.damaged,
      writer_pid: store.writerPid,
      queues: { imports: imports.figures },
    }),
    close: () => store.close(),
  };
}

/** What is written in the caller's name reaches ingestd without passing the edge, which refuses this for its own calls. */
function refuseOwned(dataset: string): void {
  // SQL folds case.
  if (!Object.hasOwn(OWNED_DATASETS, dataset.toLowerCase())) return;
  throw new Fault("forbidden", `The dataset ${dataset} is written by its service alone. Take another name.`, {
    details: [{ path: "dataset", message: "is a name that a service keeps for itself" }],
  });
}

async function conflictPage(
  { reader, timeline, beliefs }: Known,
  attribute: string | undefined,
  start: ContestedPlace | undefined,
  limit: number,
): Promise<OutputOf<typeof truth.conflicts>> {
  const asOfUs = timeline.asOf();
  const conflicts: Conflict[] = [];
  const slice = timeSlicer();
  let place = start;
  for (let scanned = 0; ;) {
    const page = await reader.contested(attribute, place, CONTESTED_PAGE);
    for (const [name, entity] of page) {
      place = [name, entity];
      scanned += 1;
      const belief = await beliefs.ofAttribute(entity, name, asOfUs);
      if (belief?.status === "conflict") conflicts.push({ entity, attribute: name, ...belief });
      await slice();
      if (conflicts.length === limit || scanned === CONTESTED_SCANNED_MAX) {
        return { conflicts, next_cursor: CONFLICT_PAGES.next(place) };
      }
    }
    if (page.length < CONTESTED_PAGE) return { conflicts };
  }
}
