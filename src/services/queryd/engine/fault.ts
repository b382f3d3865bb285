// What DuckDB says when a statement fails, as a fault. The statement's own mistakes go to its writer in
// DuckDB's words, with their place; words about files and the engine stay inside, since they name paths.

import { DuckdbError } from "#adapters/duckdb";
import { Fault } from "#rpc/fault";
import { sqlFault, type Statement } from "../guard/statement-text.ts";
import { memoryFault } from "./end-fault.ts";

/** Kinds that say something of this house and not of the statement. */
const FILES: ReadonlySet<string> = new Set([
  "IO",
  "HTTP",
  "Network",
  "Invalid Configuration",
  "Missing Extension",
]);
/** After these the instance runs nothing any more. */
const BROKEN: ReadonlySet<string> = new Set(["FATAL", "INTERNAL", "Internal", "Unknown"]);

/** DuckDB quotes names and values whole, however long. */
const MESSAGE_CHARS_MAX = 1000;

/** The serving process asks storage once more where the files lie. */
export function unreadable(cause: unknown): Fault {
  return new Fault("unavailable", "A data file of the query could not be read; try again.", { cause });
}

/** `paths` are the files that the statement may read. */
export function engineFault(
  thrown: unknown,
  statement: Statement,
  memoryBytesMax: number,
  paths: readonly string[] = [],
): unknown {
  if (!(thrown instanceof DuckdbError)) return thrown;
  const { kind, message, position } = thrown;
  if (kind === "INTERRUPT" || kind === "Interrupt") return new Fault("cancelled", "The query was stopped.");
  if (kind === "Out of Memory") return memoryFault(memoryBytesMax);
  if (kind === "Permission") {
    // To DuckDB a file that is gone is one that was never allowed.
    if (paths.some((path) => message.includes(path))) return unreadable(thrown);
    return new Fault("forbidden", "Files, settings and other systems cannot be reached from SQL.");
  }
  if (FILES.has(kind)) return unreadable(thrown);
  if (BROKEN.has(kind)) {
    return new Fault("internal", "The engine failed at this query and was replaced.", { cause: thrown });
  }
  const shown = message.length > MESSAGE_CHARS_MAX ? `${message.slice(0, MESSAGE_CHARS_MAX)}…` : message;
  return sqlFault(statement, shown, position);
}
