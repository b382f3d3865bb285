// A validatord for tests, over a roster of made-up workers in a file and a real catalog, called in process or over a socket.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chat } from "#contracts/chat";
import { journal } from "#contracts/journal";
import { matrix } from "#contracts/matrix";
import { pathway } from "#contracts/pathway";
import type { query } from "#contracts/query";
import { validate } from "#contracts/validate";
import { createLog } from "#lib/log";
import type { Service } from "#rpc/contract";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { type Lake, openLake } from "../../../test/lake/lake.ts";
import { startSql } from "../../../test/lake/neighbours.ts";
import { validatord, type ValidatordDeps } from "./service.ts";

export const TOPOLOGIES = ["together", "apart"] as const;

/** Friday, 4 December 2026, noon in Chicago. */
export const NOW = "2026-12-04T18:00:00Z";

export const ORDER = {
  order_id: "o-1",
  client_id: "c-1",
  site_id: "s-1",
  role: "Forklift Operator",
  city: "Springfield",
  state: "IL",
  // Monday, 6 am to 2 pm.
  start_at: "2026-12-07T06:00:00-06:00",
  end_at: "2026-12-07T14:00:00-06:00",
  timezone: "America/Chicago",
  headcount: 1,
  pay_rate: 20,
};

const HERE = { city: "Springfield", state: "IL", lat: 39.78, lon: -89.65, timezone: "America/Chicago" };

const worker = (worker_id: string, name: string, more: Record<string, unknown> = {}) => ({
  worker_id,
  name,
  role: "Forklift Operator",
  ...HERE,
  status: "active",
  pay_floor: 18,
  certifications: [{ name: "Forklift Operator Certification", expires: "2027-06-30" }],
  no_shows_90d: 0,
  email: `${worker_id}@example.com`,
  phone: `+1 217 555 01${worker_id.slice(2).padStart(2, "0")}`,
  sms_consent: "granted",
  ...more,
});

export const WORKERS = [
  worker("w-1", "Ana Núñez"),
  worker("w-2", "John Smith"),
  worker("w-3", "Jon Smyth", { status: "inactive" }),
  worker("w-4", "Will Rose", { status: "do_not_hire" }),
  worker("w-5", "Maria Garcia", { status: "on assignment" }),
  worker("w-6", "Wei Chen", { role: "Line Cook" }),
  worker("w-7", "Olga Novak", { role: "Material Handler" }),
  worker("w-8", "Peter Brown", { city: "Cleveland", state: "OH", lat: 41.5, lon: -81.69 }),
  worker("w-9", "Grace Hall", { city: "Nowhere at all", state: "MO", lat: null, lon: null }),
  worker("w-10", "Luis Diaz", { certifications: [] }),
  worker("w-11", "Kim Lee", { certifications: "Forklift certified exp 12/06/2026" }),
  worker("w-12", "Tom King", { certifications: "Forklift certified exp 12/07/2026" }),
  worker("w-13", "Sam Fox", {
    screenings: [
      { name: "Background check", passed_at: "2026-11-07", result: "clear" },
      { name: "Drug screen", passed_at: "2026-11-06", result: "negative" },
      { name: "I-9", passed_at: "2025-01-02" },
    ],
  }),
  worker("w-14", "Nia Ford", { no_shows_90d: 2, pay_floor: 20.01 }),
  worker("w-15", "Ivo Stone", { blocks: [{ scope: "client", client_id: "c-9", reason: "late" }] }),
  worker("w-16", "Ana Nunez Vega", { merged_into: "w-1" }),
  worker("w-17", "Ben Young", { minor: "under_16" }),
  worker("w-19", "Ivo R. Stone", { merged_into: "w-15" }),
  worker("w-20", "Pia Lund", { minor: "Under 16" }),
  worker("w-21", "Gil Moss", { minor: "no" }),
  worker("w-18", "Zoe Hart", { sms_consent: "revoked", email_status: "bounced", state: "TX" }),
];

export interface TestValidatord {
  readonly service: Service<typeof validate>;
  readonly lake: Lake;
  /** The roster's file: written again, it is another version. */
  readonly rosterFile: string;
  close(): Promise<void>;
}

export function writeRoster(file: string, workers: readonly unknown[]): void {
  writeFileSync(file, workers.map((one) => JSON.stringify(one)).join("\n"));
}

export async function startValidatord(
  topology: (typeof TOPOLOGIES)[number],
  moreOf: (own: { lake: Lake; sql: Service<typeof query> }) => Promise<Partial<ValidatordDeps>> = () =>
    Promise.resolve({}),
): Promise<TestValidatord> {
  const lake = await openLake();
  const rosterFile = join(lake.folder, "workers.jsonl");
  writeRoster(rosterFile, WORKERS);
  const engines = startSql(lake);
  const sql = engines.service;
  // Neighbours that a test does not start are away, as they may be in a house.
  const away = { unix: join(lake.folder, "away.sock") };
  const daemon = await validatord({
    matrix: remote(matrix, away, { origin: "matrixd", triesMax: 1 }),
    chat: remote(chat, away, { origin: "chatd", triesMax: 1 }),
    journal: remote(journal, away, { origin: "journald", triesMax: 1 }),
    pathway: remote(pathway, away, { origin: "pathwayd", triesMax: 1 }),
    rulesFolder: join(lake.folder, "rules"),
    catalog: lake.catalog,
    query: sql,
    roster: rosterFile,
    log: createLog({ level: "error", readable: true }),
    clock: { now: () => Date.parse(NOW) },
    ...(await moreOf({ lake, sql })),
  });
  const implementation = implement(validate, "validatord", daemon.handlers, { checkOutputs: true });
  const socket = join(lake.folder, "v.sock");
  const listener =
    topology === "apart"
      ? listen({ origin: "validatord", at: { unix: socket }, routes: routes(implementation) })
      : undefined;
  return {
    service:
      listener === undefined
        ? local(implementation)
        : remote(validate, { unix: socket }, { origin: "validatord" }),
    lake,
    rosterFile,
    close: async () => {
      await listener?.stop(0);
      await daemon.close();
      await engines.close();
      await lake.close();
      rmSync(lake.folder, { recursive: true, force: true });
    },
  };
}
