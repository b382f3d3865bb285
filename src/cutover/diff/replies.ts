// Two whole replies compared: their statuses, then their JSON by meaning, and what is no JSON byte by byte.

import { jsonOr } from "#lib/json-or";
import { yieldToEventLoop } from "#lib/event-loop";
import { compare, type Difference } from "./compare.ts";

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: ArrayBuffer;
  readonly ms: number;
}

export function differencesOf(there: Reply, here: Reply): Difference[] {
  return ofStatus(there, here) ?? ofBodies(there, here, jsonOf(there.body), jsonOf(here.body));
}

/** The same, with requests served between reading one body, reading the other, and comparing them. */
export async function differencesInSteps(there: Reply, here: Reply): Promise<Difference[]> {
  const found = ofStatus(there, here);
  if (found !== undefined) return found;
  const a = jsonOf(there.body);
  await yieldToEventLoop();
  const b = jsonOf(here.body);
  await yieldToEventLoop();
  return ofBodies(there, here, a, b);
}

function ofStatus(there: Reply, here: Reply): Difference[] | undefined {
  if (there.status === here.status) return undefined;
  const detail = `${there.status} there, ${here.status} here`;
  return [{ path: "status", kind: "status", explained: false, detail }];
}

function ofBodies(there: Reply, here: Reply, a: unknown, b: unknown): Difference[] {
  if (a !== undefined && b !== undefined) return compare(a, b);
  const same = Buffer.from(there.body).equals(Buffer.from(here.body));
  return same ? [] : [{ path: "body", kind: "body", explained: false, detail: "other bytes" }];
}

/** Undefined for what is not JSON. */
export function jsonOf(body: ArrayBuffer | null): unknown {
  if (body === null || body.byteLength === 0) return undefined;
  return jsonOr(new TextDecoder().decode(body));
}
