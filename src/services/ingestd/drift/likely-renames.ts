// Which unknown columns of a file are likely columns of the dataset under a new name: the file lacks those, and the
// names are spelled with the same letters, or the values overlap clearly. What is read is bounded: the first rows of the file and of a few of the dataset's files.

import { type Duckdb, DuckdbError } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { checkFiles } from "../parquet/files.ts";
import type { LikelyRename, RenamesInput } from "../source/shapes.ts";
import type { Source } from "../source/source.ts";
import { byClarity, type Overlap, overlapOf, type Sample } from "./overlap.ts";

/** Of the file and of the dataset: enough to tell a code or a name again. */
const ROWS_MAX = 20_000;
/** Columns of either side that are compared: a file that shares less with its dataset is another table. */
const COLUMNS_MAX = 20;
const VALUE_CHARS_MAX = 200;

/** Names that columns without one were given. */
const NUMBERED = /^column_\d+$/;

interface Pair extends LikelyRename {
  readonly overlap: Overlap;
}

/** Clearest first; each column is named once. */
export async function likelyRenames(
  db: Duckdb,
  source: Source,
  { files, read_schema: schema, columns }: RenamesInput,
): Promise<LikelyRename[]> {
  const inFile = new Set(source.columns.map(({ name }) => name.toLowerCase()));
  const inDataset = new Set(columns.map(({ name }) => name.toLowerCase()));
  const strange = source.columns.filter(
    ({ name }) => !inDataset.has(name.toLowerCase()) && !NUMBERED.test(name),
  );
  const missing = columns.filter(({ name }) => !inFile.has(name.toLowerCase()));
  const respelled = respellings(
    missing.map(({ name }) => name),
    strange.map(({ name }) => name),
  );
  const unknown = strange.filter(({ name }) => !respelled.some((rename) => rename.new === name));
  const lacking = missing.filter(({ name }) => !respelled.some((rename) => rename.old === name));
  if (unknown.length === 0 || lacking.length === 0 || files.length === 0) return respelled;
  await checkFiles(files);
  const from = `read_parquet([${files.map(({ path }) => quoteLiteral(path)).join(", ")}], schema = ${schema})`;
  const samples = new Map<string, Sample>();
  const sampleOf = async (name: string, type: string): Promise<Sample> => {
    const sample = samples.get(name) ?? (await sampled(db, quoteIdentifier(name), type, from));
    samples.set(name, sample);
    return sample;
  };
  const pairs: Pair[] = [];
  for (const column of unknown.slice(0, COLUMNS_MAX)) {
    const kind = kindOf(column.type);
    if (kind === undefined) continue;
    const values = await sampled(db, column.value, column.type, source.from).catch((error: unknown) => {
      // A quick reading of a file that needs a careful one, which comes here again.
      if (error instanceof DuckdbError && source.countRows !== undefined) return undefined;
      throw error;
    });
    if (values === undefined) return respelled;
    const overlapWith = async ({ name, type }: RenamesInput["columns"][number]) =>
      kindOf(type) === kind ? overlapOf(values, await sampleOf(name, type)) : undefined;
    let rival: Overlap | undefined;
    if (kind === "integer") {
      // Small whole numbers are alike by chance: they must be less so in the columns that the file has.
      for (const present of columns
        .filter(({ name }) => inFile.has(name.toLowerCase()))
        .slice(0, COLUMNS_MAX)) {
        const overlap = await overlapWith(present);
        if (overlap !== undefined && (rival === undefined || byClarity(overlap, rival) < 0)) rival = overlap;
      }
    }
    for (const candidate of lacking.slice(0, COLUMNS_MAX)) {
      const overlap = await overlapWith(candidate);
      if (overlap === undefined || (rival !== undefined && byClarity(overlap, rival) >= 0)) continue;
      const { common, distinct } = overlap;
      pairs.push({ old: candidate.name, new: column.name, common, distinct, overlap });
    }
  }
  return [...respelled, ...onceEach(pairs.toSorted((one, other) => byClarity(one.overlap, other.overlap)))];
}

/** Names of both sides that have the same letters and digits, one each: "Pay Rate" and pay_rate. */
function respellings(missing: readonly string[], strange: readonly string[]): LikelyRename[] {
  const spelled = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  return missing.flatMap((old): LikelyRename[] => {
    const letters = spelled(old);
    const found = strange.filter((name) => spelled(name) === letters);
    const rivals = missing.filter((name) => spelled(name) === letters);
    const [name] = found;
    if (letters === "" || name === undefined || found.length + rivals.length > 2) return [];
    return [{ old, new: name, distinct: 0, common: 0, respelled: true }];
  });
}

function onceEach(pairs: readonly Pair[]): LikelyRename[] {
  const taken = new Set<string>();
  return pairs.flatMap(({ old, new: to, common, distinct }) => {
    if (taken.has(`old ${old}`) || taken.has(`new ${to}`)) return [];
    taken.add(`old ${old}`).add(`new ${to}`);
    return [{ old, new: to, common, distinct }];
  });
}

/** Types whose values can be compared as text. */
function kindOf(type: string): string | undefined {
  if (/INT$|^INTEGER$/.test(type)) return "integer";
  if (/^DECIMAL|^DOUBLE$|^FLOAT$/.test(type)) return "number";
  if (/\[|\(|^BLOB$/.test(type)) return undefined;
  return type;
}

async function sampled(db: Duckdb, value: string, type: string, from: string): Promise<Sample> {
  const plain = kindOf(type) === "number" ? `CAST(${value} AS DOUBLE)` : value;
  const text = `left(CAST(${plain} AS VARCHAR), ${VALUE_CHARS_MAX})`;
  const rows = await db.rows(
    `SELECT v, count(*) AS n FROM (SELECT ${text} AS v FROM ${from} LIMIT ${ROWS_MAX}) WHERE v IS NOT NULL GROUP BY v`,
  );
  return new Map(rows.map(({ v, n }) => [String(v), Number(n)]));
}
