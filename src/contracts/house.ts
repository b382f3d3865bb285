// Every service of the house by its daemon's name, and what the gateway serves beside them. What the edge routes, what is
// locked, what OpenAPI shows is this table and nothing else.

import type { Contract, Service } from "#rpc/contract";
import { catalog } from "./catalog.ts";
import { chat } from "./chat.ts";
import { distill } from "./distill.ts";
import { embed } from "./embed.ts";
import { fills } from "./fill.ts";
import { gateway } from "./gateway.ts";
import { ingest } from "./ingest.ts";
import { journal } from "./journal.ts";
import { matrix } from "./matrix.ts";
import { observe } from "./observe.ts";
import { pathway } from "./pathway.ts";
import { query } from "./query.ts";
import { storage } from "./storage.ts";
import { truth } from "./truth.ts";
import { validate } from "./validate.ts";
import { vector } from "./vector.ts";

export const house = {
  storaged: storage,
  catalogd: catalog,
  ingestd: ingest,
  queryd: query,
  embedd: embed,
  vectord: vector,
  matrixd: matrix,
  pathwayd: pathway,
  observerd: observe,
  chatd: chat,
  validatord: validate,
  journald: journal,
  truthd: truth,
  filld: fills,
} as const satisfies Record<string, Contract>;

export type ServiceName = keyof typeof house;
export type House = { readonly [N in ServiceName]: Service<(typeof house)[N]> };

/** Every contract that the gateway routes: those of the services, and distillation and its own, which it serves itself. */
export const wire = { ...house, distill, gateway } as const satisfies Record<string, Contract>;
export type Wire = { readonly [N in keyof typeof wire]: Service<(typeof wire)[N]> };

/** What stands behind the gateway, and is called by its other surfaces. */
export type BehindGateway = Omit<Wire, "gateway">;
