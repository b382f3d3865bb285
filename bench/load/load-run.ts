// One plan, run: connections are made first, then the clock starts. Requests are serialised beforehand and a
// client is a socket, a reader and two numbers, so that the generator costs less than any server it loads.
// Every connection carries one request at a time; one that breaks is counted and dialled again.

import { build } from "hdr-histogram-js";
import { assert, present } from "#lib/assert";
import { cpuUsOf } from "#lib/process-cpu";
import type { Address } from "#rpc/remote";
import { type Arrivals, closedLoop, openLoop } from "#cutover/load/clock/arrivals";
import type { LoadPlan, LoadRequest, LoadResult, Mismatch } from "./load.ts";
import { ReplyReader } from "./reply-reader.ts";

const SECONDS_DEFAULT = 2;
const TIMEOUT_MS_DEFAULT = 10_000;
/** How often connections are looked at for replies that are late. */
const EXPIRY_CHECK_MS = 50;
/** Before a broken connection is dialled again: a server that refuses is not hammered. */
const REDIAL_MS = 20;
/** A latency past this is as bad as any. */
const LATENCY_US_MAX = 600_000_000;

interface Prepared {
  readonly bytes: Uint8Array;
  readonly line: string;
  readonly expect: number;
  readonly bodiless: boolean;
}

function prepare(request: LoadRequest, authority: string): Prepared {
  const body = typeof request.body === "string" ? Buffer.from(request.body) : request.body;
  const method = request.method ?? (body === undefined ? "GET" : "POST");
  const headers: Record<string, string> = { host: authority };
  if (body !== undefined)
    Object.assign(headers, { "content-type": "application/json", "content-length": String(body.length) });
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const line = `${method} ${request.path}`;
  return {
    bytes: Buffer.concat([
      Buffer.from(`${line} HTTP/1.1\r\n${fields.join("")}\r\n`),
      body ?? new Uint8Array(0),
    ]),
    line,
    expect: request.expect ?? 200,
    bodiless: method === "HEAD",
  };
}

interface Client {
  reader: ReplyReader;
  socket: Bun.Socket<Client> | null;
  /** What is under way; null for a client that is free. */
  request: Prepared | null;
  intendedAt: number;
  sentAt: number;
  /** Bytes of the request that are sent. */
  written: number;
}

type Failure = "timeout" | "closed" | "refused" | "malformed" | "not_sent";

export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  assert(plan.bodies.length > 0 && plan.clients > 0, "a load has clients and something to send");
  const authority = "unix" in plan.target ? "localhost" : new URL(plan.target.url).host;
  const run = new Run(
    plan,
    plan.bodies.map((request) => prepare(request, authority)),
  );
  return run.result();
}

