import { join } from "node:path";
import { sqliteState } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { catalogd } from "#services/catalogd/service";
import { storageIn } from "./storaged.ts";
import { onBug, type Writer } from "./writer.ts";

async function catalogIn(
  folder: string,
): Promise<{ catalog: Service<typeof catalog>; close(): Promise<void> }> {
  const { handlers, close } = await catalogd({
    storage: await storageIn(folder),
    state: sqliteState(join(folder, "catalog.sqlite")),
  });
  return { catalog: local(implement(catalog, "catalogd", handlers, { onBug })), close };
}

function sha256Of(n: number): string {
  return new Bun.CryptoHasher("sha256").update(String(n)).digest("hex");
}

/** Where step `n` says that its rows lie; the catalog does not look. */
export function dataKeyOf(n: number): string {
  return `warehouse/roster/data/${sha256Of(n)}.parquet`;
}

/** One file of `n + 1` rows, under the same commit id whenever it is tried. */
async function commitStep(known: Service<typeof catalog>, n: number): Promise<void> {
  const dataset = "roster";
  const wanted = [{ name: "id", type: "BIGINT" }];
  const { prefix, columns } = await known.prepare({ dataset, columns: wanted, mode: "append" });
  const sha256 = sha256Of(n);
  const files = [{ key: `${prefix}${sha256}.parquet`, rows: n + 1, bytes: 10, sha256, stats: {} }];
  await known.commit({ dataset, mode: "append", columns, files, commit_id: `step-${n}` });
}

export const catalogWriter: Writer = {
  open: async (folder) => {
    const { catalog: known, close } = await catalogIn(folder);
    return { step: (n) => commitStep(known, n), close };
  },
  check: async (folder, acked, tried) => {
    const { catalog: known, close } = await catalogIn(folder);
    const wrong: string[] = [];
    const rowsThere = async (): Promise<number[]> => {
      const { files } = await known.scan({ dataset: "roster" });
      return files.map(({ rows }) => rows - 1).sort((a, b) => a - b);
    };
    const there = await rowsThere().catch((error: unknown): number[] => {
      if (error instanceof Fault && error.code === "not_found") return [];
      throw error;
    });
    for (const n of acked) if (!there.includes(n)) wrong.push(`commit ${n} is gone`);
    // What a client does that was not answered: the same again, which must count once.
    for (let n = 0; n < tried; n += 1) await commitStep(known, n);
    const after = tried === 0 ? [] : await rowsThere();
    if (after.join() !== Array.from({ length: tried }, (_, n) => n).join())
      wrong.push(`after all were sent again there are: ${after.join()}`);
    await close();
    return wrong;
  },
};
