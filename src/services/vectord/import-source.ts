// Where the items of an import come from: the body of the request or an object in storage, as NDJSON or as a Parquet file.

import type { storage as storageContract } from "#contracts/storage";
import type { vector } from "#contracts/vector";
import type { Call } from "#rpc/call";
import type { Bytes, ParsedOf, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { LINE, ROW, type Unit } from "./import-items.ts";
import { parquetLines } from "./parquet/read.ts";

type ImportInput = ParsedOf<(typeof vector)["import"]>;

/** Lines of NDJSON, and what their sender knows them by. `spool` is where a file may lie meanwhile. */
export async function importSource(
  storage: Pick<Service<typeof storageContract>, "get">,
  { format, key, id, vector: column, body }: ImportInput,
  spool: string,
  call: Call,
): Promise<{ items: AsyncIterable<Uint8Array>; unit: Unit }> {
  const bytes = key === undefined ? body : await objectOf(storage, key, body, call);
  if (format === "ndjson") return { items: bytes, unit: LINE };
  return { items: parquetLines(bytes, { id, vector: column }, spool), unit: ROW };
}

async function objectOf(
  storage: Pick<Service<typeof storageContract>, "get">,
  key: string,
  body: Bytes,
  call: Call,
): Promise<Bytes> {
  for await (const chunk of body)
    if (chunk.length > 0)
      throw new Fault("invalid", "key: names an object, and there is a body as well. Send one of them.", {
        details: [{ path: "key", message: "stands beside a body" }],
      });
  const { body: stored } = await storage.get({ key }, call);
  return stored ?? new Blob().stream();
}
