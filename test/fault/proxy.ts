// A proxy between two programs that injects network failures: delays, fragments, breaks in the middle, and silence. It knows bytes
// and next to nothing of HTTP. Each connection gets one toxic, drawn by a seed from those that are switched on, so that a
// client that tries again meets another line.

import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { Random } from "#lib/random";

export const TOXICS = [
  /** Nothing. */
  "clean",
  /** Every piece of the response comes late. */
  "delay",
  /** The response comes a few bytes at a time. */
  "trickle",
  /** The connection is closed in order after some bytes of the response. */
  "cut",
  /** The connection is reset after some bytes of the response. */
  "reset",
  /** The connection is reset after some bytes of the request. */
  "refuse",
  /** The end of the request is passed on at once, before the request is whole. */
  "half-close",
  /** The first response of the connection is sent twice, if it comes in one piece. */
  "twice",
  /** Whatever is said, nothing comes back. */
  "blackhole",
] as const;
export type Toxic = (typeof TOXICS)[number];

/** Where a server listens: a port of this host, or a unix socket. */
export type Place = { readonly port: number } | { readonly path: string };

export interface Proxy {
  readonly place: Place;
  /** Connections that came in so far, by what befell them. */
  readonly counts: ReadonlyMap<Toxic, number>;
  /** What new connections may meet; open ones keep what they have. */
  use(toxics: readonly Toxic[]): void;
  /** Cuts every open connection. */
  cutAll(): void;
  close(): Promise<void>;
}

/** Bytes after which a line breaks: inside a head, at its end, inside a body. */
const CUT_BYTES_MAX = 2000;
const DELAY_MS_MAX = 40;
const TWICE_MS_MAX = 4;
const TRICKLE_BYTES = 997;
const TRICKLE_MS = 1;

export async function startProxy(upstream: Place, random: Random, listenAt?: string): Promise<Proxy> {
  let toxics: readonly Toxic[] = ["clean"];
  const counts = new Map<Toxic, number>();
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    const toxic = random.pick(toxics);
    counts.set(toxic, (counts.get(toxic) ?? 0) + 1);
    const target = "port" in upstream ? { host: "127.0.0.1", port: upstream.port } : { path: upstream.path };
    const far = createConnection({ ...target, allowHalfOpen: true });
    for (const socket of [client, far]) {
      open.add(socket);
      socket.once("close", () => {
        open.delete(socket);
        for (const other of [client, far]) if (!other.destroyed) other.destroy();
      });
      socket.on("error", () => socket.destroy());
    }
    join(client, far, toxic, random);
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    const said = (): void => {
      const at = server.address();
      resolve(at !== null && typeof at === "object" ? at.port : 0);
    };
    if (listenAt === undefined) server.listen(0, "127.0.0.1", said);
    else server.listen(listenAt, said);
  });
  return {
    place: listenAt === undefined ? { port } : { path: listenAt },
    counts,
    use: (wanted) => (toxics = wanted),
    cutAll: () => {
      for (const socket of open) socket.destroy();
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function join(client: Socket, far: Socket, toxic: Toxic, random: Random): void {
  const limit = random.below(CUT_BYTES_MAX);
  let asked = 0;
  let answered = 0;
  client.on("data", (data) => {
    const bytes = Buffer.from(data);
    if (toxic === "half-close" && asked + bytes.length > limit) {
      far.end(bytes.subarray(0, Math.max(0, limit - asked)));
      asked = Number.POSITIVE_INFINITY;
      return;
    }
    if (asked === Number.POSITIVE_INFINITY) return;
    asked += bytes.length;
    if (toxic === "refuse" && asked > limit) {
      client.resetAndDestroy();
      return;
    }
    if (!far.write(bytes)) {
      client.pause();
      far.once("drain", () => client.resume());
    }
  });
  client.on("end", () => far.end());
  const answer = (bytes: Buffer): void => void (client.destroyed || client.write(bytes));
  let late = Promise.resolve();
  far.on("data", (data) => {
    const bytes = Buffer.from(data);
    const before = answered;
    answered += bytes.length;
    switch (toxic) {
      case "blackhole":
        return;
      case "cut":
      case "reset":
        if (answered <= limit) return answer(bytes);
        answer(bytes.subarray(0, Math.max(0, limit - before)));
        // What was written goes out first, so that the other side reads it.
        return void setImmediate(() => (toxic === "cut" ? client.end() : client.resetAndDestroy()));
      case "twice":
        answer(bytes);
        // Now or in a moment, when the next request may be on its way; not into the middle of its response.
        if (before === 0 && isWholeAnswer(bytes)) {
          setTimeout(() => {
            if (answered === bytes.length) answer(bytes);
          }, random.below(TWICE_MS_MAX));
        }
        return;
      case "delay":
        late = late.then(() => Bun.sleep(random.below(DELAY_MS_MAX))).then(() => answer(bytes));
        return;
      case "trickle":
        for (let at = 0; at < bytes.length; at += TRICKLE_BYTES) {
          const piece = bytes.subarray(at, at + TRICKLE_BYTES);
          late = late.then(() => Bun.sleep(TRICKLE_MS)).then(() => answer(piece));
        }
        return;
      case "clean":
      case "refuse":
      case "half-close":
        answer(bytes);
    }
  });
  far.on("end", () => {
    if (toxic !== "blackhole") late = late.then(() => void client.end());
  });
}

/** A head with a length, and a body of that length behind it. */
function isWholeAnswer(bytes: Buffer): boolean {
  const end = bytes.indexOf("\r\n\r\n");
  const head = bytes.subarray(0, Math.max(0, end)).toString("latin1");
  const length = /^content-length: (\d+)$/im.exec(head.replaceAll("\r", ""))?.[1];
  return length !== undefined && end + 4 + Number(length) === bytes.length;
}
