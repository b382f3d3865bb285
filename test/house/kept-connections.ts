// Clients that keep their connections and never send a request twice: each asks, reads the answer whole, asks again
// over the same connection, and reconnects only after `connection: close`. Whatever else ends a connection,
// a refused dial, and every answer of 5xx is a failure. A client that retries would hide what is to be seen.

import { connect, type Socket } from "node:net";

export interface Tally {
  answered: number;
  /** Answers that ended their connection, as announced. */
  closes: number;
  /** The longest that a client waited for an answer, its dialling included. */
  slowestMs: number;
  readonly failures: string[];
  /** By what `by` tells of an answer's body. */
  readonly answeredBy: Map<string, number>;
}

export interface Load {
  readonly tally: Tally;
  /** Lets every client finish what it asked, and ends. */
  stop(): Promise<Tally>;
}

export interface LoadOptions {
  readonly url: string;
  readonly clients: number;
  readonly path: string;
  /** A body to POST; without one it is a GET. */
  readonly body?: string;
  /** Between an answer and the next question. */
  readonly pauseMs?: number;
  /** Reconnects for every request. */
  readonly fresh?: boolean;
  /** Whether a refused dial is the end of the client and no failure: the server has stopped. */
  readonly mayEnd?: boolean;
  readonly by?: (body: string) => string;
}

interface KeptReply {
  readonly status: number;
  readonly close: boolean;
  readonly body: string;
}

export function load(options: LoadOptions): Load {
  const tally: Tally = { answered: 0, closes: 0, slowestMs: 0, failures: [], answeredBy: new Map() };
  let running = true;
  const clients = Array.from({ length: options.clients }, () => client(options, tally, () => running));
  return {
    tally,
    stop: async () => {
      running = false;
      await Promise.all(clients);
      return tally;
    },
  };
}

async function client(options: LoadOptions, tally: Tally, running: () => boolean): Promise<void> {
  let line: Line | undefined;
  while (running()) {
    const started = performance.now();
    try {
      line ??= await dial(options.url);
    } catch (error) {
      const refused = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
      if (!(refused && options.mayEnd === true)) tally.failures.push(`dial: ${(error as Error).message}`);
      return;
    }
    try {
      const { status, close, body } = await line.ask(questionOf(options));
      tally.answered += 1;
      tally.slowestMs = Math.max(tally.slowestMs, performance.now() - started);
      if (status >= 500) tally.failures.push(`${status}: ${body.slice(0, 200)}`);
      const by = options.by?.(body) ?? String(status);
      tally.answeredBy.set(by, (tally.answeredBy.get(by) ?? 0) + 1);
      if (close) tally.closes += 1;
      if (close || options.fresh === true) {
        line.end();
        line = undefined;
      }
    } catch (error) {
      tally.failures.push(`ask: ${(error as Error).message}`);
      line?.end();
      line = undefined;
    }
    if (options.pauseMs !== undefined) await Bun.sleep(options.pauseMs);
  }
  line?.end();
}

function questionOf({ url, path, body }: LoadOptions): string {
  const host = new URL(url).host;
  if (body === undefined) return `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
  return `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

interface Line {
  ask(question: string): Promise<KeptReply>;
  end(): void;
}

async function dial(url: string): Promise<Line> {
  const { hostname, port } = new URL(url);
  const socket: Socket = await new Promise((resolve, reject) => {
    const dialled = connect({ host: hostname, port: Number(port), noDelay: true }, () => resolve(dialled));
    dialled.once("error", reject);
  });
  let heard = Buffer.alloc(0);
  let waiting: { resolve: (answer: KeptReply) => void; reject: (error: Error) => void } | undefined;
  let ended: Error | undefined;
  const end = (error: Error): void => {
    ended ??= error;
    waiting?.reject(ended);
  };
  socket.on("data", (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    const answer = readAnswer(heard);
    if (answer === undefined) return;
    heard = Buffer.alloc(0);
    waiting?.resolve(answer);
    waiting = undefined;
  });
  socket.on("error", end);
  socket.on("close", () => end(new Error("the connection was closed without a word")));
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        waiting = { resolve, reject };
        socket.write(question);
      }),
    end: () => socket.destroy(),
  };
}

/** An answer with a length, or in chunks; undefined while it is not whole. */
function readAnswer(heard: Buffer): KeptReply | undefined {
  const headEnd = heard.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const head = heard.toString("latin1", 0, headEnd).toLowerCase();
  const rest = heard.subarray(headEnd + 4);
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  const whole =
    length === undefined ? rest.toString("latin1").endsWith("0\r\n\r\n") : rest.length >= Number(length);
  if (!whole) return undefined;
  return {
    status: Number(head.slice(9, 12)),
    close: /\r\nconnection: close/.test(head),
    body: rest.toString("utf8"),
  };
}
