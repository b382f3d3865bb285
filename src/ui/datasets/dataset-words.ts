// Datasets in words: names made from files, sizes, types that a person chooses from, and what a column's type may become.

export const REJECTS = "$rejects";

/** The dataset that a table of rejected rows belongs to. */
export function ownerOf(name: string): string | undefined {
  return name.endsWith(REJECTS) ? name.slice(0, -REJECTS.length) : undefined;
}

const NAME_MAX = 63;

/** "Week 12 – roster (final).xlsx" is loaded into `week_12_roster_final`. */
export function datasetNameOf(fileName: string): string {
  const bare = fileName
    .replace(/\.(gz|zst|zstd)$/i, "")
    .replace(/\.(csv|tsv|psv|txt|json|ndjson|jsonl|parquet|xlsx|xlsm)$/i, "")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, NAME_MAX);
  if (bare === "") return "my_data";
  return /^\d/.test(bare) ? `d_${bare}`.slice(0, NAME_MAX) : bare;
}

export function isDatasetName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name);
}

export function sizeOf(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** power;
  return `${power > 0 && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${units[power] ?? ""}`;
}

/** What a column may be made while a file is loaded, with what it means to somebody who does not know SQL. */
export const TYPES: Readonly<Record<string, string>> = {
  VARCHAR: "text",
  BIGINT: "whole number",
  DOUBLE: "number",
  "DECIMAL(18,2)": "money, exact",
  BOOLEAN: "yes or no",
  DATE: "date",
  TIMESTAMP: "date and time",
  "TIMESTAMP WITH TIME ZONE": "date, time and zone",
};

export function typeWords(type: string): string {
  const words =
    TYPES[type] ??
    (type.startsWith("DECIMAL") ? "exact number" : /INT/.test(type) ? "whole number" : undefined);
  return words === undefined ? type : `${words} · ${type}`;
}

/** Types that hold all that a column of this type holds. */
export function widerTypes(type: string): readonly string[] {
  if (type === "INTEGER") return ["BIGINT"];
  if (type === "FLOAT") return ["DOUBLE"];
  const [, precision, scale] = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type) ?? [];
  if (precision === undefined) return [];
  return [18, 28, 38]
    .filter((digits) => digits > Number(precision))
    .map((digits) => `DECIMAL(${digits},${scale})`);
}

const PHASES: Readonly<Record<string, string>> = {
  send: "Sending",
  receive: "Received",
  read: "Reading",
  write: "Writing",
  commit: "Finishing",
};

export function phaseWords(phase: string): string {
  return PHASES[phase] ?? phase;
}

export const OPERATION_WORDS: Readonly<Record<string, string>> = {
  append: "Rows added",
  overwrite: "Rows replaced",
  delete: "Rows removed",
  replace: "Files merged",
};
