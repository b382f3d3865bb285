// SQL over a test's lake: a real queryd, for tests of services that have it as their neighbour.

import { join } from "node:path";
import { query } from "#contracts/query";
import type { Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { queryd } from "#services/queryd/service";
import type { Lake } from "./lake.ts";

export interface LakeSql {
  readonly query: Service<typeof query>;
  close(): Promise<void>;
}

export function openSql({ catalog, storage, folder }: Lake): LakeSql {
  const { handlers, close } = queryd({ catalog, storage, settings: { cacheDir: join(folder, "cache") } });
  return { query: local(implement(query, "queryd", handlers, { checkOutputs: true })), close };
}
