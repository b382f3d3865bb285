// The values that are sent with a statement, against those that it takes.

import type { DuckdbStatement } from "#adapters/duckdb";
import { Fault } from "#rpc/fault";

export function checkParams({ paramCount }: DuckdbStatement, params: readonly unknown[]): void {
  if (paramCount === params.length) return;
  throw invalidParams(`The statement takes ${paramCount} parameters, ${params.length} were sent.`);
}

/** `made` is what DuckDB makes of a PIVOT before its SELECT. */
export function checkPivotParams(made: DuckdbStatement): void {
  if (made.paramCount === 0) return;
  throw invalidParams(
    "A PIVOT that takes its columns from the data takes no parameters; write … ON column IN (value, …).",
  );
}

function invalidParams(message: string): Fault {
  return new Fault("invalid", message, { details: [{ path: "params", message }] });
}
