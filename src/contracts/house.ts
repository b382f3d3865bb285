// Every service of the house by its daemon's name. What the edge routes, what is locked, what OpenAPI shows
// is this table and nothing else.

import type { Contract, Service } from "#rpc/contract";
import { catalog } from "./catalog.ts";
import { embed } from "./embed.ts";
import { ingest } from "./ingest.ts";
import { journal } from "./journal.ts";
import { matrix } from "./matrix.ts";
import { query } from "./query.ts";
import { storage } from "./storage.ts";
import { vector } from "./vector.ts";

export const house = {
  storaged: storage,
  catalogd: catalog,
  ingestd: ingest,
  queryd: query,
  embedd: embed,
  vectord: vector,
  matrixd: matrix,
  journald: journal,
} as const satisfies Record<string, Contract>;

export type ServiceName = keyof typeof house;
export type House = { readonly [N in ServiceName]: Service<(typeof house)[N]> };

export const SERVICE_NAMES = Object.keys(house) as readonly ServiceName[];
