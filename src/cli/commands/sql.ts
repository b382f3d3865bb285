// `lakehouse sql`: runs a query over the datasets. A table and JSON are limited in rows and say so; CSV and JSON lines
// stream every row, and so does a Parquet file.

import type { SqlResult } from "#contracts/query";
import type { House } from "#contracts/house";
import { Fault } from "#rpc/fault";
import { CLIENT_ARGS, pair, settingsOf, wholeNumber } from "../args.ts";
import { command, type Given } from "../command.ts";
import { connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { inputFile } from "../input-file.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { emit, type Field, formatOf, isForPeople } from "../terminal/output.ts";
import { counted, duration } from "../terminal/plain-text.ts";
import { paintTalk, say, stdinIsTty, stdoutIsTty, write } from "../terminal/terminal.ts";

type SqlInput = Parameters<House["queryd"]["sql"]>[0];

const STREAMED: Readonly<Record<string, string>> = { csv: "text/csv", jsonl: "application/x-ndjson" };
const PARQUET = "application/vnd.apache.parquet";

export const sql = command({
  name: "sql",
  summary: "Run a SQL query",
  details:
    "DuckDB's SQL; each dataset is a table of its name. One SELECT, WITH, DESCRIBE, SHOW or EXPLAIN statement, from the command line, a file or standard input. A table and JSON show up to --limit rows (1000); csv and jsonl stream all of them unless --limit is given, and --parquet writes all of them.",
  args: {
    query: { type: "positional", required: false, description: "The statement" },
    file: { type: "string", alias: "f", valueHint: "FILE", description: "Read the statement from a file" },
    param: {
      type: "string",
      alias: "p",
      valueHint: "VALUE",
      description: "A value for the next ? of the statement (may be repeated)",
    },
    limit: { type: "string", valueHint: "N", description: "Maximum number of rows, up to 100000" },
    at: {
      type: "string",
      valueHint: "DATASET=WHEN",
      description: "Read a dataset as it was: a snapshot id, a tag or a time (may be repeated)",
    },
    timeout: {
      type: "string",
      valueHint: "SECONDS",
      description: "Time limit; 30 unless given, at most 300",
    },
    "time-zone": {
      type: "string",
      valueHint: "ZONE",
      description:
        "Dates and hours of timestamps are those of this zone, as America/Chicago; UTC unless given",
    },
    parquet: { type: "boolean", description: "Write all rows as a Parquet file, to standard output" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse sql 'SELECT role, count(*) AS people FROM workers GROUP BY role ORDER BY people DESC'",
    "lakehouse sql 'SELECT * FROM workers WHERE state = ? AND pay_floor < ?' -p IL -p 20",
    "lakehouse sql 'FROM orders' --at orders=2026-11-01T00:00:00Z",
    "lakehouse sql 'FROM workers' -o csv > workers.csv",
    "lakehouse sql 'FROM workers' --parquet > workers.parquet",
    `lakehouse sql "SELECT date_trunc('day', started_at) AS day, count(*) FROM shifts GROUP BY day" --time-zone America/Chicago`,
    "lakehouse sql < report.sql",
  ],
  run: async (args, given) => {
    const statement = await statementOf(args.query, args.file);
    const timeoutS = wholeNumber("--timeout", args.timeout, 1, 300);
    const limit = wholeNumber("--limit", args.limit, 1, 100_000);
    const input: SqlInput = {
      sql: statement,
      params: given.all("param").map(paramOf),
      ...(timeoutS === undefined ? {} : { timeout_ms: timeoutS * 1000 }),
      ...whenOf(given),
      ...(args["time-zone"] === undefined ? {} : { time_zone: args["time-zone"] }),
    };
    const format = formatOf(args.output);
    const parquet = args.parquet === true;
    if (parquet && stdoutIsTty) {
      throw new UsageProblem("A Parquet file is not for a terminal: write it to a file, > result.parquet");
    }
    if (parquet && (limit !== undefined || args.output !== undefined)) {
      throw new UsageProblem("--parquet writes all rows in its own form: leave out --limit and -o.");
    }
    const { house } = await connect(settingsOf(args));
    const { signal } = watchInterrupt();
    try {
      const accept = parquet ? PARQUET : STREAMED[format];
      if (accept !== undefined && limit === undefined) {
        const { body, headers } = await house.queryd.sqlStream({ ...input, accept }, { signal });
        if (body instanceof ReadableStream) for await (const chunk of body) await write(chunk);
        warn(streamWarnings(headers));
        return;
      }
      const result = await house.queryd.sql(
        { ...input, ...(limit === undefined ? {} : { limit }) },
        { signal },
      );
      await emit(format, { fields: fieldsOf(result), rows: result.rows, json: result });
      if (isForPeople(format)) say(summary(result));
      warn(result.warnings);
    } catch (thrown) {
      throw located(thrown, statement);
    }
  },
});

async function statementOf(query: string | undefined, file: string | undefined): Promise<string> {
  if (query !== undefined && file !== undefined)
    throw new UsageProblem("Give the statement or --file, not both.");
  if (query !== undefined && query !== "-") return query;
  if (file === undefined && query === undefined && stdinIsTty) {
    throw new UsageProblem("No statement given. For example: lakehouse sql 'SHOW TABLES'");
  }
  const text = await new Response((await inputFile(file ?? "-")).stream()).text();
  if (text.trim() === "")
    throw new UsageProblem("The statement is empty. For example: lakehouse sql 'SHOW TABLES'");
  return text;
}

/** Numbers, true, false and null are parsed as such; everything else is text. Quote a text that looks like one: "7". */
function paramOf(text: string): string | number | boolean | null {
  if (/^(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|".*")$/s.test(text)) {
    try {
      const value = JSON.parse(text) as string | number | boolean | null;
      // A number that JSON cannot represent exactly is passed as text.
      if (typeof value !== "number" || String(value) === text || Number.isSafeInteger(value)) return value;
    } catch {
      return text;
    }
  }
  return text;
}

function whenOf(given: Given): Pick<SqlInput, "at"> {
  const pairs = given.all("at").map((text) => pair("--at", text));
  if (pairs.length === 0) return {};
  return {
    at: Object.fromEntries(
      pairs.map(([name, when]) => [name, /^\d{1,15}$/.test(when) ? Number(when) : when]),
    ),
  };
}

const NUMERIC = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|FLOAT|DOUBLE|REAL|DECIMAL)/i;

export function fieldsOf(result: SqlResult): Field<Record<string, unknown>>[] {
  return result.columns.map(({ name, type }) => ({
    name,
    align: NUMERIC.test(type) ? ("right" as const) : ("left" as const),
    value: (row) => row[name],
  }));
}

/** On standard error, so that what reads the rows does not read them. */
function warn(warnings: readonly string[]): void {
  for (const warning of warnings) say(`${paintTalk("yellow", "warning:")} ${warning}`);
}

function streamWarnings(headers: Readonly<Record<string, string>>): string[] {
  const text = headers["x-lakehouse-warnings"];
  return text === undefined ? [] : (JSON.parse(text) as string[]);
}

function summary({ row_count, truncated, took_ms }: SqlResult): string {
  const more = truncated ? ", and there are more: raise --limit, or stream all with -o csv" : "";
  return `${counted(row_count, "row")} in ${duration(took_ms)}${more}.`;
}

/** Longer lines of SQL are generated; a marker below them would be far away. */
const MARKED_LENGTH_MAX = 200;

/** Adds the line of the statement where the fault is, with a marker below the position. */
function located(thrown: unknown, statement: string): unknown {
  if (!(thrown instanceof Fault)) return thrown;
  const [, line = "", column = ""] = /^sql:(\d+):(\d+)$/.exec(thrown.details?.[0]?.path ?? "") ?? [];
  const text = statement.split("\n")[Number(line) - 1];
  if (text === undefined || text.length > MARKED_LENGTH_MAX) return thrown;
  const mark = `${text.slice(0, Number(column) - 1).replaceAll(/[^\t]/g, " ")}^`;
  return new Fault(
    thrown.code,
    `${thrown.message}\n  ${text.replaceAll("\t", " ")}\n  ${mark.replaceAll("\t", " ")}`,
    { origin: thrown.origin },
  );
}
