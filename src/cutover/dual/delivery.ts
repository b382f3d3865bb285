// One write on the second side: tried until that side took or refused it, always under one idempotency key, and the two replies
// compared where they are small text.

import { pause } from "#lib/abort";
import { deadline } from "#lib/coarse-timer";
import type { Log } from "#lib/log";
import type { BackedRoute } from "#rpc/backend";
import type { Exchange } from "#rpc/exchange";
import { Fault } from "#rpc/fault";
import type { Difference } from "../diff/compare.ts";
import { differencesOf } from "../diff/replies.ts";
import type { DialectName, Upstream } from "../ledger/ledger.ts";
import { passThrough } from "../pass-through.ts";
import type { Intent, Written } from "./dual-write.ts";
import type { Due } from "./write-queue.ts";

/** Of a reply that is compared. */
const REPLY_BYTES_MAX = 16 * 1024;
const TIMEOUT_MS = 30_000;
/** Between tries: doubled up to the longest; together about half an hour. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 30_000;
const TRIES_MAX = 60;
/** From here on the side that answers has failed. */
const FAILED = 500;

export interface DeliveryDeps {
  /** By method and route. */
  readonly natives: ReadonlyMap<string, BackedRoute["native"]>;
  readonly upstream: (dialect: DialectName) => Upstream | undefined;
  readonly prefixOf: (dialect: DialectName) => string;
  readonly log: Log;
  /** Fires when the house stops. */
  readonly closing: AbortSignal;
  readonly retryMs?: number | undefined;
}

export interface Delivery {
  /** Undefined when the house stops first. */
  deliver(due: Due): Promise<Written | undefined>;
  /** The newest failure of the second side; null once it took a write. */
  problem(): string | null;
}

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { natives, upstream, prefixOf, log, closing, retryMs = RETRY_MS } = deps;
  let problem: string | null = null;

  const deliver: Delivery["deliver"] = async ({ write, second, firstStatus, reply }) => {
    const { id, at, route, method, path } = write;
    const about = { id, at, route, method, path, second, first_status: firstStatus };
    for (let attempts = 1; ; attempts += 1) {
      let why: string;
      try {
        const { status, body } = await send(write, second);
        if (status < 400) {
          const differences =
            reply === undefined || body === undefined ? undefined : repliesDiffer(reply, body);
          problem = null;
          return {
            ...about,
            state: "done",
            second_status: status,
            attempts,
            ...(differences === undefined ? {} : { differences }),
          };
        }
        why = `the second side answers ${status}.`;
        const again = status >= FAILED || status === 429 || status === 408;
        if (!again) return { ...about, state: "failed", second_status: status, attempts, why };
      } catch (thrown) {
        why = thrown instanceof Fault ? thrown.message : "the second side does not answer.";
      }
      if (problem === null) log.warn("a write cannot be made on the second side yet", { route, why });
      problem = why;
      if (attempts >= TRIES_MAX) return { ...about, state: "failed", attempts, why };
      await pause(Math.min(RETRY_MS_MAX, retryMs * 2 ** Math.min(attempts - 1, 20)), closing);
      if (closing.aborted) return undefined;
    }
  };

  const send = async (
    write: Intent,
    second: Due["second"],
  ): Promise<{ status: number; body: string | undefined }> => {
    const dialect = write.route.slice(0, write.route.indexOf(":")) as DialectName;
    const late = new AbortController();
    const end = deadline(Date.now() + TIMEOUT_MS, () => late.abort());
    try {
      const exchange: Exchange = {
        requestId: `${write.id}.dual`,
        ...(write.caller === undefined ? {} : { caller: write.caller }),
        timeoutMs: TIMEOUT_MS,
        seal: () => undefined,
      };
      const body = write.body === null ? null : Buffer.from(write.body, "base64");
      const headers = {
        ...write.headers,
        ...(body === null ? {} : { "content-length": String(body.byteLength) }),
      };
      const request = new Request(`http://localhost${write.path}`, {
        method: write.method,
        headers,
        signal: AbortSignal.any([late.signal, closing]),
        ...(body === null ? {} : { body }),
      });
      if (second === "upstream") {
        const to = upstream(dialect);
        if (to === undefined)
          throw new Fault("unavailable", `There is no upstream of the ${dialect} dialect.`);
        const { response } = await passThrough(to, prefixOf(dialect), request, exchange);
        return { status: response.status, body: await smallText(response) };
      }
      const native = natives.get(`${write.method} ${write.route}`);
      if (native === undefined) throw new Fault("not_found", `There is no ${write.route} here.`);
      const response = await native(request, exchange);
      return { status: response.status, body: await smallText(response) };
    } finally {
      end.clear();
    }
  };

  return { deliver, problem: () => problem };
}

/** Undefined of a large reply, which is not read. */
async function smallText(response: Response): Promise<string | undefined> {
  if (response.body === null) return "";
  const bytes = Number(response.headers.get("content-length") ?? 0);
  if (bytes > REPLY_BYTES_MAX) {
    await response.body.cancel();
    return undefined;
  }
  const held = await response.arrayBuffer();
  return comparable(held);
}

/** Of fields that each side makes for itself. */
const OWN = /(^|[._])(id|etag|version|snapshot|key_id)$/;

function repliesDiffer(there: string, here: string): Difference[] {
  const reply = (text: string) => ({
    status: 200,
    type: "application/json",
    body: new TextEncoder().encode(text).buffer,
    ms: 0,
  });
  return differencesOf(reply(there), reply(here)).map((difference) =>
    difference.kind === "value" && OWN.test(difference.path)
      ? { ...difference, explained: true, detail: "each side makes its own" }
      : difference,
  );
}

/** The text of a reply that is small enough to be compared. */
export function comparable(bytes: ArrayBuffer): string | undefined {
  return bytes.byteLength > REPLY_BYTES_MAX ? undefined : new TextDecoder().decode(bytes);
}
