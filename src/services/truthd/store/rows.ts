// Rows of truth.sqlite as they are written and read, each with the checksum of what is in it.

import type { StateRow } from "#adapters/state";
import type { Decision, TruthRule, TruthValue } from "#contracts/truth";
import { Fault } from "#rpc/fault";
import type { StatedClaim } from "../reconcile/voices.ts";

/** A claim on its way to the database, short because there are millions. */
export type ClaimTuple = readonly [
  entity: string,
  attribute: string,
  source: string,
  observedMs: number,
  /** As JSON. */
  value: string,
  confidence: number,
  evidence: string | null,
];

/** With its id and its checksum, in the order of the statement that inserts it. */
type ClaimRow = readonly (string | number | null)[];

export interface RecordedClaim extends StatedClaim {
  readonly entity: string;
  readonly attribute: string;
  readonly id: string;
  readonly recordedUs: number;
}

export function claimRow(tuple: ClaimTuple, recordedUs: number): ClaimRow {
  const [, , , , value, confidence, evidence] = tuple;
  const id = Bun.hash.xxHash64(JSON.stringify([value, confidence, evidence])).toString(16);
  // SQLite reads and writes decimals with its own rounding: as text a number stays what it is.
  return [...tuple.slice(0, 5), String(confidence), evidence, id, checksum([...tuple, recordedUs])];
}

/** Throws Fault `internal` for a row that is not what was written. */
export function claimOf(row: StateRow): RecordedClaim {
  const { entity, attribute, source, observed_ms, id, value, confidence, evidence, recorded_us, sum } =
    row as {
      entity: string;
      attribute: string;
      source: string;
      observed_ms: number;
      id: string;
      value: string;
      confidence: string;
      evidence: string | null;
      recorded_us: number;
      sum: number;
    };
  const said = [entity, attribute, source, observed_ms, value, Number(confidence), evidence, recorded_us];
  if (checksum(said) !== sum) throw damagedRow("a claim");
  return {
    entity,
    attribute,
    source,
    observedMs: observed_ms,
    id,
    value: valueOf(value),
    confidence: Number(confidence),
    ...(evidence === null ? {} : { evidence }),
    recordedUs: recorded_us,
  };
}

function valueOf(text: string): TruthValue {
  return JSON.parse(text) as TruthValue;
}

export function decisionOf(row: StateRow): Decision {
  return documentOf(row, "decision", "a decision") as Decision;
}

export function ruleOf(row: StateRow): TruthRule {
  return documentOf(row, "rule", "a rule") as TruthRule;
}

/** A column that holds JSON, whose checksum is in `sum`. */
export function documentOf(row: StateRow, column: string, what: string): unknown {
  const text = String(row[column]);
  if (checksum(text) !== row["sum"]) throw damagedRow(what);
  return JSON.parse(text);
}

export function checksum(content: unknown): number {
  return Bun.hash.xxHash32(JSON.stringify(content));
}

function damagedRow(what: string): Fault {
  return new Fault(
    "internal",
    `truth.sqlite is damaged: ${what} in it is not what was recorded. Restore it from a backup. docs/operating/recover.md says more.`,
  );
}
