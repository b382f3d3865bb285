// Loads a server over raw sockets and measures it: `measure(plan)`. The generator is a process of its own
// (load-child.ts), so that neither its work nor its garbage is anybody else's, and it serves one plan after
// another, so that its code is warm. It exits with the process that started it.
//
// Closed loop (no `rate`): each client sends its next request when the last one is answered, which finds the
// most a server can do. Open loop (`rate`): requests arrive when they arrive, and latency counts from that
// moment even when every client is still waiting, as people do: a server that stands still for a second
// shows it in every request of that second (no coordinated omission).

import { fileURLToPath } from "node:url";
import type { Address } from "#rpc/remote";

export interface LoadRequest {
  /** Default POST where there is a body, else GET. */
  readonly method?: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `application/json` unless `headers` say otherwise. */
  readonly body?: string | Uint8Array;
  /** The status that should come. Default 200. */
  readonly expect?: number;
}

export interface LoadPlan {
  readonly target: Address;
  /** Connections, kept alive. */
  readonly clients: number;
  /** How long, or how many requests; 2 seconds where neither is said. */
  readonly seconds?: number;
  readonly requests?: number;
  /** Requests a second, for an open loop. */
  readonly rate?: number;
  /** Sent in turn. */
  readonly bodies: readonly LoadRequest[];
  /** The server's processes, for its CPU time. */
  readonly pids?: readonly number[];
  /** Milliseconds until a reply is given up. Default 10,000. */
  readonly timeoutMs?: number;
}

export interface Mismatch {
  readonly request: string;
  readonly expected: number;
  readonly status: number;
  readonly body: string;
}

export interface LoadResult {
  /** Replies with the expected status; the latencies are theirs. */
  readonly requests: number;
  readonly seconds: number;
  readonly per_second: number;
  readonly mean_ms: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** Requests without a reply, or with another status than expected. */
  readonly errors: number;
  /** Replies by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests without a reply, by what happened: `timeout`, `closed`, `refused`, `malformed`, `not_sent`. */
  readonly failures: Readonly<Record<string, number>>;
  readonly first_mismatch: Mismatch | null;
  /** CPU time of the server's processes for each reply; null without `pids` or /proc. */
  readonly server_cpu_us_per_request: number | null;
  /** The generator's own, to tell whether it was what limited the rate. */
  readonly load_cpu_us_per_request: number;
}

/** What the generator's process answers: a result, or why the plan could not be run. */
export type LoadReply = { readonly result: LoadResult } | { readonly error: string };

interface Generator {
  run(plan: LoadPlan): Promise<LoadResult>;
}

let generator: Generator | null = null;
/** The end of the plan that was asked for last: two loads at once would measure each other. */
let last: Promise<unknown> = Promise.resolve();

/** Runs one plan, after those that were asked for before. Rejects when no connection can be made at all. */
export function measure(plan: LoadPlan): Promise<LoadResult> {
  const run = last.then(() => {
    generator ??= start();
    return generator.run(plan);
  });
  last = run.catch(() => undefined);
  return run;
}

function start(): Generator {
  let waiting: PromiseWithResolvers<LoadResult> | null = null;
  const child = Bun.spawn(
    [process.execPath, "--no-env-file", fileURLToPath(import.meta.resolve("./load-child.ts"))],
    {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (answer: LoadReply) => {
        if ("result" in answer) waiting?.resolve(answer.result);
        else waiting?.reject(new Error(answer.error));
      },
      onExit: () => {
        generator = null;
        waiting?.reject(new Error("the load generator ended before it answered"));
      },
    },
  );
  child.unref();
  return {
    run: async (plan) => {
      waiting = Promise.withResolvers<LoadResult>();
      child.ref();
      child.send(plan);
      try {
        return await waiting.promise;
      } finally {
        child.unref();
      }
    },
  };
}
