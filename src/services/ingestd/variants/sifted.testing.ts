// Files in which few values do not fit, hidden behind the samples, read the careful way and the sifted one: both must give the
// same columns, rows, rejected rows and words. One seed, one file.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Duckdb } from "#adapters/duckdb";
import { fieldIdsClause, selectList } from "#adapters/duckdb-columns";
import { quoteLiteral } from "#lib/sql-text";
import { type Random, seeded } from "#lib/random";
import { csvSource } from "../csv/source.ts";
import { RejectLog } from "../source/reject-log.ts";
import type { Prepared, Way } from "../source/shapes.ts";
import type { Source } from "../source/source.ts";
import { write } from "../worker/write.ts";
import type { Judged, Place } from "./judged.testing.ts";
import { MAKERS, ODD_VALUES } from "./makers.testing.ts";
import { TODAY } from "./reference-types.testing.ts";

const ROWS_MIN = 12_000;
/** What the samples of a file reach: the beginning, and some of the blocks behind it. */
const HEAD_ROWS = 9000;
const ODD_MAX = 40;

/** Columns in which an odd value is one. */
const TYPED = [
  "integer",
  "decimal",
  "money",
  "date",
  "month first",
  "time",
  "timestamp",
  "boolean",
  "percent",
];
/** Kinds whose values say what they are; a mess is for the other generator. */
const KINDS = Object.keys(MAKERS).filter((kind) => kind !== "mess");

export interface SiftedJudged extends Judged {
  /** Whether the sifted way read the file, and did not leave it to the careful one. */
  readonly sifted: boolean;
}

export async function judgeSifted(seed: number, { db, folder }: Place): Promise<SiftedJudged> {
  const path = join(folder, "file.csv");
  const text = textOf(seeded(seed));
  writeFileSync(path, text);
  const sifted = await outcomeOf(db, folder, path, text, "sifted");
  const careful = sifted === undefined ? undefined : await outcomeOf(db, folder, path, text, "careful");
  const difference = sifted === undefined ? undefined : differenceOf(careful, sifted);
  return {
    rows: careful?.rowsIn ?? 0,
    bytes: Buffer.byteLength(text),
    sifted: sifted !== undefined,
    ...(difference === undefined ? {} : { difference }),
  };
}

