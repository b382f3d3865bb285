// A house over lines that fail while clients use it: every socket between its daemons goes through a proxy, or the
// line between storaged and its S3 server does, and that server fails by itself too. While a line is bad, an answer
// is right and whole or a fault of a known kind; once it is good again, everything that was acknowledged is there
// once, what was not is sent again and counts once, and nobody has to be restarted.

import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, seeded } from "#lib/random";
import { type HouseProcess, startHouseProcess } from "./house-process.ts";
import { DAEMONS } from "./kill.ts";
import {
  acknowledgedIn,
  check,
  contentOf,
  type Ledger,
  newLedger,
  prepare,
  send,
  startWriters,
  unansweredIn,
  untilOk,
  WRITING_MS_MAX,
} from "./ledger.ts";
import { type Proxy, startProxy, type Toxic, TOXICS } from "./proxy.ts";
import { S3_FAULTS, S3_PLACE, type S3TestServer, startS3Server } from "./s3-server.ts";

/** `daemons`: a house apart, every socket of it. `s3`: a house together, between storaged and the object store. */
export const LINES = ["daemons", "s3"] as const;
export type Line = (typeof LINES)[number];

export interface NetworkReport {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly unanswered: number;
  /** Connections that a toxic befell. */
  readonly spoiled: number;
  /** Answers that were not good, by code. */
  readonly told: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

/** Too large to be held in memory on a hop, so that they are streamed. */
const LARGE_BYTES = 700_000;
const LARGE_OBJECTS = 2;
const READERS = 3;
/** What a client may be told while a line is bad. */
const EXPECTED = new Set(["unavailable", "timeout", "upstream", "cancelled", "rate_limited", "conflict"]);
/** Of a hundred requests to the S3 server, so many fail in the server itself. */
const S3_FAIL_PERCENT = 5;

interface Lines {
  readonly house: HouseProcess;
  readonly proxies: readonly Proxy[];
  /** The server's own faults. */
  spoil(random: Random): void;
  calm(): void;
  close(): Promise<void>;
}

export async function networkRounds(seed: number, rounds: number, line: Line): Promise<NetworkReport> {
  const data = mkdtempSync(join(tmpdir(), "fault-net-"));
  const random = seeded(seed);
  const ledger = newLedger();
  const told: Record<string, number> = {};
  const wrong: string[] = [];
  let unanswered = 0;
  const lines = await (line === "daemons" ? betweenDaemons(data, random) : toS3(data, random));
  const { house, proxies } = lines;
  try {
    await putLarge(house.url);
    for (let round = 0; round < rounds && wrong.length === 0; round += 1) {
      await prepare(house.url, ledger);
      const firstNew = ledger.next;
      for (const proxy of proxies) proxy.use(chosenToxics(random, line));
      lines.spoil(random);
      // Kept connections were made before: they break, as on a line that does.
      for (const proxy of proxies) proxy.cutAll();
      let writing = true;
      const clients = [
        ...startWriters(house.url, ledger, random, () => writing),
        ...Array.from({ length: READERS }, () =>
          read(house.url, ledger, random, { told, wrong }, () => writing),
        ),
      ];
      await Bun.sleep(WRITING_MS_MAX / 2 + random.below(WRITING_MS_MAX));
      writing = false;
      for (const proxy of proxies) proxy.use(["clean"]);
      lines.calm();
      // Whoever waits in a black hole finds out now and not by its deadline.
      for (const proxy of proxies) proxy.cutAll();
      await Promise.all(clients);
      unanswered += unansweredIn(ledger);
      const found = await check(house.url, ledger, firstNew).catch((error: unknown) => [
        `the house does not answer: ${error instanceof Error ? error.message : String(error)}`,
      ]);
      wrong.push(...found.map((text) => `round ${round}: ${text}`));
    }
    const spoiled = proxies.flatMap(({ counts }) => [...counts]).filter(([toxic]) => toxic !== "clean");
    return {
      rounds,
      acknowledged: acknowledgedIn(ledger),
      unanswered,
      spoiled: spoiled.reduce((sum, [, count]) => sum + count, 0),
      told,
      wrong,
    };
  } finally {
    await house.kill();
    await lines.close();
    if (wrong.length === 0) rmSync(data, { recursive: true, force: true });
    else wrong.push(`the folder is kept: ${data}`);
  }
}

/**
 * One or two toxics beside clean connections; now and then only them. An S3 server does not say which question it
 * answers, so that an answer that comes twice cannot be told from the next one; between daemons it can.
 */
function chosenToxics(random: Random, line: Line): Toxic[] {
  const known = line === "s3" ? TOXICS.filter((toxic) => toxic !== "twice") : TOXICS;
  const bad = [random.pick(known), random.pick(known)];
  return random.below(4) === 0 ? bad : [...bad, "clean", "clean"];
}

async function betweenDaemons(data: string, random: Random): Promise<Lines> {
  const house = await startHouseProcess(data, true);
  const proxies: Proxy[] = [];
  for (const name of DAEMONS) {
    const socket = join(data, "run", `${name}.sock`);
    const far = join(data, "run", `${name}.far`);
    // A socket is found by its name: under this one clients find the proxy from now on.
    renameSync(socket, far);
    proxies.push(await startProxy({ path: far }, random, socket));
  }
  const close = async (): Promise<void> => {
    for (const proxy of proxies) await proxy.close();
  };
  return { house, proxies, spoil: () => undefined, calm: () => undefined, close };
}

async function toS3(data: string, random: Random): Promise<Lines> {
  const server = await startS3Server();
  const proxy = await startProxy({ port: Number(new URL(server.endpoint).port) }, random);
  const port = "port" in proxy.place ? proxy.place.port : 0;
  const house = await startHouseProcess(data, false, {
    LAKEHOUSE_S3_ENDPOINT: `http://127.0.0.1:${port}`,
    LAKEHOUSE_S3_BUCKET: S3_PLACE.bucket,
    LAKEHOUSE_S3_REGION: S3_PLACE.region,
    LAKEHOUSE_S3_ACCESS_KEY: S3_PLACE.accessKeyId,
    LAKEHOUSE_S3_SECRET_KEY: S3_PLACE.secretAccessKey,
    LAKEHOUSE_S3_PATH_STYLE: "true",
  });
  return {
    house,
    proxies: [proxy],
    spoil: (seedOf) => (server.choose = chooser(seedOf)),
    calm: () => (server.choose = () => undefined),
    close: async () => {
      await proxy.close();
      await server.close();
    },
  };
}

/** The server's faults but for those that end only by a deadline of many seconds: the line has them, until it is cut. */
function chooser(random: Random): S3TestServer["choose"] {
  const faults = S3_FAULTS.filter((fault) => !fault.includes("hang"));
  return () => (random.below(100) < S3_FAIL_PERCENT ? random.pick(faults) : undefined);
}

const largeOf = (n: number): string => `large ${n}\n`.repeat(LARGE_BYTES / 8);

async function putLarge(url: string): Promise<void> {
  for (let n = 0; n < LARGE_OBJECTS; n += 1) {
    const body = largeOf(n);
    await untilOk(() => send(url, `/v1/storage/large/${n}`, { method: "PUT", body }));
  }
}

interface Notes {
  readonly told: Record<string, number>;
  readonly wrong: string[];
}

/** Reads objects while lines are bad: each answer is the whole content, or says that it is not. */
async function read(
  url: string,
  ledger: Ledger,
  random: Random,
  { told, wrong }: Notes,
  writing: () => boolean,
): Promise<void> {
  while (writing()) {
    const known = [...ledger.objects];
    const large = known.length === 0 || random.below(3) === 0;
    const n = large ? random.below(LARGE_OBJECTS) : random.pick(known);
    const path = large ? `large/${n}` : `kill/${n}`;
    try {
      const reply = await send(url, `/v1/storage/${path}`, {});
      const text = await reply.text();
      if (reply.ok) {
        if (text !== (large ? largeOf(n) : contentOf(n)))
          wrong.push(`${path} was read as ${text.length} other bytes, status ${reply.status}`);
        continue;
      }
      const { error } = JSON.parse(text) as { error?: { code?: string; message?: string } };
      const code = error?.code ?? "none";
      told[code] = (told[code] ?? 0) + 1;
      const damage = code === "internal" && error?.message?.includes("damaged") === true;
      if (!EXPECTED.has(code) && !damage) wrong.push(`${path} was answered with ${code}: ${error?.message}`);
    } catch {
      // The connection to the gateway broke in the middle of an answer that had begun: it does not look whole.
      told["broken off"] = (told["broken off"] ?? 0) + 1;
    }
    await Bun.sleep(5);
  }
}
