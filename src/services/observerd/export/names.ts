// Names of what is exported: the field of an event's data, its name in the present GenAI conventions of OpenTelemetry
// (open-telemetry/semantic-conventions-genai, status Development), the one of 1.36 and before that most dashboards still read,
// and the one that Langfuse reads. Both spellings can be sent at once. A field without a row is sent as `lakehouse.FIELD`.

import { readTable } from "#lib/tsv";
import table from "./names.tsv" with { type: "text" };

export const SPELLINGS = ["current", "older", "both"] as const;
export type Spelling = (typeof SPELLINGS)[number];

interface Names {
  readonly current: string;
  readonly older: string;
  readonly langfuse: string;
}

const NAMES: ReadonlyMap<string, Names> = new Map(
  readTable(table, ["field", "current", "older", "langfuse"]).map(({ field, ...names }) => [field, names]),
);

/** Metrics, whose names changed too. */
export const METRICS = {
  tokens: { current: "gen_ai.client.inference.tokens", older: "gen_ai.client.token.usage" },
  duration: { current: "gen_ai.client.operation.duration", older: "gen_ai.client.operation.duration" },
  events: "lakehouse.events",
  operations: "lakehouse.operation.duration",
} as const;

/** The attributes under which a field of an event goes out. */
export function attributesOf(field: string, spelling: Spelling, langfuse: boolean): readonly string[] {
  const names = NAMES.get(field);
  if (names === undefined) return [`lakehouse.${field}`];
  const chosen = spelling === "both" ? [names.current, names.older] : [names[spelling]];
  return [...new Set([...chosen, ...(langfuse && names.langfuse !== "" ? [names.langfuse] : [])])];
}
