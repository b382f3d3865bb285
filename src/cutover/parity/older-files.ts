// Files of the older side over HTTP: contents as base64, so that a byte is a byte.

import { Fault } from "#rpc/fault";
import { jsonOf } from "../diff/replies.ts";
import type { DialectName } from "../ledger/ledger.ts";
import type { Side } from "../side.ts";
import { jsonRequest } from "./http-probe.ts";
import type { Files } from "./probe.ts";

export function asWire(files: Files): Record<string, string> {
  return Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]));
}

export function asFiles(wire: unknown): Files {
  const entries = Object.entries((wire ?? {}) as Record<string, unknown>);
  return new Map(entries.map(([name, text]) => [name, Buffer.from(String(text), "base64")]));
}

/** The fields of its reply, or in words why there is none. */
export async function askFiles(
  side: Side,
  dialect: DialectName,
  target: string,
  body: object,
): Promise<Record<string, unknown> | string> {
  try {
    const reply = await side.send(jsonRequest(target, body), dialect);
    if (reply.status === 404) {
      return `${side.name} has no POST ${target}: name a root that it wrote with --root`;
    }
    const json = jsonOf(reply.body);
    if (reply.status !== 200 || typeof json !== "object" || json === null) {
      return `${side.name} answers POST ${target} with ${reply.status}`;
    }
    return json as Record<string, unknown>;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.message;
    throw thrown;
  }
}
