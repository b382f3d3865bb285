// The catalog's database, looked at and made again while no house runs: storaged alone is started for it, because the
// tables' own metadata is in the object store, and the catalog does not start over a database that is not whole.

import { join } from "node:path";
import type { Settings } from "#config";
import type { storage } from "#contracts/storage";
import type { Log } from "#lib/log";
import type { Service } from "#rpc/contract";
import { local } from "#rpc/local";
import { PLAN } from "../plan.ts";
import type { Finding } from "./inspect.ts";

/** What the database lacks; `rebuild` makes it again from the tables, and gives what it did with each. */
export async function inspectCatalog(settings: Settings, log: Log): Promise<readonly Finding[]> {
  const { inspectCatalog: inspect } = await import("#services/catalogd/recovery/rebuild");
  return overStorage(settings, log, async (deps) => (await inspect(deps)).map(toFinding));
}

export async function rebuildCatalog(settings: Settings, log: Log): Promise<readonly Finding[]> {
  const { rebuildCatalog: rebuild } = await import("#services/catalogd/recovery/rebuild");
  return overStorage(settings, log, async (deps) => (await rebuild(deps)).map(toFinding));
}

async function overStorage<T>(
  settings: Settings,
  log: Log,
  work: (deps: { readonly storage: Service<typeof storage>; readonly file: string }) => Promise<T>,
): Promise<T> {
  const started = await PLAN.storaged.start({ settings, neighbours: {}, log });
  try {
    const service = local(started.implementation) as unknown as Service<typeof storage>;
    return await work({ storage: service, file: join(settings.data, "catalog.sqlite") });
  } finally {
    await started.close();
  }
}

function toFinding({
  dataset,
  problem,
  remedy,
}: {
  readonly dataset?: string;
  readonly problem: string;
  readonly remedy: "rebuild" | "restore";
}): Finding {
  return {
    part: dataset === undefined ? "catalog" : "dataset",
    name: dataset ?? "catalog.sqlite",
    problem,
    remedy: remedy === "rebuild" ? "repair" : "restore",
  };
}
