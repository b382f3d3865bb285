// One client of a soak: it asks, reads the answer, and tells the tally of every answer that was not to come. It can
// also behave as clients do that have lost interest: give a request up, leave a stream after its first bytes, or
// close the connection in the middle of a body.

import type { Random } from "#lib/random";
import { codeOf, type Tally } from "./soak-tally.ts";

export interface Question {
  /** Default POST where there is a body, else GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is text or bytes. */
  readonly body?: unknown;
  /** Statuses that may come. Default: any success. */
  readonly expect?: readonly number[];
}

export interface Visitor {
  /** A name of its own, for what it makes in the house. */
  readonly name: string;
  readonly random: Random;
  /** A number that no visit had before. */
  next(): number;
  /** The text of the answer, empty where none came. */
  ask(path: string, question?: Question): Promise<string>;
  /** Gives the request up after so many milliseconds, if it is not answered by then. */
  giveUp(path: string, question: Question, afterMs: number): Promise<void>;
  /** Reads the first bytes of the answer and leaves. */
  leave(path: string, question: Question): Promise<void>;
  /** Promises a body, sends a part of it, and closes the connection. */
  breakOff(method: string, path: string, part: string): Promise<void>;
}

/** One that takes longer hangs: nothing here is meant to. */
const ANSWER_MS_MAX = 60_000;
/** What is promised and not sent. */
const MISSING_BYTES = 10_000;
/** Long enough for the house to have begun with the body. */
const BROKEN_OFF_MS = 5;

export interface VisitorDeps {
  readonly url: string;
  readonly name: string;
  readonly random: Random;
  readonly tally: Tally;
  /** The visit that is under way. */
  readonly visit: () => string;
}

export function visitor({ url, name, random, tally, visit }: VisitorDeps): Visitor {
  let count = 0;
  const sent = (path: string, question: Question, signal: AbortSignal): Promise<Response> => {
    tally.sent();
    return fetch(url + path, { ...initOf(question), signal });
  };
  const asked = (path: string, { method, body }: Question): string =>
    `${method ?? (body === undefined ? "GET" : "POST")} ${path}`;

  const checked = async (path: string, question: Question, response: Response): Promise<string> => {
    const text = await response.text();
    const { status } = response;
    const right = question.expect === undefined ? status < 300 : question.expect.includes(status);
    if (!right)
      tally.surprised(
        visit(),
        asked(path, question),
        codeOf(status, text),
        `${status} ${text.slice(0, 500)}`,
      );
    return right ? text : "";
  };

  return {
    name,
    random,
    next: () => (count += 1),
    ask: async (path, question = {}) => {
      const started = performance.now();
      try {
        const text = await checked(
          path,
          question,
          await sent(path, question, AbortSignal.timeout(ANSWER_MS_MAX)),
        );
        tally.answered(performance.now() - started);
        return text;
      } catch (error) {
        tally.surprised(visit(), asked(path, question), "no answer", String(error));
        return "";
      }
    },
    giveUp: async (path, question, afterMs) => {
      const signal = AbortSignal.timeout(afterMs);
      try {
        await checked(path, question, await sent(path, question, signal));
      } catch (error) {
        if (!signal.aborted) tally.surprised(visit(), asked(path, question), "no answer", String(error));
      }
    },
    leave: async (path, question) => {
      const controller = new AbortController();
      try {
        const response = await sent(path, question, controller.signal);
        if (response.ok) await response.body?.getReader().read();
        else await checked(path, question, response);
      } catch (error) {
        tally.surprised(visit(), asked(path, question), "no answer", String(error));
      } finally {
        controller.abort();
      }
    },
    breakOff: async (method, path, part) => {
      tally.sent();
      const { host, hostname, port } = new URL(url);
      const socket = await Bun.connect({ hostname, port: Number(port), socket: { data: () => undefined } });
      const length = Buffer.byteLength(part) + MISSING_BYTES;
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n${part}`);
      await Bun.sleep(BROKEN_OFF_MS);
      socket.terminate();
    },
  };
}

function initOf({ method, headers = {}, body }: Question): RequestInit {
  const json = body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array);
  return {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { ...(json ? { "content-type": "application/json" } : {}), ...headers },
    ...(body === undefined
      ? {}
      : { body: json ? JSON.stringify(body) : (body as string | Uint8Array<ArrayBuffer>) }),
  };
}
