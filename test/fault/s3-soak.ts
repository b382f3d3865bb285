// Clients of the S3 backend over a server that fails at random: plain writes by one writer a key, claims that one
// may win, counters that are raised by comparing, and reads of all of it. The server's journal tells what was
// carried out. What was acknowledged must be in it, and once; what is read must be what somebody wrote, whole;
// and whatever else happens is a fault of a known kind, in time.

import type { S3Timeouts } from "#adapters/objects/s3/client";
import { s3Objects } from "#adapters/objects/s3/s3";
import { bytesOf, type Objects, type PutConditions, readAll } from "#adapters/objects/objects";
import { type Random, seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { S3_FAULTS, S3_PLACE, type S3Fault, type S3TestServer, startS3Server } from "./s3-server.ts";

export interface S3Report {
  readonly operations: number;
  readonly acknowledged: number;
  readonly told: Readonly<Record<string, number>>;
  readonly injected: number;
  readonly wrong: readonly string[];
}

const TIMEOUTS: S3Timeouts = { responseMsMax: 120, idleMsMax: 120, pauseMs: 1 };
/** The longest way through four tries, each with a look at what is stored, which itself is tried four times. */
const OPERATION_MS_MAX = 30_000;
const CLIENTS = 6;
const CLAIMS = 4;
const COUNTERS = 2;
/** Faults that a client may be told; `internal` is damage, found. */
const EXPECTED = new Set(["unavailable", "timeout", "conflict", "not_found", "upstream", "internal"]);
/** What a hang costs in time, so few requests hang. */
const SLOW: readonly S3Fault[] = ["hang", "done then hang"];
const SLOW_SHARE = 0.05;

export async function s3Soak(seed: number, operations: number): Promise<S3Report> {
  const random = seeded(seed);
  const server = await startS3Server();
  const objects = s3Objects({ ...S3_PLACE, endpoint: server.endpoint, prefix: "soak" }, TIMEOUTS);
  const quick = S3_FAULTS.filter((fault) => !SLOW.includes(fault));
  const failPercent = 12;
  server.choose = () => {
    if (random.below(100) >= failPercent) return undefined;
    return random.next() < SLOW_SHARE ? random.pick(SLOW) : random.pick(quick);
  };
  const ledger: Ledger = { random, acked: [], told: {}, written: new Map(), wrong: [] };
  let left = operations;
  try {
    const clients = Array.from({ length: CLIENTS }, async (_, client) => {
      for (let n = 0; left > 0; n += 1) {
        left -= 1;
        const step = STEPS[random.below(STEPS.length)] as Step;
        const started = performance.now();
        await step({ objects, ledger, client, n }).catch((error: unknown) => note(ledger, error));
        if (performance.now() - started > OPERATION_MS_MAX) ledger.wrong.push("an operation took too long");
      }
    });
    await Promise.all(clients);
    server.choose = () => undefined;
    await check(objects, server, ledger);
    const injected = [...server.counts.values()].reduce((sum, count) => sum + count, 0);
    return {
      operations,
      acknowledged: ledger.acked.length,
      told: ledger.told,
      injected,
      wrong: ledger.wrong,
    };
  } finally {
    await server.close();
  }
}

interface Ledger {
  readonly random: Random;
  readonly acked: {
    readonly kind: "plain" | "claim" | "counter";
    readonly key: string;
    readonly content: string;
  }[];
  readonly told: Record<string, number>;
  /** Every content that anybody sent, by key. */
  readonly written: Map<string, Set<string>>;
  readonly wrong: string[];
}

interface Turn {
  readonly objects: Objects;
  readonly ledger: Ledger;
  readonly client: number;
  readonly n: number;
}
type Step = (turn: Turn) => Promise<void>;

function note({ told, wrong }: Ledger, error: unknown): void {
  const code = error instanceof Fault ? error.code : "bug";
  told[code] = (told[code] ?? 0) + 1;
  if (!EXPECTED.has(code)) wrong.push(`${code}: ${error instanceof Error ? error.message : String(error)}`);
}

async function put(
  { objects, ledger }: Turn,
  key: string,
  content: string,
  conditions?: PutConditions,
): Promise<void> {
  const known = ledger.written.get(key) ?? new Set();
  ledger.written.set(key, known.add(content));
  await objects.put(key, bytesOf(content), conditions);
}

/** The content and its etag; undefined when there is none. Everything read must have been written. */
async function read(
  { objects, ledger }: Turn,
  key: string,
): Promise<{ content: string; etag: string } | undefined> {
  try {
    const { head, body } = await objects.get(key);
    const content = Buffer.from(await readAll(body)).toString();
    if (ledger.written.get(key)?.has(content) !== true)
      ledger.wrong.push(`${key} was read as ${content.length} bytes that nobody wrote`);
    return { content, etag: head.etag };
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return undefined;
    throw error;
  }
}

const padding = (random: Random): string => "x".repeat(random.below(4) === 0 ? random.below(200_000) : 50);

const plain: Step = async (turn) => {
  const { ledger, client, n } = turn;
  const key = `plain/${client}`;
  const content = `${client}.${n} ${padding(ledger.random)}`;
  await put(turn, key, content);
  ledger.acked.push({ kind: "plain", key, content });
};

const claim: Step = async (turn) => {
  const { ledger, client, n } = turn;
  const key = `claim/${ledger.random.below(CLAIMS)}-${n >> 4}`;
  const content = `${client}.${n} claims ${padding(ledger.random)}`;
  await put(turn, key, content, { ifAbsent: true });
  ledger.acked.push({ kind: "claim", key, content });
};

/** Raises a number by one, if nobody else did since it was read. Each raise says whose it is. */
const raise: Step = async (turn) => {
  const { ledger, client, n } = turn;
  const key = `counter/${ledger.random.below(COUNTERS)}`;
  const now = await read(turn, key);
  const value = now === undefined ? 0 : Number(now.content.split(" ")[0]);
  const content = `${value + 1} ${client}.${n}`;
  await put(turn, key, content, now === undefined ? { ifAbsent: true } : { ifMatch: now.etag });
  ledger.acked.push({ kind: "counter", key, content });
};

const look: Step = async (turn) => {
  const { random } = turn.ledger;
  const kind = random.pick(["plain", "counter"]);
  await read(turn, `${kind}/${random.below(kind === "plain" ? CLIENTS : COUNTERS)}`);
};

const list: Step = async ({ objects }) => {
  await objects.list({ prefix: "", limit: 50 });
};

const STEPS: readonly Step[] = [plain, plain, claim, raise, raise, raise, look, look, list];

async function check(objects: Objects, { journal }: S3TestServer, ledger: Ledger): Promise<void> {
  const { acked, wrong } = ledger;
  const carried = new Map<string, number>();
  for (const { key, content } of journal) {
    const id = `${key}\n${content}`;
    carried.set(id, (carried.get(id) ?? 0) + 1);
  }
  for (const [id, times] of carried) {
    if (times > 1) wrong.push(`${id.slice(0, 60)} was carried out ${times} times`);
  }
  const winners = new Map<string, number>();
  for (const { kind, key, content } of acked) {
    if (!carried.has(`soak/${key}\n${content}`)) wrong.push(`${key} was acknowledged and never carried out`);
    const place = kind === "claim" ? key : kind === "counter" ? `${key} ${content.split(" ")[0]}` : undefined;
    if (place !== undefined) winners.set(place, (winners.get(place) ?? 0) + 1);
  }
  for (const [place, count] of winners) if (count > 1) wrong.push(`${place} was won ${count} times`);
  const turn: Turn = { objects, ledger, client: 0, n: 0 };
  const last = new Map(journal.map(({ key, content }) => [key, content]));
  for (const [key, content] of last) {
    const found = await read(turn, key.slice("soak/".length));
    if (found?.content !== content) wrong.push(`${key} is not what was written last`);
  }
  for (let n = 0; n < COUNTERS; n += 1) {
    const raised = journal.filter(({ key }) => key === `soak/counter/${n}`).length;
    const found = await read(turn, `counter/${n}`);
    const value = found === undefined ? 0 : Number(found.content.split(" ")[0]);
    if (value !== raised) wrong.push(`counter ${n} stands at ${value} after ${raised} raises`);
  }
}
