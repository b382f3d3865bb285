// A journald for tests over a folder and a real lake, called in process or over a socket.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { journal as contract } from "#contracts/journal";
import type { query } from "#contracts/query";
import { createLog } from "#lib/log";
import type { Service } from "#rpc/contract";
import type { DaemonStats } from "#rpc/daemon";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { type Lake, openLake } from "../../../test/lake/lake.ts";
import { openSql } from "../../../test/lake/sql.ts";
import { journald, type JournaldDeps } from "./service.ts";

export interface TestJournal {
  readonly lake: Lake;
  readonly query: Service<typeof query>;
  readonly folder: string;
  readonly logged: string[];
  readonly service: Service<typeof contract>;
  stats(): DaemonStats;
  /** Stops journald, does something to its folder, and starts it again. */
  restart(meanwhile?: () => void): Promise<void>;
  close(): Promise<void>;
}

export async function openTestJournal(
  topology: "local" | "remote",
  given: Partial<JournaldDeps> = {},
): Promise<TestJournal> {
  const root = mkdtempSync(join(tmpdir(), "journald-"));
  const folder = join(root, "journal");
  const lake = await openLake();
  const sql = openSql(lake);
  const logged: string[] = [];
  const log = createLog({ level: "warn", readable: false, write: (line) => void logged.push(line) });
  const start = async (): Promise<Running> => {
    const deps = { catalog: lake.catalog, query: sql.query, folder, sealMs: 3_600_000, log, ...given };
    const daemon = await journald(deps);
    const implementation = implement(contract, "journald", daemon.handlers, {
      checkOutputs: true,
      onBug: (bug) => void logged.push(String(bug)),
    });
    const stats = (): DaemonStats => daemon.stats?.() ?? {};
    if (topology === "local") return { service: local(implementation), stats, stop: () => daemon.close() };
    const unix = join(root, "s");
    const listener = listen({ origin: "journald", at: { unix }, routes: routes(implementation) });
    const stop = async (): Promise<void> => {
      await listener.stop(100);
      await daemon.close();
    };
    return { service: remote(contract, { unix }, { origin: "journald", triesMax: 1 }), stats, stop };
  };
  let running = await start();
  return {
    lake,
    query: sql.query,
    folder,
    logged,
    get service() {
      return running.service;
    },
    stats: () => running.stats(),
    restart: async (meanwhile) => {
      await running.stop();
      meanwhile?.();
      running = await start();
    },
    close: async () => {
      await running.stop();
      await sql.close();
      await lake.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

interface Running {
  readonly service: Service<typeof contract>;
  stats(): DaemonStats;
  stop(): Promise<void>;
}
