// A table's row in the catalog's database, with a hash over all of it before the metadata: a database notices
// damage to its own structure, and not a bit that turned inside a value. A row without a hash is one of before.

import { Fault } from "#rpc/fault";

export interface Row {
  readonly name: string;
  readonly prefix: string;
  readonly version: number;
}

export function sealed(row: Row, metadata: string): string {
  return `${hashOf(row, metadata)} ${metadata}`;
}

/** The metadata as it was sealed. Throws `internal` when anything of the row is another than then. */
export function unsealed(row: Row, text: string): string {
  if (text.startsWith("{")) return text;
  const at = text.indexOf(" ");
  const metadata = text.slice(at + 1);
  if (text.slice(0, at) === hashOf(row, metadata)) return metadata;
  throw new Fault(
    "internal",
    `The catalog's row of ${row.name} is damaged. Restore catalog.sqlite from a backup; docs/operating/recover.md says how.`,
  );
}

function hashOf({ name, prefix, version }: Row, metadata: string): string {
  return Bun.hash
    .xxHash64(JSON.stringify([name, prefix, version]), Bun.hash.xxHash64(metadata))
    .toString(16)
    .padStart(16, "0");
}