class Run {
  readonly #plan: LoadPlan;
  readonly #requests: readonly Prepared[];
  readonly #clients: Client[] = [];
  readonly #free: Client[] = [];
  readonly #latencies = build({
    bitBucketSize: 32,
    numberOfSignificantValueDigits: 3,
    highestTrackableValue: LATENCY_US_MAX,
  });
  readonly #statuses = new Map<number, number>();
  readonly #failures = new Map<Failure, number>();
  readonly #ended = Promise.withResolvers<void>();
  #firstMismatch: Mismatch | null = null;
  #expected = 0;
  #turn = 0;
  #busy = 0;
  #over = false;
  #scheduled = false;
  #arrivals: Arrivals = closedLoop(0, 0);

  constructor(plan: LoadPlan, requests: readonly Prepared[]) {
    this.#plan = plan;
    this.#requests = requests;
  }

  async result(): Promise<LoadResult> {
    const { pids, clients } = this.#plan;
    for (let index = 0; index < clients; index += 1) {
      this.#clients.push({
        reader: new ReplyReader(),
        socket: null,
        request: null,
        intendedAt: 0,
        sentAt: 0,
        written: 0,
      });
    }
    try {
      await Promise.all(this.#clients.map((client) => this.#dial(client)));
      const ownBefore = process.cpuUsage();
      const serverBefore = pids === undefined ? null : cpuUsOf(pids);
      const startAt = performance.now();
      await this.#run(startAt);
      const seconds = (performance.now() - startAt) / 1000;
      const serverAfter = pids === undefined ? null : cpuUsOf(pids);
      const own = process.cpuUsage(ownBefore);
      const serverUs = serverBefore === null || serverAfter === null ? null : serverAfter - serverBefore;
      return this.#summary(seconds, serverUs, own.user + own.system);
    } finally {
      this.#over = true;
      for (const { socket } of this.#clients) socket?.terminate();
    }
  }

  async #run(startAt: number): Promise<void> {
    const { seconds, requests, rate, timeoutMs = TIMEOUT_MS_DEFAULT } = this.#plan;
    const lengthS = seconds ?? (requests === undefined ? SECONDS_DEFAULT : Infinity);
    this.#arrivals =
      rate === undefined
        ? closedLoop(startAt + lengthS * 1000, requests ?? Infinity)
        : openLoop(startAt, rate, Math.min(requests ?? Infinity, Math.floor(lengthS * rate)));
    // What an open loop still owes when its time is up is sent, within a limit.
    const giveUpAt = startAt + (rate === undefined ? Infinity : lengthS * 1000) + timeoutMs;
    const expiryTimer = setInterval(() => this.#expire(timeoutMs, giveUpAt), EXPIRY_CHECK_MS);
    this.#dispatch();
    await this.#ended.promise;
    clearInterval(expiryTimer);
  }

  /** Gives due requests to free clients. */
  readonly #dispatch = (): void => {
    this.#scheduled = false;
    if (this.#over) return;
    const now = performance.now();
    while (this.#free.length > 0) {
      const intendedAt = this.#arrivals.take(now);
      if (intendedAt === null) break;
      this.#send(present(this.#free.pop(), "a free client"), intendedAt, now);
    }
    this.#schedule(now);
    this.#endIfDone(now);
  };

  /** Comes back when the next request is due, if a connection is free to send it. */
  #schedule(now: number): void {
    const { nextAt } = this.#arrivals;
    if (this.#scheduled || nextAt === null || this.#free.length === 0) return;
    this.#scheduled = true;
    // Timers know whole milliseconds; the rest of the last one is waited for by polling.
    const waitMs = Math.floor(nextAt - now);
    if (waitMs >= 1) setTimeout(this.#dispatch, waitMs);
    else setImmediate(this.#dispatch);
  }

  #send(client: Client, intendedAt: number, now: number): void {
    const request = present(this.#requests[this.#turn], "a request");
    this.#turn = this.#turn + 1 === this.#requests.length ? 0 : this.#turn + 1;
    client.request = request;
    client.intendedAt = intendedAt;
    client.sentAt = now;
    client.reader.begin(request.expect, request.bodiless);
    this.#busy += 1;
    client.written = 0;
    this.#write(client, request);
  }

  #write(client: Client, request: Prepared): void {
    const { socket, written } = client;
    const rest = written === 0 ? request.bytes : request.bytes.subarray(written);
    // Negative when the socket is closed already; its close handler then counts the failure.
    client.written += Math.max(0, socket?.write(rest) ?? 0);
  }

  #data(client: Client, chunk: Uint8Array): void {
    const { request, reader } = client;
    try {
      if (request === null) return this.#break(client, "malformed");
      if (!reader.feed(chunk)) return;
    } catch {
      return this.#break(client, "malformed");
    }
    this.#reply(client, request);
  }

  #reply(client: Client, request: Prepared): void {
    const now = performance.now();
    const { status, keepAlive, sample } = client.reader;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (status === request.expect) {
      this.#expected += 1;
      this.#latencies.recordValue(Math.max(1, Math.round((now - client.intendedAt) * 1000)));
    } else {
      this.#firstMismatch ??= { request: request.line, expected: request.expect, status, body: sample };
    }
    client.request = null;
    this.#busy -= 1;
    if (!keepAlive) {
      client.socket?.terminate();
      return;
    }
    const intendedAt = this.#arrivals.take(now);
    if (intendedAt !== null) return this.#send(client, intendedAt, now);
    this.#free.push(client);
    this.#schedule(now);
    this.#endIfDone(now);
  }

  /** Ends a connection that is of no more use, and counts what was under way on it. */
  #break(client: Client, failure: Failure): void {
    const { socket } = client;
    this.#fail(client, failure);
    client.socket = null;
    socket?.terminate();
    this.#redial(client);
  }

  #fail(client: Client, failure: Failure): void {
    if (client.request === null) return;
    client.request = null;
    this.#busy -= 1;
    this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1);
  }

  #closed(client: Client, socket: Bun.Socket<Client>): void {
    if (this.#over || client.socket !== socket) return;
    const { request } = client;
    let whole = false;
    try {
      whole = client.reader.close();
    } catch {
      // Cut in mid-reply: counted as closed below.
    }
    client.socket = null;
    if (whole && request !== null) this.#reply(client, request);
    else this.#fail(client, "closed");
    this.#redial(client);
  }

  #redial(client: Client): void {
    const free = this.#free.indexOf(client);
    if (free !== -1) this.#free.splice(free, 1);
    const again = (): void => {
      if (this.#over) return;
      this.#dial(client).then(this.#dispatch, () => {
        // A request that was due meanwhile could not be sent anywhere.
        const due = this.#arrivals.take(performance.now());
        if (due !== null) this.#failures.set("refused", (this.#failures.get("refused") ?? 0) + 1);
        setTimeout(again, REDIAL_MS);
      });
    };
    // A server that closes after every reply is dialled at once; one that broke is given a moment.
    setImmediate(again);
    this.#endIfDone(performance.now());
  }

  async #dial(client: Client): Promise<void> {
    const socket = await connect(this.#plan.target, client, {
      data: (_, chunk) => this.#data(client, chunk),
      drain: () => {
        if (client.request !== null && client.written < client.request.bytes.length)
          this.#write(client, client.request);
      },
      close: (socket) => this.#closed(client, socket),
      end: (socket) => socket.terminate(),
      error: () => undefined,
    });
    if (this.#over) {
      socket.terminate();
      return;
    }
    client.reader = new ReplyReader();
    client.socket = socket;
    this.#free.push(client);
  }

  #expire(timeoutMs: number, giveUpAt: number): void {
    const now = performance.now();
    for (const client of this.#clients) {
      if (client.request !== null && now - client.sentAt > timeoutMs) this.#break(client, "timeout");
    }
    if (now > giveUpAt) {
      for (const client of this.#clients) this.#fail(client, "timeout");
      const owed = this.#arrivals.owed(now);
      if (owed > 0) this.#failures.set("not_sent", owed);
      this.#ended.resolve();
    }
    this.#endIfDone(now);
  }

  #endIfDone(now: number): void {
    if (this.#busy === 0 && this.#arrivals.ended(now)) this.#ended.resolve();
  }

  #summary(seconds: number, serverUs: number | null, ownUs: number): LoadResult {
    const replies = [...this.#statuses.values()].reduce((sum, count) => sum + count, 0);
    const failed = [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
    const ms = (percentile: number): number => this.#latencies.getValueAtPercentile(percentile) / 1000;
    const each = (us: number): number => (replies === 0 ? 0 : us / replies);
    return {
      requests: this.#expected,
      seconds,
      per_second: seconds > 0 ? this.#expected / seconds : 0,
      mean_ms: this.#expected === 0 ? 0 : this.#latencies.mean / 1000,
      p50_ms: ms(50),
      p90_ms: ms(90),
      p99_ms: ms(99),
      max_ms: this.#expected === 0 ? 0 : this.#latencies.maxValue / 1000,
      errors: replies - this.#expected + failed,
      statuses: Object.fromEntries(this.#statuses),
      failures: Object.fromEntries(this.#failures),
      first_mismatch: this.#firstMismatch,
      server_cpu_us_per_request: serverUs === null ? null : each(serverUs),
      load_cpu_us_per_request: each(ownUs),
    };
  }
}

type Handler = Bun.SocketHandler<Client>;

function connect(target: Address, data: Client, socket: Handler): Promise<Bun.Socket<Client>> {
  if ("unix" in target) return Bun.connect<Client>({ unix: target.unix, data, socket });
  const { hostname, port } = new URL(target.url);
  return Bun.connect<Client>({ hostname, port: Number(port === "" ? 80 : port), data, socket });
}
