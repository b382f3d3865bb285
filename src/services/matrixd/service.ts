// matrixd: search over corpora, as coordinators type it.

import { z } from "zod";
import type { catalog } from "#contracts/catalog";
import type { chat } from "#contracts/chat";
import type { JournalRecorder } from "#adapters/journal-recorder";
import type { embed } from "#contracts/embed";
import {
  type Corpus,
  type matrix,
  type MatrixHit,
  type ReadRole,
  type Searched,
  type WhyNot,
  WITHOUT_PLACES,
} from "#contracts/matrix";
import type { query } from "#contracts/query";
import type { vector } from "#contracts/vector";
import type { OrderReading } from "#domain/orders/order-reading";
import type { Point } from "#domain/places";
import { type Clock, systemClock } from "#lib/clock";
import type { Log } from "#lib/log";
import { didYouMean } from "#lib/nearest";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Call, CallInit } from "#rpc/call";
import type { Handlers, ParsedOf, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault, toFault } from "#rpc/fault";
import { pageCursor } from "#rpc/page-cursor";
import { PLACE_FIELD } from "./corpus/build.ts";
import { Corpora, definitionDamaged } from "./corpus/corpora.ts";
import type { Generation } from "./corpus/generation.ts";
import { playbookHandlers } from "./playbook-handlers.ts";
import { recordedEvent } from "./playbooks/describe.ts";
import { Playbooks, type PlaybooksDeps } from "./playbooks/playbooks.ts";
import { sureRole } from "./playbooks/gate.ts";
import type { PlaybookUse } from "./rank/lifting.ts";
import { countsOf, ranked } from "./rank/merge.ts";
import { createReranker, RERANKED_MAX } from "./rank/rerank.ts";
import { measuredCandidates, type PlaybookCounts, retrieve } from "./rank/retrieve.ts";
import type { RowPlace } from "./rank/row-place.ts";
import { STANDARD_WEIGHTS } from "./rank/score.ts";
import { type JudgedQuery, tune } from "./rank/tune.ts";
import { whyNot } from "./rank/why-not.ts";
import { createReplays } from "./replays.ts";
import { placeHandlers } from "./places/handlers.ts";
import { OwnPlaces } from "./places/own-places.ts";
import { createRoleModel } from "./query/role-model.ts";
import { createUnderstanding, type Understood } from "./query/understand.ts";
import { withPeople } from "./query/with-people.ts";
import { taxonomyHandlers } from "./taxonomy/handlers.ts";
import { KnownTitles } from "./taxonomy/known-titles.ts";

const PAGES = pageCursor("matrix.corpora", z.string());

export interface MatrixdDeps {
  readonly catalog: Service<typeof catalog>;
  readonly query: Service<typeof query>;
  readonly embed: Service<typeof embed>;
  readonly vector: Service<typeof vector>;
  readonly chat: Service<typeof chat>;
  /** The chat model that names roles which titles leave open, `provider/name`; empty for none. */
  readonly roleModel: string;
  /** The chat model that orders the best hits where a search asks for it; empty for none. */
  readonly rerankModel: string;
  readonly folder: string;
  /** Where imported and learnt titles are kept. */
  readonly taxonomyFolder: string;
  /** Where places of the house's own are kept. */
  readonly placesFolder: string;
  readonly log: Log;
  readonly clock?: Clock;
  readonly recorder: JournalRecorder;
  readonly playbooks: Pick<PlaybooksDeps, "openState" | "settings">;
}

type SearchInput = ParsedOf<(typeof matrix)["search"]>;

/** One corpus's part of an answer. */
interface Part {
  readonly corpus: string;
  readonly role: ReadRole;
  readonly understood: Understood;
  /** What was read as a condition and did not act. */
  readonly notApplied: readonly string[];
  /** Why nothing in the corpus fits; undefined when something does. */
  readonly noMatch: string | undefined;
  /** Somebody in the corpus whom the text names, where it was not read as an order for a person. */
  readonly person: OrderReading["person"];
  /** People who are not wanted and whom the corpus alone knows, by name. */
  readonly barredNames: readonly string[];
  readonly hits: readonly MatrixHit[];
  /** Scores of all candidates without playbooks, the highest first. */
  readonly scoresRaw: readonly number[];
  readonly playbook: PlaybookCounts;
  /** Where the row stands that is asked about. */
  readonly place: RowPlace | undefined;
  readonly plan: string;
  readonly tookMs: number;
}

