// Bodies that come in chunks of one byte, to each kind of route that takes one: JSON, an object, a file, a form, a stream
// of vectors, rows. All of it must arrive whole, /health must answer meanwhile, and neither the processor time of the
// house nor the memory of its serving processes may follow the number of chunks.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHouseProcess } from "./house-process.ts";

/** Processor time of all processes for a million chunks; about a second is usual, a minute is what a fault takes. */
const CPU_S_MAX = 20;
/** Answers of /health in a million chunks: thousands are usual, one or two when a body holds the event loop. */
const HEALTH_MIN = 10;
/** Bytes that the serving processes may grow by in a body; 80 bytes kept for each of four million chunks are more. */
const GROWN_BYTES_MAX = 256 * 1024 * 1024;
/** Clock ticks of a second in /proc (sysconf(_SC_CLK_TCK) is 100 on every Linux that Bun runs on). */
const TICKS = 100;
/** A body is written in pieces of so many chunks. */
const PIECE_CHUNKS = 8192;

interface Route {
  readonly name: string;
  readonly line: string;
  readonly type?: string;
  readonly body: (bytes: number) => string;
  /** What is wrong with what the house made of it; undefined when nothing is. */
  readonly check: (url: string, reply: string, body: string) => Promise<string | undefined>;
}

const BOUNDARY = "----one-byte";

const lines = (bytes: number, line: (n: number) => string): string => {
  const all: string[] = [];
  for (let length = 0, n = 0; length < bytes; n += 1) length += all[all.push(line(n)) - 1]?.length ?? 0;
  return all.join("");
};
const rowsIn = (body: string): number => body.split("\n").filter((line) => /^\d/.test(line)).length;
const has = (reply: string, words: string): Promise<string | undefined> =>
  Promise.resolve(reply.includes(words) ? undefined : `answers ${reply.slice(-200)} without ${words}`);
const csv = (bytes: number): string => `id,name\n${lines(bytes, (n) => `${n},person ${n}\n`)}`;

const ROUTES: readonly Route[] = [
  {
    name: "JSON",
    line: "POST /v1/sql",
    // The limit of a JSON body is 1 MiB.
    body: (bytes) => `{"sql":"SELECT 41 + 1 AS n"${" ".repeat(Math.min(bytes, 900_000))}}`,
    check: (_, reply) => has(reply, '"rows":[{"n":42}]'),
  },
  {
    name: "an object",
    line: "PUT /v1/storage/one-byte",
    body: (bytes) => lines(bytes, (n) => `line ${n}\n`),
    check: async (url, _, body) =>
      (await (await fetch(`${url}/v1/storage/one-byte`)).text()) === body ? undefined : "the object differs",
  },
  {
    name: "a file",
    line: "POST /v1/ingest?dataset=one_byte",
    body: csv,
    check: (_, reply, body) => has(reply, `"rows_loaded":${rowsIn(body)}`),
  },
  {
    name: "a form",
    line: "POST /v1/ingest?dataset=one_byte_form",
    type: `multipart/form-data; boundary=${BOUNDARY}`,
    body: (bytes) =>
      `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n${csv(bytes)}\r\n--${BOUNDARY}--\r\n`,
    check: (_, reply, body) => has(reply, `"rows_loaded":${rowsIn(body)}`),
  },
  {
    name: "vectors",
    line: "POST /v1/vectors/one-byte/import",
    type: "application/x-ndjson",
    body: (bytes) => lines(bytes, (n) => `{"id":"v${n}","vector":[${n + 1},1]}\n`),
    check: async (url, _, body) => {
      const index = (await (await fetch(`${url}/v1/vectors/one-byte`)).json()) as { count: number };
      const wanted = body.trimEnd().split("\n").length;
      return index.count === wanted ? undefined : `${index.count} of ${wanted} vectors are there`;
    },
  },
];

export interface ChunksReport {
  readonly bodies: number;
  readonly chunks: number;
  /** Answers of /health while bodies were on their way. */
  readonly health: number;
  readonly cpuS: number;
  /** The most that the serving processes grew by in one body. */
  readonly grownMib: number;
  readonly wrong: readonly string[];
}

