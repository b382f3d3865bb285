// One daemon per service, started and watched by this process, which serves nothing itself. A daemon that ends
// is started again, at once the first time and later with growing pauses, and one that lives but does not answer any
// more is ended; the others go on meanwhile. Their logs come out of this process as one stream.

import { join } from "node:path";
import { daemonEnvironment, type Settings } from "#config";
import type { ServiceName } from "#contracts/house";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { askDaemon } from "./address.ts";
import type { DaemonName } from "./daemon.ts";
import { claimData } from "./folder.ts";
import { CLAIM_MS_MAX, END_MS_MAX } from "./lifecycle.ts";
import { PLAN, START_ORDER } from "./plan.ts";
import type { RunningHouse } from "./together.ts";

const MAIN = join(import.meta.dir, "..", "main.ts");

/** A daemon that is not ready by then will not be. */
const READY_MS_MAX = 15_000;
/** The pause before a second start in a row; doubled for each further one. */
const RESTART_PAUSE_MS = 100;
const RESTART_PAUSE_MS_MAX = 10_000;
/** Who lived that long did not fail for being started. */
const STEADY_MS = 30_000;

/**
 * How often a daemon is asked whether it lives, and how long it may take to say so. It answers without waiting for
 * anything, so who misses two in a row has been doing nothing else for seconds, and would not do so either.
 */
const ASK_PAUSE_MS = 1000;
const ANSWER_MS_MAX = 2000;
const MISSES_MAX = 2;

/** What a daemon tells the process that started it. */
export type DaemonMessage =
  | { readonly said: "ready"; readonly place: string }
  /** Another gateway has the address, and no request needs the daemons of this house any more. */
  | { readonly said: "left" };
/** What a gateway is told that took another one's place: its daemons are there. */
export type GatewayOrder = "open";

