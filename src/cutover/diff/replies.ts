// Two whole replies compared: their statuses, then their JSON by meaning, and what is no JSON byte by byte.

import { jsonOr } from "#lib/json-or";
import { compare, type Difference } from "./compare.ts";

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: ArrayBuffer;
  readonly ms: number;
}

export function differencesOf(there: Reply, here: Reply): Difference[] {
  if (there.status !== here.status) {
    const detail = `${there.status} there, ${here.status} here`;
    return [{ path: "status", kind: "status", explained: false, detail }];
  }
  const [a, b] = [jsonOf(there.body), jsonOf(here.body)];
  if (a !== undefined && b !== undefined) return compare(a, b);
  const same = Buffer.from(there.body).equals(Buffer.from(here.body));
  return same ? [] : [{ path: "body", kind: "body", explained: false, detail: "other bytes" }];
}

/** Undefined for what is not JSON. */
export function jsonOf(body: ArrayBuffer | null): unknown {
  if (body === null || body.byteLength === 0) return undefined;
  return jsonOr(new TextDecoder().decode(body));
}