/** Sends each route a body of about `bytes` bytes, one byte a chunk. */
export async function oneByteChunks(bytes: number, apart: boolean): Promise<ChunksReport> {
  const data = mkdtempSync(join(tmpdir(), "fault-chunks-"));
  const wrong: string[] = [];
  const house = await startHouseProcess(data, apart);
  let [chunks, health, cpuS, grown] = [0, 0, 0, 0];
  try {
    const { url } = house;
    await fetch(`${url}/v1/vectors/one-byte`, { method: "PUT", body: JSON.stringify({ dimension: 2 }) });
    const serving = processesOf(house.pid);
    for (const route of ROUTES) {
      const body = route.body(bytes);
      const before = { cpu: ticksOf(processesOf(house.pid)), memory: residentOf(serving) };
      let done = false;
      let most = before.memory;
      const reply = sendInChunks(url, route, body).finally(() => (done = true));
      let answers = 0;
      while (!done) {
        const { status } = await fetch(`${url}/health`);
        if (status !== 200) wrong.push(`${route.name}: /health answers ${status}`);
        answers += 1;
        most = Math.max(most, residentOf(serving));
      }
      const text = await reply;
      const problem = /^HTTP\/1\.1 2\d\d/.test(text)
        ? await route.check(url, text, body)
        : text.slice(0, 300);
      if (problem !== undefined) wrong.push(`${route.name}: ${problem}`);
      const least = Math.ceil((body.length / 1e6) * HEALTH_MIN);
      if (answers < least)
        wrong.push(`${route.name}: /health answered ${answers} times, fewer than ${least}`);
      const spent = (ticksOf(processesOf(house.pid)) - before.cpu) / TICKS;
      const limit = Math.max(1, body.length / 1e6) * CPU_S_MAX;
      if (spent > limit) wrong.push(`${route.name}: took ${spent} s of the processor, more than ${limit}`);
      if (most - before.memory > GROWN_BYTES_MAX)
        wrong.push(`${route.name}: the serving processes grew by ${mib(most - before.memory)} MiB`);
      chunks += body.length;
      health += answers;
      cpuS += spent;
      grown = Math.max(grown, most - before.memory);
    }
    return { bodies: ROUTES.length, chunks, health, cpuS: Math.round(cpuS), grownMib: mib(grown), wrong };
  } finally {
    await house.kill();
    rmSync(data, { recursive: true, force: true });
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

/** Resolves with the whole reply, head and body. */
function sendInChunks(url: string, { line, type }: Route, body: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(Number(port), hostname);
  let reply = "";
  socket.on("data", (piece) => (reply += piece.toString()));
  socket.on("close", () => resolve(reply));
  socket.on("error", reject);
  socket.write(
    `${line} HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: close\r\ncontent-type: ${type ?? "application/json"}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  let at = 0;
  const more = (): void => {
    for (;;) {
      if (at >= body.length) return void socket.write("0\r\n\r\n");
      const piece = Array.from(body.slice(at, at + PIECE_CHUNKS), (byte) => `1\r\n${byte}\r\n`).join("");
      at += PIECE_CHUNKS;
      if (!socket.write(piece)) return void socket.once("drain", more);
    }
  };
  more();
  return promise;
}

/** Ids of the processes of a group. */
function processesOf(group: number): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => statOf(pid)?.[2] === String(group));
}

/** Fields of /proc/PID/stat after the name: state, parent, group, ...; undefined for one that has ended. */
function statOf(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return undefined;
  }
}

/** Processor time in ticks, of children that have ended too. */
function ticksOf(pids: readonly number[]): number {
  const ofOne = (pid: number): number =>
    [11, 12, 13, 14].reduce((sum, field) => sum + Number(statOf(pid)?.[field] ?? 0), 0);
  return pids.reduce((sum, pid) => sum + ofOne(pid), 0);
}

function residentOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(statOf(pid)?.[21] ?? 0) * 4096, 0);
}
