// The memory of traces: how often a turn that says the answer is among the first ten, by what a search goes by; and what a
// search, a past one, and a start cost over a hundred thousand traces.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashedModel } from "#adapters/embed/hashed";
import { sqliteState } from "#adapters/state";
import { pathway } from "#contracts/pathway";
import { present } from "#lib/assert";
import type { Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { embedd } from "#services/embedd/service";
import { embed } from "#contracts/embed";
import { pathwayd } from "#services/pathwayd/service";
import { indexVersion } from "#services/pathwayd/index/memory";
import { TraceStore } from "#services/pathwayd/store/store";
import { type Conversation, makeConversations } from "./data/conversations.ts";
import { pathwayRecall, plainRecall, type Recall, stemmedRecall } from "./data/evidence.ts";
import { spreadOf } from "./report/rounds.ts";
import type { Bench, Row } from "./report/row.ts";

const SEED = 11;
const CONVERSATIONS = 20;
const TRACES = 100_000;
/** Rows of one commit while the memory is filled. */
const FILLED_AT_ONCE = 64;
const SEARCHES = 400;
const SEARCH_MS_MAX = 5;
const START_MS_MAX = 1000;
/** Microseconds; before all searches. */
const RECORDED_AT = Date.parse("2026-01-01T00:00:00Z") * 1000;

export const bench: Bench = {
  name: "pathway",
  summary: `evidence among the first ten of ${CONVERSATIONS} made conversations; searches over ${TRACES} traces`,
  rows: async () => [...(await recallRows()), ...(await scaleRows())],
};

async function recallRows(): Promise<Row[]> {
  const conversations = makeConversations(SEED, CONVERSATIONS);
  const model = hashedModel();
  const none = { meaning: 0, before: [], after: [], named: 0, when: 0 };
  const plain = plainRecall(conversations);
  const beside = { meaning: 1.6, before: [0.5, 0.25], after: [0.15] };
  const ways: readonly (readonly [string, Recall])[] = [
    ["stemmed", stemmedRecall(conversations, ({ speaker, text }) => `${speaker}: ${text}`)],
    ["and dated", stemmedRecall(conversations, ({ speaker, text, date }) => `${date} ${speaker}: ${text}`)],
    ["names apart, days counted", await pathwayRecall(conversations, model, none)],
    ["and meaning", await pathwayRecall(conversations, model, { ...none, meaning: 1.6 })],
    ["and turns beside", await pathwayRecall(conversations, model, { ...none, ...beside })],
    ["and who is named", await pathwayRecall(conversations, model, { ...none, ...beside, named: 1 })],
    ["all, as served", await pathwayRecall(conversations, model)],
  ];
  return ways.map(([name, { all, byKind }]) => ({
    name: `evidence, ${name}`,
    unit: "share",
    subject: spreadOf([all]),
    reference: { name: "plain BM25", figure: plain.all },
    ratio: spreadOf([all / plain.all]),
    bar: { of: "ratio", is: ">=", limit: 1 },
    figures: { ...byKind },
  }));
}

async function scaleRows(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "pathway-bench-"));
  const file = join(folder, "pathway.sqlite");
  try {
    const conversations = makeConversations(SEED, Math.ceil(TRACES / 240));
    await fill(file, conversations);
    const started = performance.now();
    const models = await embedd({ models: [hashedModel()], cacheBytesMax: 1024 * 1024 });
    const { handlers, close } = await pathwayd({
      embed: local(implement(embed, "embedd", models.handlers)),
      file,
    });
    const service = local(implement(pathway, "pathwayd", handlers));
    await service.search({ query: "the first one waits for the index" });
    const startMs = performance.now() - started;
    const { bytes_memory, traces } = await service.stats({});
    const everywhere = await searchMs(service, conversations, {});
    const past = await searchMs(service, conversations, { as_of: "2026-01-01T00:00:00.05Z" });
    await close();
    return [
      row("start, until the first search", "ms", [startMs], START_MS_MAX, {
        traces,
        index_mib: bytes_memory / 2 ** 20,
      }),
      row("search p50", "ms", everywhere.took, SEARCH_MS_MAX, figuresOf(everywhere)),
      row("search as of the past p50", "ms", past.took, SEARCH_MS_MAX, figuresOf(past)),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function fill(file: string, conversations: readonly Conversation[]): Promise<void> {
  const model = hashedModel();
  const store = await TraceStore.open(sqliteState(file));
  const turns = conversations
    .flatMap(({ id, turns: own }) => own.map((turn) => ({ ...turn, subject: id })))
    .slice(0, TRACES);
  for (let from = 0; from < turns.length; from += FILLED_AT_ONCE) {
    const some = turns.slice(from, from + FILLED_AT_ONCE);
    const vectors = await model.embed(some.map(({ text }) => text));
    await store.append(
      some.map(({ id, text, date, speaker, subject }, place) => {
        const body = { task: date, steps: [], content: text, metadata: { turn: id }, actor: speaker };
        const vector = present(vectors[place], "a vector");
        const { stored } = indexVersion("turn", subject, body, { model: model.name, vector });
        const seq = from + place + 1;
        const traceId = `made-${seq}`;
        const none = { score: null, key: null, request: null };
        return {
          ...none,
          ...stored,
          seq,
          traceId,
          version: 1,
          at: RECORDED_AT + seq,
          event: "add" as const,
          kind: "turn",
          subject,
          body,
        };
      }),
    );
  }
  await store.close();
}

interface Searched {
  /** Milliseconds of each search, ascending. */
  readonly took: readonly number[];
  /** Processor time of one, which other work on the machine disturbs less. */
  readonly cpuMs: number;
}

async function searchMs(
  service: Service<typeof pathway>,
  conversations: readonly Conversation[],
  more: { readonly as_of?: string },
): Promise<Searched> {
  const questions = conversations.flatMap(({ questions: own }) => own.map(({ text }) => text));
  const took: number[] = [];
  const before = process.cpuUsage();
  for (let i = 0; i < SEARCHES; i += 1) {
    const query = present(questions[(i * 37) % questions.length], "a question");
    const started = performance.now();
    await service.search({ query, ...more });
    took.push(performance.now() - started);
  }
  const { user, system } = process.cpuUsage(before);
  return { took: took.sort((a, b) => a - b), cpuMs: (user + system) / 1000 / SEARCHES };
}

function figuresOf({ took, cpuMs }: Searched): Record<string, number> {
  return { p99_ms: at(took, 0.99), cpu_ms: cpuMs };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
}

function row(
  name: string,
  unit: string,
  values: readonly number[],
  limit: number,
  figures: Readonly<Record<string, number>>,
): Row {
  return {
    name,
    unit,
    subject: spreadOf(values),
    reference: null,
    ratio: null,
    bar: { of: "figure", is: "<=", limit },
    figures,
  };
}
