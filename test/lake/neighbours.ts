// Services that a service under test calls, started for real over a lake: SQL, models that play a script, the journal, and
// the memory of traces. Each is called in process.

import { join } from "node:path";
import { scriptedProvider } from "#adapters/chat/scripted";
import { hashedModel } from "#adapters/embed/hashed";
import { chat } from "#contracts/chat";
import { embed } from "#contracts/embed";
import { journal } from "#contracts/journal";
import { pathway } from "#contracts/pathway";
import { query } from "#contracts/query";
import { createLog } from "#lib/log";
import type { Contract, Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { readPrices } from "#services/chatd/budgets/prices";
import { chatd } from "#services/chatd/service";
import { embedd } from "#services/embedd/service";
import { journald } from "#services/journald/service";
import { pathwayd } from "#services/pathwayd/service";
import { queryd } from "#services/queryd/service";
import type { Lake } from "./lake.ts";

interface Started<C extends Contract> {
  readonly service: Service<C>;
  close(): Promise<void>;
}

const log = createLog({ level: "error", readable: true });
/** Nothing is sealed while a test runs. */
const SEAL_MS = 3_600_000;

export function startSql({ catalog, storage, folder }: Lake): Started<typeof query> {
  const { handlers, close } = queryd({ catalog, storage, settings: { cacheDir: join(folder, "cache") } });
  return { service: local(implement(query, "queryd", handlers)), close };
}

export async function startChat({ catalog, folder }: Lake, script: string): Promise<Started<typeof chat>> {
  const { handlers, close } = await chatd({
    providers: [scriptedProvider(script)],
    stateFile: join(folder, "chat.sqlite"),
    prices: readPrices(),
    catalog,
    log,
  });
  return { service: local(implement(chat, "chatd", handlers)), close };
}

export async function startJournal(
  { catalog, folder }: Lake,
  sql: Service<typeof query>,
): Promise<Started<typeof journal>> {
  const journalFolder = join(folder, "journal");
  const { handlers, close } = await journald({
    folder: journalFolder,
    catalog,
    query: sql,
    sealMs: SEAL_MS,
    log,
  });
  return { service: local(implement(journal, "journald", handlers)), close };
}

export async function startPathway({ folder }: Lake): Promise<Started<typeof pathway>> {
  const embeds = await embedd({ models: [hashedModel()], cacheBytesMax: 1e7, store: undefined });
  const file = join(folder, "pathways.sqlite");
  const { handlers, close } = await pathwayd({
    embed: local(implement(embed, "embedd", embeds.handlers)),
    file,
    log,
  });
  return {
    service: local(implement(pathway, "pathwayd", handlers)),
    close: async () => {
      await close();
      await embeds.close();
    },
  };
}
