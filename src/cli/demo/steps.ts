// The steps of the demo, in their order: start, sample, ingest, sql, corpus, search, fill. Each returns its detail for
// `--json` and the lines to print.

import type { House } from "#contracts/house";
import type { Ingested } from "#contracts/ingest";
import { present } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { connectTo } from "../connect.ts";
import { buildCorpus, type CorpusPlan } from "../commands/corpus.ts";
import { corpusNotes, corpusOver, orderColumns, workerColumns } from "./columns.ts";
import { reserveDataset, type DemoFile, demoFiles, shortPath } from "./files.ts";
import { knownStatus, demoQuery } from "./queries.ts";
import { fill } from "./fill-step.ts";
import { search } from "./search-step.ts";
import { INDENT, type Step } from "./stage.ts";
import { ingestFile } from "../commands/ingest.ts";
import { count, counted, duration, safe, size } from "../terminal/plain-text.ts";
import { logOf, startHouse } from "../run-house.ts";
import { fieldsOf } from "../commands/sql.ts";
import { tableLines } from "../terminal/table.ts";

const start: Step = async (stage) => {
  const { settings } = stage;
  // The steps are the output, and a failed step prints its own message.
  const log = logOf(settings, settings.log === "debug" ? "debug" : "error");
  stage.house = await startHouse(settings, log);
  const { url } = stage.house;
  stage.clients = connectTo(url, settings.key).house;
  return {
    detail: { url, data_dir: settings.data },
    report: {
      title: "Started a house",
      lines: [`It listens at ${url} and keeps all data in ${shortPath(settings.data)}`],
    },
  };
};

const sample: Step = async (stage) => {
  const today = new Date().toISOString().slice(0, 10);
  const files = await demoFiles({ data: stage.settings.data, today, ...stage.own });
  stage.files = files;
  const made = files.filter(({ kind }) => kind === "sample");
  const written = made.some((file) => file.written);
  const title =
    made.length === 0 ? "Found your files" : written ? "Generated a sample" : "Today's sample exists already";
  return {
    detail: Object.fromEntries(
      files.map(({ dataset, path, bytes, rows, kind, written: isNew }) => [
        dataset,
        { path, bytes, ...(rows === undefined ? {} : { rows }), origin: kind, written: isNew },
      ]),
    ),
    report: {
      title,
      lines: files.map(({ dataset, path, bytes, rows, kind }) =>
        kind === "sample"
          ? `${counted(rows ?? 0, dataset.slice(0, -1))}, none of them real: ${shortPath(path)} (${size(bytes)})`
          : `Your ${dataset}: ${shortPath(path)} (${size(bytes)})`,
      ),
    },
  };
};

const ingest: Step = async (stage) => {
  const { settings, signal } = stage;
  const clients = present(stage.clients, "the clients");
  const outcomes: Ingested[] = [];
  for (const file of present(stage.files, "the files")) {
    const there = await isThere(clients, file.dataset, signal);
    await reserveDataset(settings.data, file.dataset, there);
    outcomes.push(await loadAlone(clients, file, there, signal));
  }
  const [workers = [], orders = []] = outcomes.map(({ columns }) => columns.map(({ name }) => name));
  stage.columns = { workers, orders };
  const replayed = outcomes.every((outcome) => outcome.replayed);
  return {
    detail: Object.fromEntries(
      outcomes.map(({ columns, ...outcome }) => [
        outcome.dataset,
        { ...outcome, columns: columns.map(({ name, type }) => ({ name, type })) },
      ]),
    ),
    report: {
      title: replayed ? "Both files were loaded before" : "Loaded both files over HTTP",
      lines: outcomes.flatMap(ingestLines),
    },
  };
};

async function isThere({ catalogd }: House, dataset: string, signal: AbortSignal): Promise<boolean> {
  try {
    await catalogd.dataset({ dataset }, { signal });
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "not_found") return false;
    throw thrown;
  }
}

/**
 * Loads a file as the only content of its dataset. A dataset that an earlier demo loaded from a file with other columns is
 * dropped first: columns that the file lacks would otherwise stay, and be empty.
 */