interface RoleHits {
  /** The part whose reading of the order is told. */
  readonly read: Part;
  readonly hits: readonly MatrixHit[];
  readonly noMatch: string | undefined;
  readonly perCorpus: Searched["per_corpus"];
  readonly playbook: Searched["playbook"];
  readonly whyNot: WhyNot | undefined;
}

/** Further requests of one order that are searched: each costs a search of its own. */
const REQUESTS_MAX = 8;

export async function matrixd(deps: MatrixdDeps): Promise<Daemon<typeof matrix>> {
  const clock = deps.clock ?? systemClock;
  const failures = new BackgroundFailures(deps.log);
  const titles = new KnownTitles({ folder: deps.taxonomyFolder, clock, log: deps.log, failures });
  const { roleModel: model } = deps;
  const roleModel = model === "" ? undefined : createRoleModel({ chat: deps.chat, model, failures });
  const places = await OwnPlaces.open({ folder: deps.placesFolder, clock, log: deps.log });
  const understanding = createUnderstanding(deps.embed, clock, titles, { model: roleModel, places });
  const reranker =
    deps.rerankModel === ""
      ? undefined
      : createReranker({ chat: deps.chat, model: deps.rerankModel, failures });
  const corpora = await Corpora.open({ ...deps, understanding, clock, failures });
  const playbooks = await Playbooks.open({
    ...deps,
    ...deps.playbooks,
    failures,
    clock,
    onRecorded: (playbook) => deps.recorder.record(recordedEvent(playbook)),
  });
  const replays = createReplays({ playbooks, corpora, understanding, failures, vector: deps.vector });

  const pointOf = async (near: NonNullable<SearchInput["near"]>): Promise<Point> => {
    if (!("city" in near)) return { lat: near.lat, lon: near.lon };
    const { city, state } = near;
    const found = await understanding.cityNamed(city, state);
    if (found !== undefined) return found;
    throw new Fault(
      "invalid",
      `${city}, ${state} is not a city that is known here. Give lat and lon instead.`,
      { details: [{ path: "near.city", message: "is not known" }] },
    );
  };

  /** An index that is gone or damaged is built again, and the caller told to wait. */
  const searchCorpus = async (name: string, input: SearchInput, call: CallInit): Promise<Part> => {
    const at = momentOf(input.at);
    const generation = at === undefined ? corpora.generation(name) : corpora.generationAt(name, at);
    try {
      return await searchGeneration(generation, input, call);
    } catch (thrown) {
      const { code } = toFault(thrown);
      if (code !== "not_found" && code !== "internal") throw thrown;
      if (!(await corpora.rebuildIfBroken(name, generation, call))) throw thrown;
      throw new Fault("unavailable", `The index of ${name} is gone or damaged; it is being built again.`, {
        retryAfterMs: 1000,
        cause: thrown,
      });
    }
  };

  const searchGeneration = async (
    generation: Generation,
    input: SearchInput,
    call: CallInit,
  ): Promise<Part> => {
    const started = performance.now();
    const { query_text: text, query_role: role, k, per_corpus_k, mode, explain } = input;
    const understood = await understanding.understand(
      { text, role, now: momentOf(input.now) ?? momentOf(input.at), model: generation.model },
      call,
    );
    const given =
      input.near === undefined ? undefined : { ...(await pointOf(input.near)), miles: input.near.miles };
    const read = radiusOf(understood.order, generation);
    const filter = filterOf(input.filter, given ?? read, generation);
    const point = given === undefined ? undefined : { lat: given.lat, lon: given.lon };
    const request = {
      understood,
      text,
      role,
      k: per_corpus_k ?? k,
      mode,
      filter,
      near: point,
      explain: explain !== false,
      now: momentOf(input.now) ?? momentOf(input.at) ?? clock.now(),
      playbooks: playbookUse(input, generation),
      explainId: typeof explain === "object" ? explain.id : undefined,
      weights: corpora.weightsAt(generation.corpus, momentOf(input.at) ?? clock.now()) ?? STANDARD_WEIGHTS,
    };
    const {
      hits,
      scoresRaw,
      playbook,
      place,
      plan,
      relevance,
      noMatch,
      person,
      barredNames,
      notApplied: idle,
    } = await retrieve(generation, request, deps.vector, call);
    const { corpus } = generation;
    const tookMs = performance.now() - started;
    const radiusActs =
      given !== undefined || read !== undefined || understood.order.slots.miles === undefined;
    const notApplied = radiusActs ? idle : ["miles", ...idle];
    const { role: asked } = relevance;
    const found = { hits, scoresRaw, playbook, place, notApplied, noMatch, person, barredNames, plan };
    return { corpus, role: asked, understood, ...found, tookMs };
  };

  const playbookUse = (input: SearchInput, { corpus }: Generation): PlaybookUse | undefined => {
    if (!input.use_playbook || !playbooks.concerns(corpus)) return undefined;
    return {
      gate: input.gate,
      topK: input.playbook_top_k,
      distanceMax: input.playbook_max_distance,
      at: momentOf(input.at) ?? clock.now(),
      matching: (search, call) => playbooks.matching(search, call),
    };
  };

  /** The parts of those that answered in time; of the others it is noted why not. */
  const searchEach = async (
    names: readonly string[],
    input: SearchInput,
    call: Call,
    missing: Searched["per_corpus"],
  ): Promise<Part[]> => {
    // One that nobody ever defined is a mistake; one that does not answer now costs the others nothing.
    for (const name of names) corpora.describe(name);
    const limited: CallInit = { ...passedOn(call), timeoutMs: input.deadline_ms };
    const asked = names.map(async (name) => {
      const began = performance.now();
      try {
        return [await inTime(searchCorpus(name, input, limited), input.deadline_ms)];
      } catch (thrown) {
        const { code, message, reason } = toFault(thrown);
        // A replay without one of its corpora is no replay.
        if (code === "invalid" || reason === "snapshot_gone") throw thrown;
        const degraded = `${code}: ${message}`;
        missing[name] = { count: 0, plan: "none", took_ms: performance.now() - began, degraded };
        return [];
      }
    });
    return (await Promise.all(asked)).flat();
  };

  const search = async (input: SearchInput, call: Call): Promise<Searched> => {
    const started = performance.now();
    checkGate(input, call);
    checkMoment(input, clock.now());
    if (input.rerank && reranker === undefined) throw noReranker();
    const names = input.corpora === undefined ? corpora.usual() : [...new Set(input.corpora)];
    const [damaged, ...moreDamaged] = input.corpora === undefined ? corpora.damaged() : [];
    if (names.length === 0 && damaged !== undefined) throw definitionDamaged(damaged);
    if (names.length === 0) {
      throw new Fault(
        "not_found",
        "There is no corpus to search yet. Define one with PUT /v1/matrix/corpora/{name}.",
      );
    }
    checkFilterFields(
      input.filter,
      names.map((name) => corpora.describe(name)),
    );
    const wanted = input.rerank ? { ...input, k: Math.max(input.k, RERANKED_MAX) } : input;
    const found = await searchRole(names, wanted, call);
    const { read, noMatch, perCorpus, playbook, whyNot: reason } = found;
    const asked = { text: input.query_text, isSure: sureRole(read.role) !== null };
    const ordered =
      input.rerank && reranker !== undefined ? await reranker(asked, found.hits, passedOn(call)) : found;
    const hits = ordered.hits.slice(0, input.k);
    countExposures(hits, input);
    for (const name of damaged === undefined ? [] : [damaged, ...moreDamaged]) {
      const { code, message } = definitionDamaged(name);
      perCorpus[name] = { count: 0, plan: "none", took_ms: 0, degraded: `${code}: ${message}` };
    }
    const { order, candidates } = withPeople(read.understood, read, input.query_text);
    // A role that the caller names stands for the whole order.
    const requests = input.query_role === undefined ? order.roles : [];
    const further: Searched["further"] = [];
    for (const request of requests.slice(0, REQUESTS_MAX)) {
      const forRole = { ...input, query_role: request.role, explain: input.explain !== false };
      const own = await searchRole(names, forRole, call);
      countExposures(own.hits, input);
      further.push({ ...request, hits: [...own.hits] });
    }
    const idle = [
      ...(titles.damage === undefined ? [] : ["taxonomy"]),
      ...(read.understood.modelFailed ? ["role_model"] : []),
      ...(requests.length > REQUESTS_MAX ? ["roles"] : []),
      ...read.notApplied,
    ];
    const query = {
      text: input.query_text,
      role: read.role,
      ...partsOf(order, candidates),
      not_applied: idle,
    };
    return {
      query,
      hits: [...hits],
      further,
      ...(noMatch === undefined ? {} : { no_match: noMatch }),
      ...(reason === undefined ? {} : { why_not: reason }),
      playbook,
      ...("reranked" in ordered ? { reranked: ordered.reranked } : {}),
      per_corpus: perCorpus,
      degraded:
        playbook.degraded !== undefined ||
        titles.damage !== undefined ||
        Object.values(perCorpus).some(({ degraded }) => degraded !== undefined),
      took_ms: performance.now() - started,
    };
  };

  /** The hits of all corpora for one role, best first. */
  const searchRole = async (names: readonly string[], input: SearchInput, call: Call): Promise<RoleHits> => {
    const perCorpus: Searched["per_corpus"] = {};
    const [only] = names;
    const parts =
      names.length === 1 && only !== undefined
        ? [await searchCorpus(only, input, call)]
        : await searchEach(names, input, call, perCorpus);
    // Where one corpus has what fits, what is only related in another is noise.
    const fitting = parts.filter(({ noMatch }) => noMatch === undefined);
    const shown = fitting.length === 0 ? parts : fitting;
    let read: Part | undefined;
    for (const part of parts) {
      const count = shown.includes(part) ? Math.min(part.hits.length, input.per_corpus_k ?? input.k) : 0;
      perCorpus[part.corpus] = { count, plan: part.plan, took_ms: part.tookMs };
      // A corpus that has the title or the person among its own knows best what is asked for.
      const knows = part.person !== undefined && read?.role.role === null;
      if (read === undefined || knows || part.role.confidence > read.role.confidence) read = part;
    }
    if (read === undefined)
      throw new Fault("upstream", "No corpus answered.", { details: whyNone(perCorpus) });
    const best = ranked(shown, input.k);
    return {
      read,
      hits: best,
      noMatch: fitting.length === 0 ? read.noMatch : undefined,
      perCorpus,
      playbook: countsOf(parts),
      whyNot:
        typeof input.explain === "object" ? await reasonFor(input.explain.id, parts, best, call) : undefined,
    };
  };

  /** What is replayed was counted when it was asked for. */
  const countExposures = (hits: readonly MatrixHit[], { at }: SearchInput): void => {
    if (at !== undefined) return;
    for (const { boost } of hits) if (boost !== undefined) playbooks.exposed(boost.playbook_id);
  };

  /** A row that no corpus has may still stand in a dataset: then it came after the snapshot, or under another model. */
  const reasonFor = async (
    id: string,
    parts: readonly Part[],
    hits: readonly MatrixHit[],
    call: CallInit,
  ): Promise<WhyNot> => {
    const places = parts.flatMap(({ corpus, place }) => (place === undefined ? [] : [{ corpus, place }]));
    const found = whyNot(id, places, hits);
    if (found.reason !== "not_in_corpus") return found;
    for (const { corpus } of parts) {
      const missing = await corpora.missing(corpus, id, call);
      if (missing !== undefined) return { ...found, corpus, ...missing };
    }
    return found;
  };

  /** Judged queries that some row of the corpus answers, with their candidates. */
  const judgedQueries = async (
    generation: Generation,
    judgements: readonly Judgement[],
    call: CallInit,
  ): Promise<JudgedQuery[]> => {
    const queries: JudgedQuery[] = [];
    for (const [text, grades] of gradesByQuery(judgements, generation)) {
      const understood = await understanding.understand(
        { text, role: undefined, now: undefined, model: generation.model },
        call,
      );
      const request = {
        understood,
        text,
        role: undefined,
        k: TUNED_K,
        mode: "hybrid" as const,
        filter: undefined,
        near: undefined,
        explain: false,
        now: clock.now(),
        weights: STANDARD_WEIGHTS,
      };
      const measures = await measuredCandidates(generation, request, deps.vector, call);
      queries.push({ measures, grades });
    }
    if (queries.length > 0) return queries;
    throw new Fault("invalid", `No judgement grades a row of ${generation.corpus} above 0.`, {
      details: [{ path: "judgements", message: "name no row of the corpus" }],
    });
  };

  const handlers: Handlers<typeof matrix> = {
    search,
    retrieve: search,
    role: async ({ text, now }, call) => {
      const { order, role, candidates, title } = await understanding.read(
        text,
        momentOf(now),
        passedOn(call),
      );
      return { ...role, ...partsOf(order, candidates), ...(title === undefined ? {} : { title }) };
    },
    putCorpus: ({ corpus, ...wanted }, call) =>
      corpora.put({ ...wanted, name: corpus, model: wanted.model }, call),
    corpora: ({ limit, cursor }) => {
      const after = PAGES.place(cursor);
      const names = corpora.names().filter((name) => after === undefined || name > after);
      const page = names.slice(0, limit);
      const last = page.at(-1);
      const damaged = corpora.damaged();
      return {
        corpora: page.map((name) => corpora.describe(name)),
        ...(damaged.length === 0 ? {} : { damaged }),
        ...(names.length > limit && last !== undefined ? { next_cursor: PAGES.next(last) } : {}),
      };
    },
    corpus: ({ corpus }) => corpora.describe(corpus),
    corpusEvents: async function* ({ corpus }, { signal }) {
      for (;;) {
        const now = corpora.describe(corpus);
        const { build } = now;
        if (build?.error !== undefined)
          throw new Fault("upstream", `The corpus was not built: ${build.error}`);
        if (build !== undefined)
          yield { event: "progress" as const, phase: build.phase, done: build.done, total: build.total };
        else if (now.status === "ready") {
          yield { event: "done" as const, ...now };
          return;
        }
        await corpora.changed(corpus, signal);
        if (signal.aborted) return;
      }
    },
    tuneCorpus: async ({ corpus, judgements, apply }, call) => {
      const generation = corpora.generation(corpus);
      const current = corpora.weightsAt(corpus, clock.now()) ?? STANDARD_WEIGHTS;
      const queries = await judgedQueries(generation, judgements, call);
      const { weights, before, after } = await tune(queries, current);
      const applied = apply && after > before;
      const version = applied
        ? await corpora.setWeights(corpus, weights, { ndcg: after, queries: queries.length })
        : undefined;
      return {
        applied,
        queries: queries.length,
        before: { weights: current, ndcg: before },
        after: { weights, ndcg: after },
        ...(version === undefined ? {} : { version: version.version }),
      };
    },
    corpusWeights: ({ corpus }) => ({
      weights: corpora.weightsAt(corpus, clock.now()) ?? STANDARD_WEIGHTS,
      versions: corpora.weightVersions(corpus).toReversed(),
    }),
    setWeights: ({ corpus, weights = STANDARD_WEIGHTS }) => corpora.setWeights(corpus, weights),
    ...taxonomyHandlers({ titles, query: deps.query }),
    ...placeHandlers({ places, whereabouts: understanding }),
    dropCorpus: async ({ corpus }) => {
      await corpora.drop(corpus);
      return null;
    },
    ...playbookHandlers({ playbooks, corpora, understanding, clock, replays }),
  };
  return {
    handlers,
    stats: () => ({
      failures: withLost(failures.counts, deps.recorder.stats().lost),
      damaged: [
        ...corpora.damaged(),
        ...(playbooks.damaged === undefined ? [] : ["playbooks"]),
        ...(titles.damage === undefined ? [] : ["taxonomy"]),
        ...places.damaged.map((source) => `places ${source}`),
      ],
      queues: { "events for the journal": deps.recorder.figures },
      caches: { ...understanding.caches, "playbooks near an order": playbooks.nearFigures },
    }),
    close: async () => {
      await replays.close();
      await playbooks.close();
      await deps.recorder.stop();
      await corpora.close();
      await titles.close();
    },
  };
}

