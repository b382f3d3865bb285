// How good the answers are: real orders loaded as datasets, corpora built over them by the house, and judged questions
// asked as a client asks them. nDCG@10 over all questions, over those that some document answers, and of these over the
// hard ones. Rows add what the house knows, one by one: columns, codes, O*NET's titles, titles of orders. What is learnt is
// cross-validated over clients: it never comes from the client of the question. Then the titles themselves: how often the
// likeliest occupation of a title that was kept back is the one its orders have.

import { readBeir } from "#distill/export/read-beir";
import { type Judged, type JudgedDocument, ndcg, readJudged } from "./data/judged.ts";
import { medianOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";
import {
  FOLDS,
  foldOf,
  type QueryFold,
  readJudgedTitles,
  readOnet,
  readQueryFolds,
} from "./data/title-folds.ts";

/** What a corpus knows of a document besides its text. */
const CORPORA: Readonly<Record<string, (document: JudgedDocument) => object>> = {
  bare: ({ id, text }) => ({ id, text }),
  known: ({ id, text, title, city, state, lat, lon }) => ({ id, text, role: title, city, state, lat, lon }),
  coded: ({ id, text, title, soc, city, state, lat, lon }) => ({
    id,
    text,
    role: title,
    soc,
    city,
    state,
    lat,
    lon,
  }),
};

interface Way {
  readonly name: string;
  readonly corpus: string;
  readonly mode: "hybrid" | "dense" | "lexical";
  /** Mean nDCG@10 that it must not fall below. */
  readonly least: number;
}

/** "parts" for the better of the rows before it. */
const WAYS: readonly (Omit<Way, "least"> & { readonly least: number | "parts" })[] = [
  { name: "dense", corpus: "bare", mode: "dense", least: 0.4 },
  { name: "lexical", corpus: "bare", mode: "lexical", least: 0.33 },
  // Of texts alone, both together are as good as the better of them.
  { name: "hybrid", corpus: "bare", mode: "hybrid", least: "parts" },
  { name: "hybrid + slots", corpus: "known", mode: "hybrid", least: 0.49 },
  { name: "hybrid + slots + codes", corpus: "coded", mode: "hybrid", least: 0.55 },
];

/** The same with O*NET's titles, and with titles of orders of other clients. */
const LEARNT_WAYS: readonly Way[] = [
  { name: "+ O*NET titles", corpus: "coded", mode: "hybrid", least: 0.5 },
  { name: "+ titles of orders", corpus: "coded", mode: "hybrid", least: 0.6 },
  { name: "+ titles of orders, no codes", corpus: "known", mode: "hybrid", least: 0.5 },
];

const BUILD_MS_MAX = 60_000;

export const bench: Bench = {
  name: "retrieval",
  summary: "nDCG@10 of judged orders, through the house",
  rows,
};

function rows({ rag }: Settings): Promise<Row[]> {
  return rag === undefined ? judgedRows() : ragRows(rag);
}

/** Queries of a RAG export's hold-out, over its corpus: what outcomes say of the ranking. There is no bar for material of anyone's. */
async function ragRows(folder: string): Promise<Row[]> {
  const { documents, test } = await readBeir(folder);
  const grades = new Map<string, Map<string, number>>();
  for (const { query_id, id, grade } of test)
    grades.set(query_id, (grades.get(query_id) ?? new Map<string, number>()).set(id, grade));
  const texts = new Map(test.map(({ query_id, query_text }) => [query_id, query_text]));
  const judged: Judged = {
    documents: [],
    queries: [...texts].map(([id, text]) => ({ id, text, hard: false })),
    grades,
  };
  const shown = documents.filter(({ title, text }) => title + text !== "");
  if (shown.length === 0 || judged.queries.length === 0) {
    process.stderr.write(
      `retrieval: ${folder} has ${shown.length} documents with text and ${judged.queries.length} queries held out; nothing was asked\n`,
    );
    return [];
  }
  const house = await startHouse({ apart: false });
  try {
    const lines = shown.map(
      ({ id, title, text }) => `${JSON.stringify({ id, text: `${title} ${text}`.trim() })}\n`,
    );
    await house.call("POST", "/v1/ingest?dataset=rag&format=ndjson", lines.join(""));
    await build(house, "rag");
    const found: Row[] = [];
    for (const mode of ["dense", "lexical", "hybrid"] as const) {
      const way = { name: `export, ${mode}`, corpus: "rag", mode, least: 0 };
      const { figures, ...row } = rowOf(way, judged, await asked(house, way, judged.queries, judged));
      // Of an export no query is known to be hard, and each is answered by something.
      const { questions = 0, first_answer_p50_ms = 0 } = figures;
      found.push({ ...row, figures: { questions, first_answer_p50_ms } });
    }
    return found;
  } finally {
    await house.stop();
  }
}

async function judgedRows(): Promise<Row[]> {
  const judged = readJudged();
  if (judged === null) {
    process.stderr.write("retrieval: the judged orders are not beside this checkout; nothing was asked\n");
    return [];
  }
  const house = await startHouse({ apart: false });
  try {
    for (const [corpus, columns] of Object.entries(CORPORA)) await fill(house, corpus, judged, columns);
    const found: Row[] = [];
    for (const way of WAYS) {
      const best = Math.max(0, ...found.map(({ subject }) => subject.median));
      const least = way.least === "parts" ? best : way.least;
      found.push(rowOf({ ...way, least }, judged, await asked(house, way, judged.queries, judged)));
    }
    for (const recorded of RECORDED_IN) found.push(...(await withPlaybooks(house, recorded, judged)));
    const onet = readOnet();
    const folds = readQueryFolds();
    if (onet === undefined || folds === undefined) return found;
    const { titles, occupations } = onet;
    await house.call("POST", "/v1/matrix/taxonomy/learn", {
      source: "onet",
      titles,
      occupations,
      replace: true,
    });
    await rebuilt(house, "known");
    const [imported, ...learnt] = LEARNT_WAYS;
    if (imported !== undefined)
      found.push(rowOf(imported, judged, await asked(house, imported, judged.queries, judged)));
    const inFolds = await askedInFolds(house, learnt, folds, judged);
    found.push(...inFolds, ...inFolds.slice(0, 1).flatMap(answerableRows));
    found.push(...(await titlesInFolds(house)));
    return found;
  } finally {
    await house.stop();
  }
}

async function fill(
  house: HouseProcess,
  corpus: string,
  { documents }: Judged,
  columns: (document: JudgedDocument) => object,
): Promise<void> {
  const lines = documents.map((document) => `${JSON.stringify(columns(document))}\n`);
  await house.call("POST", `/v1/ingest?dataset=${corpus}&format=ndjson`, lines.join(""));
  await build(house, corpus);
}

async function build(house: HouseProcess, corpus: string): Promise<void> {
  const plan = { dataset: corpus, id: "id", text: "{text}" };
  await house.call("PUT", `/v1/matrix/corpora/${corpus}`, plan);
  const giveUpAt = Date.now() + BUILD_MS_MAX;
  for (;;) {
    const built = (await house.call("GET", `/v1/matrix/corpora/${corpus}`)) as { status: string };
    if (built.status === "ready") return;
    if (built.status === "failed" || Date.now() > giveUpAt)
      throw new Error(`The corpus was not built: ${JSON.stringify(built)}`);
    await Bun.sleep(50);
  }
}

/** A corpus reads titles anew when it is built, and is built when it is defined otherwise. */
async function rebuilt(house: HouseProcess, corpus: string): Promise<void> {
  await house.call("DELETE", `/v1/matrix/corpora/${corpus}`);
  await build(house, corpus);
}

interface Asked {
  readonly id: string;
  readonly score: number;
  readonly tookMs: number;
}

async function asked(
  house: HouseProcess,
  { corpus, mode }: Pick<Way, "corpus" | "mode">,
  queries: Judged["queries"],
  { grades }: Judged,
): Promise<Asked[]> {
  const found: Asked[] = [];
  for (const { id, text } of queries) {
    // What other rows record of half of the questions is the answer to them.
    const question = { query_text: text, corpora: [corpus], mode, use_playbook: false };
    const answer = (await house.call("POST", "/v1/matrix/search", question)) as {
      hits: { id: string }[];
      took_ms: number;
    };
    const ids = answer.hits.map((hit) => hit.id);
    found.push({ id, score: ndcg(ids, grades.get(id)), tookMs: answer.took_ms });
  }
  return found;
}

/** Each question with what is learnt from others than its own client. */
async function askedInFolds(
  house: HouseProcess,
  ways: readonly Way[],
  folds: readonly QueryFold[],
  judged: Judged,
): Promise<Row[]> {
  const found = new Map<Way, Asked[]>(ways.map((way) => [way, []]));
  for (const { queries, titles } of folds) {
    await house.call("POST", "/v1/matrix/taxonomy/learn", { source: "orders", titles, replace: true });
    await rebuilt(house, "known");
    const own = judged.queries.filter(({ id }) => queries.has(id));
    for (const [way, answers] of found) answers.push(...(await asked(house, way, own, judged)));
  }
  return [...found].map(([way, answers]) => rowOf(way, judged, answers));
}

function rowOf(
  { name, least }: Pick<Way, "name" | "least">,
  { queries, grades }: Judged,
  answers: readonly Asked[],
): Row {
  const hard = new Set(queries.filter((query) => query.hard).map(({ id }) => id));
  const meanOf = (pick: (id: string) => boolean): number => {
    const picked = answers.filter(({ id }) => pick(id));
    return picked.reduce((sum, { score }) => sum + score, 0) / picked.length;
  };
  return {
    name,
    unit: "nDCG@10",
    subject: spreadOf([meanOf(() => true)]),
    reference: null,
    ratio: null,
    bar: { of: "figure", is: ">=", limit: least },
    figures: {
      hard: meanOf((id) => hard.has(id)),
      answerable: meanOf((id) => grades.has(id)),
      answerable_hard: meanOf((id) => grades.has(id) && hard.has(id)),
      answerable_easy: meanOf((id) => grades.has(id) && !hard.has(id)),
      questions: answers.length,
      first_answer_p50_ms: medianOf(answers.map(({ tookMs }) => tookMs)),
    },
  };
}

/** The same over the questions that some document answers, and over the hard ones of these. */
function answerableRows({ name, figures, ...row }: Row): Row[] {
  const measured = [
    { name: `${name}, answerable`, value: figures["answerable"], limit: 0.74 },
    { name: `${name}, answerable and hard`, value: figures["answerable_hard"], limit: 0.5 },
  ];
  return measured.map(({ name: of, value = 0, limit }) => ({
    ...row,
    name: of,
    subject: spreadOf([value]),
    bar: { of: "figure", is: ">=", limit },
    figures: {},
  }));
}

interface RecordedIn {
  readonly corpus: string;
  /** Mean nDCG@10 that is gained. */
  readonly least: number;
}

const RECORDED_IN: readonly RecordedIn[] = [
  { corpus: "bare", least: 0.05 },
  { corpus: "coded", least: 0.05 },
];
/** Good documents of each question that are recorded. */
const RECORDED_OF_ONE = 5;

/** Half of the questions become playbooks, each with its best documents; then all are asked again. */
async function withPlaybooks(
  house: HouseProcess,
  { corpus, least }: RecordedIn,
  judged: Judged,
): Promise<Row[]> {
  const { queries, grades } = judged;
  const isRecorded = (at: number): boolean => at % 2 === 0;
  const cold = await scoresOf(house, corpus, judged);
  const records = queries.flatMap(({ id, text }, at) => {
    if (!isRecorded(at)) return [];
    const best = [...(grades.get(id) ?? [])].sort(([, a], [, b]) => b - a).slice(0, RECORDED_OF_ONE);
    return best.map(([answer_id, grade]) => ({
      query_text: text,
      answer_id,
      answer_corpus: corpus,
      score: grade / GRADE_MAX,
      actor: `coordinator ${at}`,
    }));
  });
  const lines = records.map((record) => JSON.stringify(record)).join("\n");
  await house.call("POST", "/v1/matrix/playbooks/import", lines);
  const warm = await scoresOf(house, corpus, judged);
  const changes = warm.map((score, at) => score - (cold[at] ?? 0));
  const mean = (of: (at: number) => boolean): number => {
    const some = changes.filter((_, at) => of(at));
    return some.reduce((sum, change) => sum + change, 0) / some.length;
  };
  const isAnswerable = (at: number): boolean => grades.has(queries[at]?.id ?? "");
  const isWorse = (change: number): boolean => change < -WORSE_MIN;
  const shared = { reference: null, ratio: null };
  const share = (all: readonly number[]): number => all.filter(isWorse).length / all.length;
  return [
    {
      ...shared,
      name: `lift of playbooks, ${corpus}`,
      unit: "nDCG@10",
      subject: spreadOf([mean(() => true)]),
      bar: { of: "figure", is: ">=", limit: least },
      figures: {
        records: records.length,
        answerable: mean(isAnswerable),
        recorded: mean(isRecorded),
        not_recorded: mean((at) => !isRecorded(at)),
      },
    },
    {
      ...shared,
      name: `made worse by playbooks, ${corpus}`,
      unit: "of the questions",
      subject: spreadOf([share(changes)]),
      bar: { of: "figure", is: "<=", limit: 0.01 },
      figures: {
        not_recorded: share(changes.filter((_, at) => !isRecorded(at))),
        better: changes.filter((change) => change > WORSE_MIN).length / changes.length,
      },
    },
  ];
}

const GRADE_MAX = 3;
/** Of two equal orders the sums may differ in the last digits. */
const WORSE_MIN = 1e-9;

async function scoresOf(house: HouseProcess, corpus: string, { queries, grades }: Judged): Promise<number[]> {
  const scores: number[] = [];
  for (const { id, text } of queries) {
    const { hits } = (await house.call("POST", "/v1/matrix/search", {
      query_text: text,
      corpora: [corpus],
    })) as { hits: { id: string }[] };
    scores.push(
      ndcg(
        hits.map((hit) => hit.id),
        grades.get(id),
      ),
    );
  }
  return scores;
}

/** Titles whose orders agree about their occupation. */
const AGREEMENT_MIN = 0.9;

/** The likeliest occupation of titles that were kept back: with O*NET and the titles of the other folds. */
async function titlesInFolds(house: HouseProcess): Promise<Row[]> {
  const titles = readJudgedTitles();
  if (titles === undefined) return [];
  const right = new Map<string, number[]>();
  for (let fold = 0; fold < FOLDS; fold++) {
    const learnt = titles
      .filter(({ title }) => foldOf(title) !== fold)
      .map(({ title, soc, orders }) => ({ title, soc, count: orders }));
    await house.call("POST", "/v1/matrix/taxonomy/learn", {
      source: "orders",
      titles: learnt,
      replace: true,
    });
    for (const { title, soc, agreement, status } of titles) {
      if (foldOf(title) !== fold || agreement < AGREEMENT_MIN) continue;
      const read = (await house.call("POST", "/v1/matrix/role", { text: title })) as {
        soc: string | null;
        candidates: { soc: string }[];
      };
      const likeliest = read.soc ?? read.candidates[0]?.soc;
      right.set(status, [...(right.get(status) ?? []), likeliest === soc ? 1 : 0]);
    }
  }
  const least: Readonly<Record<string, number>> = { unique: 0.97, ambiguous: 0.7, unseen: 0.63 };
  return ["unique", "ambiguous", "unseen"].map((status) => {
    const all = right.get(status) ?? [];
    return {
      name: `titles, ${status} in O*NET`,
      unit: "right",
      subject: spreadOf([all.reduce((sum, one) => sum + one, 0) / all.length]),
      reference: null,
      ratio: null,
      bar: { of: "figure", is: ">=", limit: least[status] ?? 0.5 },
      figures: { titles: all.length },
    };
  });
}
