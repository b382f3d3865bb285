// The public wire, typed by the contracts: `filld.open(input)` is the operation that a neighbour of the service would call.
// Nothing else of the console sends requests.

import type { fills } from "#contracts/fill";
import type { matrix } from "#contracts/matrix";
import type { Service } from "#rpc/contract";
import { keyHeaders, refusedKey } from "./access-key.ts";
import { FILLS, MATRIX, type Operation } from "./operations.ts";
import { recordSent, written } from "./requests.ts";
import { faultOf, toWireFault } from "./wire-fault.ts";

export const filld = serviceOf(FILLS) as Pick<Service<typeof fills>, keyof typeof FILLS>;
export const matrixd = serviceOf(MATRIX) as Pick<Service<typeof matrix>, keyof typeof MATRIX>;

type Input = Readonly<Record<string, unknown>>;

function serviceOf(operations: Readonly<Record<string, Operation>>): Record<string, unknown> {
  const calls = Object.entries(operations).map(([name, operation]) => [
    name,
    async (input: Input) => (await send(operation, input)).json(),
  ]);
  return Object.fromEntries(calls);
}

/** Sends one request; throws `WireFault` for every reply that is not a success. */
export async function send(
  operation: Operation,
  input: Input,
  { accept = "application/json", signal }: { accept?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  recordSent({ operation, input, at: Date.now() });
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