/** With `takeOver` in the place of the house that runs over the folder, none of whose clients notices. */
export async function startApart(settings: Settings, log: Log, takeOver = false): Promise<RunningHouse> {
  let release: (() => Promise<void>) | undefined;
  const watched = new Map<DaemonName, Watched>();
  const ready = new Map<DaemonName, Promise<string>>();
  const endServices = async (): Promise<void> => {
    for (const name of START_ORDER.toReversed()) await watched.get(name)?.end();
    await release?.();
  };
  let ended: Promise<void> | undefined;
  const endServicesOnce = (): Promise<void> => (ended ??= endServices());
  const closeAll = async (): Promise<void> => {
    await watched.get("gateway")?.end();
    await endServicesOnce();
  };
  const watch = (name: DaemonName, words: readonly string[] = []): Watched => {
    const daemon = new Watched(settings, name, log, words);
    watched.set(name, daemon);
    return daemon;
  };
  const start = async (name: ServiceName): Promise<string> => {
    await Promise.all(PLAN[name].needs.flatMap((needed) => ready.get(needed) ?? []));
    return watch(name).ready;
  };
  try {
    if (takeOver) await watch("gateway", ["--take-over"]).ready;
    release = await claimData(settings.data, takeOver ? CLAIM_MS_MAX : undefined);
    for (const name of START_ORDER) {
      const started = start(name);
      // Whoever waits for it sees the failure; one that nobody waits for is seen below.
      started.catch(() => undefined);
      ready.set(name, started);
    }
    await Promise.all(ready.values());
    const gateway = watched.get("gateway") ?? watch("gateway");
    if (takeOver) gateway.tell("open");
    const url = await gateway.ready;
    for (const daemon of watched.values()) void daemon.keepAnswering();
    return {
      url,
      replaced: gateway.left.then(endServicesOnce).then(() => gateway.gone()),
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

type Process = Bun.Subprocess<"ignore", "ignore", "pipe">;

/** A daemon that is kept running until it is ended. */
class Watched {
  readonly #settings: Settings;
  readonly #name: DaemonName;
  readonly #log: Log;
  readonly #firstReady = Promise.withResolvers<string>();
  readonly #left = Promise.withResolvers<void>();
  #process: Process;
  /** Of the process that runs just now. */
  #isReady = false;
  #startedAt = 0;
  #restarts = 0;
  #ending = false;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** The words are for the first start alone. */
  constructor(settings: Settings, name: DaemonName, log: Log, words: readonly string[]) {
    this.#settings = settings;
    this.#name = name;
    this.#log = log.with({ service: name });
    this.#process = this.#spawn(words);
    const late = setTimeout(
      () =>
        this.#firstReady.reject(new Fault("unavailable", `${name} did not start within ${READY_MS_MAX} ms.`)),
      READY_MS_MAX,
    );
    this.#firstReady.promise.then(
      () => clearTimeout(late),
      () => clearTimeout(late),
    );
  }

  /** Where it listens, once it does for the first time. */
  get ready(): Promise<string> {
    return this.#firstReady.promise;
  }

  /** Resolves when a gateway was replaced by another house's. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** Asks from time to time whether it lives, and kills one that has stopped answering: it is started again then. */
  async keepAnswering(): Promise<void> {
    let misses = 0;
    let last = this.#process;
    while (!this.#ending) {
      await Bun.sleep(ASK_PAUSE_MS);
      const asked = this.#process;
      if (asked !== last) misses = 0;
      last = asked;
      const answered = await this.#answers();
      // One that has only just been started may still be reading its files.
      const due = this.#isReady || Date.now() - this.#startedAt > READY_MS_MAX;
      misses = answered || !due ? 0 : misses + 1;
      if (misses < MISSES_MAX || this.#ending || asked !== this.#process) continue;
      this.#log.warn(`${this.#name} does not answer any more; killing it`);
      asked.kill("SIGKILL");
    }
  }

  async #answers(): Promise<boolean> {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    try {
      const { ok } =
        this.#name === "gateway"
          ? await fetch(`${await this.ready}/health`, { signal })
          : await askDaemon(this.#settings, this.#name, "/health", signal);
      return ok;
    } catch {
      return false;
    }
  }

  tell(order: GatewayOrder): void {
    this.#process.send(order);
  }

  /** Resolves when it ended, which it was not asked for. */
  async gone(): Promise<void> {
    await this.#process.exited;
  }

  /** Asks it to end, and kills it when it does not. */
  async end(): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#pause);
    this.#process.kill("SIGTERM");
    const cut = setTimeout(() => this.#process.kill("SIGKILL"), END_MS_MAX);
    await this.#process.exited;
    clearTimeout(cut);
  }

  #spawn(words: readonly string[] = []): Process {
    this.#startedAt = Date.now();
    this.#isReady = false;
    let lastWords = "";
    const daemon = Bun.spawn([process.execPath, "--no-env-file", MAIN, "serve", this.#name, ...words], {
      env: daemonEnvironment(this.#settings, this.#name),
      stdio: ["ignore", "ignore", "pipe"],
      ipc: (message) => {
        const told = message as DaemonMessage;
        if (told.said === "ready") {
          this.#isReady = true;
          this.#firstReady.resolve(told.place);
          this.#log.debug("ready", { place: told.place });
        } else {
          this.#ending = true;
          this.#left.resolve();
        }
      },
      onExit: (_, code, signal) => {
        if (this.#ending) return;
        const why = signal === null ? `ended with ${code}` : `was killed by signal ${signal}`;
        const detail = lastWords === "" ? "" : `: ${lastWords}`;
        this.#firstReady.reject(
          new Fault("unavailable", `${this.#name} ${why} before it was ready${detail}`),
        );
        this.#log.warn(`${this.#name} ${why}; starting it again`);
        this.#restart(Date.now() - this.#startedAt);
      },
    });
    void passOn(daemon.stderr, (line) => (lastWords = line));
    return daemon;
  }

  #restart(livedMs: number): void {
    if (livedMs > STEADY_MS) this.#restarts = 0;
    const pauseMs =
      this.#restarts === 0 ? 0 : Math.min(RESTART_PAUSE_MS_MAX, RESTART_PAUSE_MS * 2 ** this.#restarts);
    this.#restarts += 1;
    this.#pause = setTimeout(() => {
      if (!this.#ending) this.#process = this.#spawn();
    }, pauseMs);
  }
}

/** Whole lines only, so that lines of several daemons never mix. */
async function passOn(output: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== "") onLine(line);
      process.stderr.write(`${line}\n`);
    }
  }
}