async function loadAlone(
  clients: House,
  { dataset, file }: DemoFile,
  isThere: boolean,
  signal: AbortSignal,
): Promise<Ingested> {
  const load = (): Promise<Ingested> => ingestFile(clients, file, { dataset, mode: "replace" }, signal);
  if (!isThere) return load();
  try {
    const outcome = await load();
    const { columns } = await clients.catalogd.dataset({ dataset }, { signal });
    if (columns.length === outcome.columns.length) return outcome;
  } catch (thrown) {
    // A column that is a number here and was text there.
    if (!(thrown instanceof Fault) || (thrown.code !== "conflict" && thrown.code !== "rejected"))
      throw thrown;
  }
  await clients.catalogd.drop({ dataset, purge: true }, { signal });
  return load();
}

function ingestLines(outcome: Ingested): string[] {
  const {
    dataset,
    rows_in,
    rows_loaded,
    rows_quarantined,
    rows_deduped,
    bytes_in,
    columns,
    replayed,
    took_ms,
  } = outcome;
  const rejected =
    rows_quarantined === 0
      ? "none rejected"
      : `${count(rows_quarantined)} rejected, with reasons in ${dataset}$rejects`;
  const twice = rows_deduped === 0 ? "" : `, ${count(rows_deduped)} twice`;
  const when = replayed ? "" : `, ${size(bytes_in)} in ${duration(took_ms)}`;
  return [
    `${dataset}: ${counted(rows_in, "row")} in, ${count(rows_loaded)} loaded, ${rejected}${twice}; ${columns.length} columns${when}`,
    // The title already says that nothing was loaded again.
    ...(replayed ? [] : outcome.warnings.map((warning) => `  ${safe(warning)}`)),
  ];
}

const sql: Step = async (stage) => {
  const { columns, signal, width, paint } = stage;
  const { workers, orders } = present(columns, "the columns");
  const clients = present(stage.clients, "the clients");
  const about = [workerColumns(workers), orderColumns(orders)] as const;
  stage.status = await knownStatus(clients, ...about, signal);
  const { summary, sql: statement } = demoQuery(...about, stage.status);
  const result = await clients.queryd.sql({ sql: statement }, { signal });
  const fields = fieldsOf(result);
  const rows = result.rows.map((row) => fields.map(({ value }) => value(row)));
  return {
    detail: {
      question: summary,
      sql: statement,
      columns: result.columns,
      rows: result.rows,
      row_count: result.row_count,
      took_ms: result.took_ms,
    },
    report: {
      title: "Ran a SQL query",
      lines: [
        summary,
        "",
        ...tableLines(fields, rows, { width: width - INDENT, header: (text) => paint("bold", text) }),
      ],
    },
  };
};

const corpus: Step = async (stage) => {
  const clients = present(stage.clients, "the clients");
  const [{ path }] = present(stage.files, "the files");
  const { workers } = present(stage.columns, "the columns");
  const plan = corpusOver(workers, shortPath(path));
  const before = await clients.matrixd
    .corpus({ corpus: plan.corpus }, { signal: stage.signal })
    .catch(() => undefined);
  const built = await rebuild(clients, plan, stage.signal);
  const same =
    before?.status === "ready" &&
    before.snapshot_id === built.snapshot_id &&
    before.text === built.text &&
    before.build === undefined;
  const notes = corpusNotes(workers);
  return {
    detail: { ...built, built: !same, notes },
    report: {
      title: same ? "The corpus is built already" : "Built a corpus of the workers",
      lines: [
        `${counted(built.rows, "worker")} by meaning, words, role and place; embedded with ${built.model}`,
        ...notes.map((note) => `Note: ${note}`),
      ],
    },
  };
};

/** Replaces a corpus of another shape, built from other files by an earlier run. */
async function rebuild(
  clients: House,
  plan: CorpusPlan,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof buildCorpus>>> {
  try {
    return await buildCorpus(clients, plan, signal);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "conflict") throw thrown;
    await clients.matrixd.dropCorpus({ corpus: plan.corpus }, { signal });
    return buildCorpus(clients, plan, signal);
  }
}

export const STEPS: Readonly<Record<string, Step>> = { start, sample, ingest, sql, corpus, search, fill };