/** Events that are in no journal are failures of background work like others. */
function withLost(counts: Readonly<Record<string, number>>, lost: number): Readonly<Record<string, number>> {
  return lost === 0 ? counts : { ...counts, "events for the journal": lost };
}

/** Throws `forbidden` for a gate that the caller may not open. */
function checkGate({ gate }: SearchInput, { caller }: Call): void {
  if (gate !== "off" || caller.scopes.includes("admin")) return;
  throw new Fault("forbidden", "gate=off needs a key with the scope admin. Use strict or adjacent.", {
    details: [{ path: "gate", message: "may be off only for the scope admin" }],
  });
}

function noReranker(): Fault {
  return new Fault("invalid", "No model orders hits here: LAKEHOUSE_RERANK_MODEL names none.", {
    details: [{ path: "rerank", message: "needs a chat model" }],
  });
}

/** Clocks of callers differ a little from this one. */
const AHEAD_MS_MAX = 60_000;

function checkMoment({ at }: SearchInput, now: number): void {
  if (at === undefined || Date.parse(at) <= now + AHEAD_MS_MAX) return;
  throw new Fault("invalid", `at is ${at}, which has not come yet.`, {
    details: [{ path: "at", message: "must not be in the future" }],
  });
}

/** A field that none of the corpora has would match nothing, without a word. */
function checkFilterFields(filter: SearchInput["filter"], corpora: readonly Corpus[]): void {
  if (filter === undefined) return;
  const known = [...new Set(corpora.flatMap(({ fields }) => Object.keys(fields)))];
  for (const field of fieldsOf(filter)) {
    if (known.includes(field)) continue;
    const names = corpora.map(({ name }) => name).join(", ");
    throw new Fault(
      "invalid",
      `There is no field ${field} in ${names}.${didYouMean(field, known)} Fields: ${known.join(", ") || "none"}.`,
      { details: [{ path: `filter.${field}`, message: "is not a field of what is searched" }] },
    );
  }
}

