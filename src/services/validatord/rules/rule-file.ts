// A declared rule: one SQL statement in a file of the folder `rules`, whose rows are findings. Comments at its top say what
// it is about:
//
//     -- artifact: fill
//     -- kind: policy
//     -- severity: warning
//     -- law: ...
//     SELECT 'fills[' || ... || ']' AS path, 'has three no-shows' AS message FROM workers WHERE worker_id IN $worker_ids
//
// A statement names what it is about with `$` (`RULE_PARAMS`). Its rows may have path, message, severity, expected,
// actual, hint and law; a row with worker_id and no path is about the row of that worker.

import { ARTIFACT_KINDS, FINDING_KINDS } from "#contracts/validate";
import type { ArtifactKind, Finding } from "#contracts/validate";

export interface Rule {
  readonly name: string;
  readonly artifact: ArtifactKind;
  readonly kind: Finding["kind"];
  readonly severity: Finding["severity"];
  readonly law: string | undefined;
  /** With `?` in the place of each parameter. */
  readonly sql: string;
  /** The parameters in the order of their places. */
  readonly params: readonly RuleParam[];
}

/** What a statement may name. */
export const RULE_PARAMS = [
  "worker_ids",
  "worker_id",
  "order_id",
  "client_id",
  "site_id",
  "role",
  "city",
  "state",
  "start_at",
  "end_at",
  "headcount",
  "pay_rate",
  "bill_rate",
  "answer_id",
  "now",
] as const;
export type RuleParam = (typeof RULE_PARAMS)[number];

export type ReadRule = { readonly rule: Rule } | { readonly error: string };

const HEADER = /^\s*--\s*(\w+)\s*:\s*(.*?)\s*$/;
const SEVERITIES = ["error", "warning", "info"] as const;

/** A rule, or what is wrong with its file. */
export function readRule(name: string, text: string): ReadRule {
  const headers = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const header = HEADER.exec(line);
    if (header === null && !line.trim().startsWith("--")) break;
    if (header?.[1] !== undefined) headers.set(header[1].toLowerCase(), header[2] ?? "");
  }
  const chosen = <T extends string>(header: string, values: readonly T[], usual: T): T | undefined => {
    const given = headers.get(header);
    return given === undefined ? usual : values.find((value) => value === given);
  };
  const artifact = chosen("artifact", ARTIFACT_KINDS, "fill");
  const kind = chosen("kind", FINDING_KINDS, "policy");
  const severity = chosen("severity", SEVERITIES, "error");
  if (artifact === undefined) return { error: `artifact must be one of ${ARTIFACT_KINDS.join(", ")}.` };
  if (kind === undefined) return { error: `kind must be one of ${FINDING_KINDS.join(", ")}.` };
  if (severity === undefined) return { error: `severity must be one of ${SEVERITIES.join(", ")}.` };
  const placed = placeParams(text);
  if ("error" in placed) return placed;
  return { rule: { name, artifact, kind, severity, law: headers.get("law"), ...placed } };
}

/** Strings, quoted names, comments and dollar-quoted texts hold no parameters. */
const PIECE = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)|\?/g;

function placeParams(text: string): { sql: string; params: RuleParam[] } | { error: string } {
  const params: RuleParam[] = [];
  let problem: string | undefined;
  const sql = text.replaceAll(PIECE, (piece: string, name: string | undefined) => {
    if (piece === "?") problem ??= "write parameters by name, as in $worker_ids.";
    if (name === undefined) return piece;
    const param = RULE_PARAMS.find((known) => known === name);
    if (param === undefined) problem ??= `$${name} is not one of $${RULE_PARAMS.join(", $")}.`;
    else params.push(param);
    return "?";
  });
  if (problem !== undefined) return { error: problem };
  if (sql.replaceAll(/--[^\n]*/g, "").trim() === "") return { error: "there is no statement." };
  return { sql, params };
}
