// The end of an engine as a fault of the statement that it ran. Apart from `fault.ts`, because the serving process says
// this, and never loads DuckDB.

import { Fault } from "#rpc/fault";

const mebibytes = (bytes: number): string => String(Math.round(bytes / 1024 / 1024));

export function memoryFault(bytesMax: number): Fault {
  return new Fault(
    "rejected",
    `The query used more than ${mebibytes(bytesMax)} MB; add a filter or a limit.`,
  );
}

export function crashFault(killed: boolean): Fault {
  if (killed) {
    return new Fault(
      "rejected",
      "The engine that ran the query was killed by the system, and again at the next try: it may need more memory than there is.",
    );
  }
  return new Fault("rejected", "The query made its engine crash, as very deep nesting of a value does.");
}