/** The corpus fields that a filter names, at any depth. What is no filter at all is vectord's to refuse. */
function fieldsOf(filter: unknown): string[] {
  if (Array.isArray(filter)) return filter.flatMap(fieldsOf);
  if (typeof filter !== "object" || filter === null) return [];
  return Object.entries(filter).flatMap(([key, value]: [string, unknown]) => {
    if (key === "and" || key === "or" || key === "not") return fieldsOf(value);
    if (key !== "near") return [key];
    const { field } = (value ?? {}) as { field?: unknown };
    return typeof field === "string" ? [field] : [];
  });
}

interface Radius extends Point {
  readonly miles: number;
}

/** The radius that the order itself names, where the corpus knows where its rows are. */
function radiusOf({ slots, point }: OrderReading, { fields, located }: Generation): Radius | undefined {
  if (slots.miles === undefined || point === undefined) return undefined;
  const placed = located.mapped || Object.values(fields).includes("geo");
  return placed ? { lat: point.lat, lon: point.lon, miles: slots.miles } : undefined;
}

/** The caller's conditions as one filter of vectord's. */
function filterOf(
  filter: SearchInput["filter"],
  near: Radius | undefined,
  { fields, located }: Generation,
): Record<string, unknown> | undefined {
  if (near === undefined) return filter;
  const geoField = Object.entries(fields).find(([, kind]) => kind === "geo")?.[0] ?? PLACE_FIELD;
  if (geoField === PLACE_FIELD && !located.mapped) {
    throw new Fault("invalid", "This corpus does not know where its rows are, so near cannot be used.", {
      details: [{ path: "near", message: "needs a corpus whose rows have coordinates or known cities" }],
      reason: WITHOUT_PLACES,
    });
  }
  const condition = { near: { field: geoField, ...near } };
  return filter === undefined ? condition : { and: [filter, condition] };
}

