// Flags that several commands share, and the settings that follow from them. Their help text is that of the options.

import { OPTIONS, type OptionName, type Overrides, readSettings, type Settings } from "#config";
import { REPORTS_FOLDER } from "#cutover/report-files";
import type { ArgsDef } from "./command.ts";
import { UsageProblem } from "./failure.ts";
import { FORMATS } from "./terminal/output.ts";

function described(name: OptionName): string {
  return `${OPTIONS[name].help} (${OPTIONS[name].env})`;
}

export const OUTPUT_ARG = {
  output: {
    type: "enum",
    alias: "o",
    options: [...FORMATS],
    valueHint: "FORMAT",
    description:
      "table, expanded (a line for each value), json, jsonl or csv; by default a table on a terminal and json in a pipe; --json for json, -x for expanded",
  },
} as const satisfies ArgsDef;

export const DATA_ARG = {
  data: { type: "string", valueHint: "DIR", description: `${described("data")}; default ./lakehouse-data` },
} as const satisfies ArgsDef;

export const REPORT_ARG = {
  report: {
    type: "string",
    valueHint: "DIR",
    description: `Where reports go; ${REPORTS_FOLDER} unless given`,
  },
} as const satisfies ArgsDef;

/** For commands whose report is what they print. */
export const REPORT_ARGS = {
  ...REPORT_ARG,
  json: { type: "boolean", description: "Print the report as JSON instead of Markdown" },
} as const satisfies ArgsDef;

/** For commands that start a house. */
export const HOUSE_ARGS = {
  ...DATA_ARG,
  port: { type: "string", valueHint: "N", description: `${described("port")}; default 3110` },
  host: { type: "string", valueHint: "ADDRESS", description: `${described("host")}; default 127.0.0.1` },
} as const satisfies ArgsDef;

/** For commands that send requests to a running house. */
export const CLIENT_ARGS = {
  ...DATA_ARG,
  url: { type: "string", valueHint: "URL", description: described("url") },
  ...OUTPUT_ARG,
} as const satisfies ArgsDef;

/** The settings, overridden by the flags given. Throws ConfigProblems. */
export function settingsOf(args: Readonly<Record<string, unknown>>): Settings {
  const flags: Partial<Record<OptionName, unknown>> = {};
  for (const name of Object.keys(OPTIONS) as OptionName[]) {
    // `key` is read from the environment alone: a flag would show the secret in the list of processes.
    if (name !== "key" && args[name] !== undefined) flags[name] = args[name];
  }
  return readSettings(flags satisfies Overrides).settings;
}

/** A whole number that was given as text. */
export function wholeNumber(
  flag: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most) {
    throw new UsageProblem(`${flag} is a whole number from ${least} to ${most}, not ${text}.`);
  }
  return value;
}

/** A moment that was given as text, in RFC 3339; the zone of this machine where none is said. */
export function momentOf(flag: string, text: string): string {
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(at.getTime()))
    throw new UsageProblem(`${flag} is a time such as 2026-11-29T08:00:00Z, not ${text}.`);
  return at.toISOString();
}

/** `name=value`, of a flag that is given once for each name. */
export function pair(flag: string, text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageProblem(`${flag} is name=value, not ${text}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** A JSON object that was given as text. */
export function jsonObject(flag: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageProblem(
      `${flag} is not valid JSON: ${(error as Error).message}.\nPut it in single quotes, for example: ${flag} '{"status":"active"}'`,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageProblem(`${flag} is a JSON object, for example: ${flag} '{"status":"active"}'`);
  }
  return value as Record<string, unknown>;
}