function textOf(random: Random): string {
  const kinds = [
    "integer",
    ...Array.from({ length: 2 + random.below(4) }, () => random.pick(random.below(3) === 0 ? KINDS : TYPED)),
  ];
  const delimiter = random.pick([",", ",", ";", "\t", "|"]);
  const always = random.below(4) === 0;
  const cell = (text: string): string =>
    always || text.includes(delimiter) || /["\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = (cells: readonly string[]): string => cells.map(cell).join(delimiter);
  const rows = ROWS_MIN + random.below(9000);
  const names = kinds.map((_, index) => `c ${index}`);
  const lines: string[] = [line(names)];
  const sparse = random.below(6) === 0;
  for (let row = 0; row < rows; row += 1)
    lines.push(line([...kinds.map((kind) => MAKERS[kind]?.(random, row) ?? ""), ...(sparse ? [""] : [])]));
  if (sparse) lines[0] = line([...names, "seldom"]);
  const width = kinds.length + (sparse ? 1 : 0);
  const few = random.below(3) === 0 ? [random.pick(ODD_VALUES), random.pick(ODD_VALUES)] : ODD_VALUES;
  for (let odd = 1 + random.below(random.below(4) === 0 ? ODD_MAX : 4); odd > 0; odd -= 1) {
    const at = HEAD_ROWS + random.below(rows - HEAD_ROWS - 1);
    const made = kinds.map((kind) => MAKERS[kind]?.(random, at) ?? "");
    const cells = sparse ? [...made, ""] : made;
    switch (random.below(30)) {
      case 0:
        lines[at] = random.pick([
          lines[0] ?? "",
          "",
          line(Array<string>(width).fill("")),
          line(Array<string>(width).fill("NULL")),
          line(["-----", ...cells.slice(1)]),
          line(["", "see above", ...cells.slice(2).fill("")]),
          line(["Total", ...cells.slice(1)]),
        ]);
        break;
      case 1:
        lines[at] = line([...cells, "more"]);
        break;
      default: {
        // A NUL keeps a file from being tidy.
        const value = random.pick(few).replace("\0", "");
        for (let times = 1 + random.below(2); times > 0; times -= 1) cells[random.below(width)] = value;
        lines[at] = line(cells);
      }
    }
  }
  return `${lines.join(random.pick(["\n", "\n", "\r\n"]))}${random.pick(["\n", ""])}`;
}

interface Outcome {
  readonly columns: string;
  readonly words: readonly string[];
  readonly rows: readonly string[];
  readonly rejects: readonly string[];
  readonly rowsIn: number | undefined;
}

/** Undefined where the sifted way leaves the file to the careful one. */
async function outcomeOf(
  db: Duckdb,
  folder: string,
  path: string,
  text: string,
  way: Way,
): Promise<Outcome | undefined> {
  const rejects = new RejectLog(join(folder, `${way}.rejects.csv`));
  try {
    const file = {
      path,
      bytes: Buffer.byteLength(text),
      encoding: "utf-8",
      evidence: [],
      warnings: [],
      hasNul: false,
    };
    const wishes = { types: {}, known: [], quarantine: false, way, today: TODAY };
    const source = await csvSource(file, wishes, { db, folder, rejects, onProgress: () => undefined });
    if (way === "sifted" && source.sifted === undefined) return undefined;
    const written = await write(db, source, rejects, join(folder, way), preparedFor(source), []);
    if (written === undefined) return undefined;
    const from = `read_parquet([${written.files.map((each) => quoteLiteral(each.path)).join(", ")}])`;
    const texts = async (sql: string): Promise<string[]> =>
      (await db.rows(sql)).map((row) => Object.values(row).join("\u0000"));
    return {
      columns: JSON.stringify(
        source.columns.map(({ name, type, dayFirst, samples }) => [name, type, dayFirst, samples]),
      ),
      words: [...(source.dialect?.evidence ?? []), ...source.warnings.map(withoutCounts)],
      rows:
        written.files.length === 0 ? [] : await texts(`SELECT COLUMNS(*)::VARCHAR FROM ${from} ORDER BY ALL`),
      rejects: rejects.rows === 0 ? [] : await texts(`SELECT * FROM ${await rejects.table()}`),
      rowsIn: source.rowsIn,
    };
  } finally {
    await rejects.close();
  }
}

/** How many values a warning counts follows from the samples, or from all. */
const withoutCounts = (warning: string): string =>
  warning.replace(/[0-9]+ of [0-9]+ values|[0-9]+ in all/g, "N");

function preparedFor({ columns }: Source): Prepared {
  const named = columns.map(({ name, type }, index) => ({ id: index + 1, name, type, nullable: true }));
  const schema = JSON.stringify({
    type: "struct",
    fields: named.map(({ id, name }) => ({ id, name, required: false, type: "string" })),
  });
  return {
    columns: named.map(({ id, name, type }) => ({ id, name, type })),
    select: selectList(named),
    field_ids: fieldIdsClause(named, schema),
    iceberg_schema: schema,
  };
}

function differenceOf(careful: Outcome | undefined, sifted: Outcome): string | undefined {
  if (careful === undefined) return "the careful way wrote nothing";
  if (careful.columns !== sifted.columns) return `columns ${sifted.columns} for ${careful.columns}`;
  if (careful.rowsIn !== sifted.rowsIn) return `${sifted.rowsIn} rows in for ${careful.rowsIn}`;
  for (const part of ["rejects", "rows", "words"] as const) {
    const [theirs, ours] = [careful[part], sifted[part]];
    const at = theirs.findIndex((line, index) => line !== ours[index]);
    if (at >= 0 || theirs.length !== ours.length)
      return `${part}: ${ours.length} for ${theirs.length}, ${ours[at]} for ${theirs[at]}`;
  }
  return undefined;
}