type Judgement = ParsedOf<(typeof matrix)["tuneCorpus"]>["judgements"][number];

/** Queries beyond these are left out: each costs a search, and weights do not change any more. */
const TUNED_QUERIES_MAX = 2000;
const TUNED_K = 100;

/** Grades above 0 of rows that the corpus has, by query. */
function gradesByQuery(
  judgements: readonly Judgement[],
  { rows }: Generation,
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const queries = new Map<string, Map<string, number>>();
  for (const { query_text: text, id, grade } of judgements) {
    if (grade <= 0 || !rows.has(id)) continue;
    const own = queries.get(text);
    if (own !== undefined) own.set(id, grade);
    else if (queries.size < TUNED_QUERIES_MAX) queries.set(text, new Map([[id, grade]]));
  }
  return queries;
}

/** What an order says besides its first role, as it goes over the wire. */
function partsOf(
  order: OrderReading,
  candidates: OrderReading["candidates"],
): Omit<Searched["query"], "text" | "role" | "not_applied"> {
  const { roles, exclude, person, slots, unread, corrections } = order;
  return {
    candidates: [...candidates],
    roles: [...roles],
    ...(exclude === undefined
      ? {}
      : {
          exclude: {
            roles: [...exclude.roles],
            ...(exclude.persons === undefined ? {} : { persons: [...exclude.persons] }),
          },
        }),
    ...(person === undefined ? {} : { person }),
    slots: slots as Searched["query"]["slots"],
    unread: [...unread],
    corrections: [...corrections],
  };
}

function momentOf(now: string | undefined): number | undefined {
  return now === undefined ? undefined : Date.parse(now);
}

function passedOn({ requestId, traceparent, caller, signal }: Call): CallInit {
  return { requestId, traceparent, caller, signal };
}

function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Fault("timeout", `did not answer within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function whyNone(perCorpus: Searched["per_corpus"]): { path: string; message: string }[] {
  return Object.entries(perCorpus).map(([path, { degraded = "" }]) => ({ path, message: degraded }));
}
