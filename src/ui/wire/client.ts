// The public wire, typed by the contracts: `filld.open(input)` is the operation that a neighbour of the service would call.
// Nothing else of the console sends requests.

import type { catalog } from "#contracts/catalog";
import type { chat } from "#contracts/chat";
import type { distill } from "#contracts/distill";
import type { fills } from "#contracts/fill";
import type { gateway as gatewayContract } from "#contracts/gateway";
import type { ingest } from "#contracts/ingest";
import type { journal } from "#contracts/journal";
import type { matrix } from "#contracts/matrix";
import type { observe } from "#contracts/observe";
import type { pathway } from "#contracts/pathway";
import type { query } from "#contracts/query";
import type { truth } from "#contracts/truth";
import type { vector } from "#contracts/vector";
import type { Service } from "#rpc/contract";
import { keyHeaders, refusedKey } from "./access-key.ts";
import {
  CATALOG,
  CHAT,
  DISTILL,
  FILLS,
  GATEWAY,
  INGEST,
  JOURNAL,
  MATRIX,
  OBSERVER,
  type Operation,
  PATHWAY,
  QUERY,
  TRUTH,
  VECTORS,
} from "./operations.ts";
import { recordSent, written } from "./requests.ts";
import { faultOf, toWireFault } from "./wire-fault.ts";

export const filld = serviceOf(FILLS) as Pick<Service<typeof fills>, keyof typeof FILLS>;
export const matrixd = serviceOf(MATRIX) as Pick<Service<typeof matrix>, keyof typeof MATRIX>;
export const catalogd = serviceOf(CATALOG) as Pick<Service<typeof catalog>, keyof typeof CATALOG>;
export const ingestd = serviceOf({ replay: INGEST.replay }) as Pick<Service<typeof ingest>, "replay">;
export const queryd = serviceOf(QUERY) as Pick<Service<typeof query>, keyof typeof QUERY>;
export const vectord = serviceOf(VECTORS) as Pick<Service<typeof vector>, keyof typeof VECTORS>;
export const journald = serviceOf(JOURNAL) as Pick<Service<typeof journal>, keyof typeof JOURNAL>;
export const observerd = serviceOf(OBSERVER) as Pick<Service<typeof observe>, keyof typeof OBSERVER>;
export const gateway = serviceOf(GATEWAY) as Pick<Service<typeof gatewayContract>, keyof typeof GATEWAY>;
export const chatd = serviceOf(CHAT) as Pick<Service<typeof chat>, keyof typeof CHAT>;
export const distilld = serviceOf(DISTILL) as Pick<Service<typeof distill>, keyof typeof DISTILL>;
export const pathwayd = serviceOf(PATHWAY) as Pick<Service<typeof pathway>, keyof typeof PATHWAY>;
export const truthd = serviceOf(TRUTH) as Pick<Service<typeof truth>, keyof typeof TRUTH>;

type Input = Readonly<Record<string, unknown>>;

interface Stoppable {
  readonly signal?: AbortSignal;
}

function serviceOf(operations: Readonly<Record<string, Operation>>): Record<string, unknown> {
  const calls = Object.entries(operations).map(([name, operation]) => [
    name,
    async (input: Input, { signal }: Stoppable = {}) => {
      const reply = await send(operation, input, signal === undefined ? {} : { signal });
      return reply.status === 204 ? null : reply.json();
    },
  ]);
  return Object.fromEntries(calls);
}

/**
 * Sends one request; throws `WireFault` for every reply that is not a success. What nobody asked for is not `recorded` among
 * those that a person did.
 */
export async function send(
  operation: Operation,
  input: Input,
  {
    accept = "application/json",
    signal,
    recorded = true,
  }: { accept?: string; signal?: AbortSignal; recorded?: boolean } = {},
): Promise<Response> {
  if (recorded) recordSent({ operation, input, at: Date.now() });
  const { path, query, body } = written(operation, input);
  let reply: Response;
  try {
    reply = await fetch(path + query, {
      method: operation.method,
      headers: {
        accept,
        ...keyHeaders(),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (thrown) {
    throw toWireFault(thrown);
  }
  if (reply.ok) return reply;
  if (reply.status === 401) refusedKey();
  throw await faultOf(reply);
}
