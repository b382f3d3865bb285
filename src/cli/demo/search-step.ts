// The last step of the demo: searches as coordinators type them, each with its interpretation, the people found, and why.

import type { MatrixHit } from "#contracts/matrix";
import { present } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { type WorkerColumns, workerColumns } from "./columns.ts";
import { searchQueries } from "./queries.ts";
import { INDENT, type Stage, type Step } from "./stage.ts";
import { counted, duration, safe } from "../terminal/plain-text.ts";
import { readAs } from "../commands/search.ts";
import { type Column, cut, tableLines } from "../terminal/table.ts";
import { wrapped } from "../terminal/wrap.ts";

const HITS_MAX = 5;
/** Enough to judge the ranking, for each of six searches. */
const HITS_SHOWN = 3;

interface SearchDetail {
  readonly query: string;
  readonly read_role: string | null;
  readonly read_as: string;
  readonly took_ms: number;
  readonly hits: readonly HitDetail[];
}

interface HitDetail {
  readonly id: string;
  readonly name: unknown;
  readonly role: unknown;
  readonly city: unknown;
  readonly state: unknown;
  readonly miles: number | null;
  readonly score: number;
  readonly why: string;
}

export const search: Step = async (stage) => {
  const { signal } = stage;
  const clients = present(stage.clients, "the clients");
  const [{ kind }] = present(stage.files, "the files");
  const columns = workerColumns(present(stage.columns, "the columns").workers);
  const status = stage.status?.active;
  const filter = status === undefined ? undefined : { [status]: "active" };
  let firstResultMs: number | undefined;
  const searches: SearchDetail[] = [];
  for (const query of await searchQueries(clients, columns, kind, signal)) {
    const began = performance.now();
    const found = await clients.matrixd.search(
      {
        query_text: query,
        corpora: ["workers"],
        k: HITS_MAX,
        explain: true,
        ...(filter === undefined ? {} : { filter }),
      },
      { signal },
    );
    firstResultMs ??= Math.round(performance.now() - stage.startedAt);
    searches.push({
      query,
      read_role: found.query.role.role,
      read_as: readAs(found),
      took_ms: Math.round((performance.now() - began) * 10) / 10,
      hits: found.hits.map((hit) => hitDetail(hit, columns)),
    });
  }
  const empty = searches.filter(({ hits }) => hits.length === 0).length;
  if (empty > 0 && kind === "sample")
    throw new Fault(
      "internal",
      `${counted(empty, "search")} of the sample had no hits.`.replace("searchs", "searches"),
    );
  return {
    detail: { searches, filter: filter ?? null, first_result_ms: firstResultMs ?? null },
    report: {
      title: "Searched as a coordinator types",
      lines: [
        ...(filter === undefined
          ? []
          : [`Active workers only. The first result came ${duration(firstResultMs ?? 0)} after the start.`]),
        ...searches.flatMap((one) => searchLines(one, stage)),
      ],
    },
  };
};

function hitDetail(
  { id, metadata, miles, score, explain }: MatrixHit,
  { name, first, last, role, city, state }: WorkerColumns,
): HitDetail {
  const field = (column: string | undefined): unknown =>
    column === undefined ? null : (metadata[column] ?? null);
  return {
    id,
    name:
      name === undefined
        ? [first, last]
            .map(field)
            .filter((part) => part !== null)
            .join(" ") || null
        : field(name),
    role: field(role),
    city: field(city),
    state: field(state),
    miles: miles ?? null,
    score,
    why: explain?.why ?? "",
  };
}

function searchLines({ query, read_as, took_ms, hits }: SearchDetail, { width, paint }: Stage): string[] {
  const shown = hits.slice(0, HITS_SHOWN);
  const inner = width - INDENT - 2;
  const rows = shown.map((hit) => [hit.id, hit.name, hit.role, hit.city, hit.state, hit.miles?.toFixed(1)]);
  // A user's file may lack some of these columns.
  const used = HIT_COLUMNS.map((_, at) => rows.some((row) => (row[at] ?? "") !== ""));
  const [head = "", ...lines] = tableLines(
    HIT_COLUMNS.filter((_, at) => used[at]),
    rows.map((row) => row.filter((_, at) => used[at])),
    { width: inner, header: (text) => paint("dim", text) },
  );
  const people = lines.flatMap((line, at) => [
    line,
    paint("dim", cut(safe(`  why: ${shown[at]?.why}`), inner)),
  ]);
  return [
    "",
    `${paint("cyan", `"${safe(query)}"`)}  ${paint("dim", duration(took_ms))}`,
    ...wrapped(`Read as: ${read_as}.`, inner).map((line) => `  ${line}`),
    ...(rows.length === 0 ? ["  No hits."] : [head, ...people].map((line) => `  ${line}`)),
  ];
}

const HIT_COLUMNS: readonly Column[] = [
  { name: "id" },
  { name: "name" },
  { name: "role" },
  { name: "city" },
  { name: "state" },
  { name: "miles", align: "right" },
];
