// A call of a language model through the whole house, beside the same call to its provider: what the edge, the neutral
// model, budgets, breakers and usage cost. The provider is a server that replies at once, so that nothing hides it.
// Portkey's gateway does the same work in the same run, where it can be installed.

import { assert, present } from "#lib/assert";
import { type LoadRequest, type LoadResult, measure } from "./load/load.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bar, Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { startHouse } from "./servers/house.ts";
import { startPortkey } from "./servers/portkey.ts";
import { startServer } from "./servers/server-process.ts";

const CLIENTS = 16;
const CHUNKS = 100;
const ADDED_P50_MS_MAX = 0.15;
const ADDED_P99_MS_MAX = 1;
const STREAM_ADDED_MS_MAX = 0.15;
const PER_SECOND_MIN = 8000;
/** Of a round, one after another. */
const STREAMS = 300;

const MESSAGES = [
  { role: "system", content: "You answer for a staffing desk, briefly." },
  { role: "user", content: "Who can drive a forklift in Springfield, IL on Monday at 6 in the morning?" },
];

export const bench: Bench = {
  name: "chat",
  summary: `a chat call through the house and by its side, 1 and ${CLIENTS} clients, and a stream of ${CHUNKS} chunks`,
  rows,
};

type Name = "house" | "portkey" | "provider" | "pipe";

interface Target {
  readonly url: string;
  readonly request: LoadRequest;
  readonly streamed: RequestInit & { readonly path: string };
}

function target(url: string, path: string, body: object, headers: Record<string, string> = {}): Target {
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
  return {
    url,
    request: { path, headers: init.headers, body: JSON.stringify(body) },
    streamed: { path, ...init, body: JSON.stringify({ ...body, stream: true }) },
  };
}

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const provider = await startServer(import.meta.resolve("./servers/bare-chat.ts"), String(CHUNKS));
  const house = await startHouse({
    apart: false,
    environment: { LAKEHOUSE_CHAT_URLS: `bare=${provider.url}/v1` },
  });
  const pipe = await startServer(
    import.meta.resolve("./servers/bare-pipe.ts"),
    `${provider.url}/v1/chat/completions`,
  );
  const portkey = await startPortkey();
  if ("absent" in portkey) process.stderr.write(`chat: without Portkey: ${portkey.absent}\n`);
  const targets: Partial<Record<Name, Target>> = {
    house: target(house.url, "/v1/chat", { model: "bare/bare", messages: MESSAGES }),
    provider: target(provider.url, "/v1/chat/completions", { model: "bare", messages: MESSAGES }),
    pipe: target(pipe.url, "/", { model: "bare", messages: MESSAGES }),
    ...("absent" in portkey
      ? {}
      : {
          portkey: target(
            portkey.url,
            "/v1/chat/completions",
            { model: "bare", messages: MESSAGES },
            {
              authorization: "Bearer none",
              "x-portkey-provider": "openai",
              "x-portkey-custom-host": `${provider.url}/v1`,
            },
          ),
        }),
  };
  const runs = <T>(of: Partial<Record<Name, Target>>, run: (of: Target) => Promise<T>): Promise<Results<T>> =>
    inTurns(
      rounds,
      Object.fromEntries(Object.entries(of).map(([name, one]) => [name, () => run(one)])) as Record<
        Name,
        () => Promise<T>
      >,
    );
  const load = async ({ url, request }: Target, clients: number): Promise<LoadResult> =>
    sound(await measure({ target: { url }, clients, seconds, bodies: [request] }));
  try {
    const alone = await runs(targets, (of) => load(of, 1));
    const together = await runs(targets, (of) => load(of, CLIENTS));
    const streams = await runs(targets, streamMs);
    return [
      addedRow("added, p50 of one client", alone, "portkey", ({ p50_ms: ms }) => ms, ADDED_P50_MS_MAX),
      addedRow("added, p99 of one client", alone, "portkey", ({ p99_ms: ms }) => ms, ADDED_P99_MS_MAX),
      throughputRow(together),
      addedRow(
        `added to a stream of ${CHUNKS} chunks, p50`,
        streams,
        "pipe",
        (ms) => ms,
        STREAM_ADDED_MS_MAX,
      ),
    ];
  } finally {
    await house.stop();
    await pipe.stop();
    await provider.stop();
    if (!("absent" in portkey)) await portkey.stop();
  }
}

/** The median of streams, one after another, from the request to the last byte. */
async function streamMs({ url, streamed: { path, ...init } }: Target): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < STREAMS; at += 1) {
    const started = performance.now();
    const text = await (await fetch(url + path, init)).text();
    times.push(performance.now() - started);
    if (at === 0) assert(text.includes("word"), `a stream of words, and not ${text.slice(0, 300)}`);
  }
  return medianOf(times);
}

/** By name, those that ran. */
type Results<T> = Partial<Record<Name, T[]>> & Record<"house" | "provider", T[]>;

const TITLES: Readonly<Record<Name, string>> = {
  house: "the house",
  portkey: "Portkey",
  provider: "the provider",
  pipe: "a bare pipe",
};

function addedRow<T>(
  name: string,
  results: Results<T>,
  peer: Name,
  ms: (of: T) => number,
  limit: number,
): Row {
  const bar: Bar = { of: "figure", is: "<=", limit };
  const added = (of: readonly T[]): number[] =>
    of.map((result, round) => ms(result) - ms(present(results.provider[round], "its pair")));
  const ours = added(results.house);
  const theirs = results[peer] === undefined ? undefined : added(results[peer]);
  const everyone = Object.entries(results).map(
    ([of, found]) => [`${of}_ms`, medianOf(found.map(ms))] as const,
  );
  return {
    name,
    unit: "ms",
    subject: spreadOf(ours),
    reference: theirs === undefined ? null : { name: TITLES[peer], figure: medianOf(theirs) },
    ratio: theirs === undefined ? null : ratioOf(ours, theirs, (value) => value),
    bar,
    figures: Object.fromEntries(everyone),
  };
}

function throughputRow(results: Results<LoadResult>): Row {
  const perSecond = (of: LoadResult): number => of.per_second;
  const peer = results.portkey;
  return {
    name: `calls, ${CLIENTS} clients`,
    unit: "requests/s",
    subject: spreadOf(results.house.map(perSecond)),
    reference: peer === undefined ? null : { name: TITLES.portkey, figure: medianOf(peer.map(perSecond)) },
    ratio: peer === undefined ? null : ratioOf(results.house, peer, perSecond),
    bar: { of: "figure", is: ">=", limit: PER_SECOND_MIN },
    figures: {
      provider_per_second: medianOf(results.provider.map(perSecond)),
      p50_ms: medianOf(results.house.map(({ p50_ms: ms }) => ms)),
      p99_ms: medianOf(results.house.map(({ p99_ms: ms }) => ms)),
    },
  };
}
