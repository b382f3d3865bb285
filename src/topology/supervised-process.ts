// A daemon of a house apart, as its supervisor sees it. A process that ends is started again, at once the first time and
// later after growing pauses; one that lives and fails its liveness probes is killed, and so started again. Its log comes
// out of the supervisor with those of the others, as one stream of whole lines.

import { join } from "node:path";
import { daemonEnvironment, type Settings } from "#config";
import type { Log } from "#lib/log";
import { runDelayMs } from "#lib/run-delay";
import { Fault } from "#rpc/fault";
import { requestDaemon } from "./address.ts";
import type { DaemonName } from "./daemon-process.ts";
import { END_MS_MAX, type Replaceable } from "./lifecycle.ts";

const MAIN = join(import.meta.dir, "..", "main.ts");

/**
 * A daemon that is not ready by then will not be. Most of a start is reading sources: a fifth of a second of processor
 * time, for which a machine with forty others has taken twenty.
 */
const READY_MS_MAX = 60_000;
/** The pause before a second start in a row; doubled for each further one. */
const RESTART_PAUSE_MS = 100;
const RESTART_PAUSE_MS_MAX = 10_000;
/** A process that lived that long did not fail because of how it was started. */
const STEADY_MS = 30_000;

/**
 * The liveness probe: how often, and how long a reply may take. A daemon answers it without waiting for anything, so one
 * that misses two in a row has been stuck for seconds, and would not recover.
 */
const PROBE_PAUSE_MS = 1000;
const PROBE_MS_MAX = 2000;
const MISSES_MAX = 2;
/**
 * One that spent this share of a missed probe in the queue for a processor is starved and not stuck: killing it would
 * add to the load. Ten such misses count as one.
 */
const STARVED_SHARE = 0.25;
const STARVED_MISS = 0.1;

/** What a daemon reports to the process that started it. */
export type DaemonMessage =
  | { readonly state: "ready"; readonly address: string }
  /** Another gateway has taken over the address, and no request needs the daemons of this house any more. */
  | { readonly state: "handed_over" }
  /** That house ended before it served; requests are held until there are daemons again. */
  | { readonly state: "successor_failed" };
/** What a supervisor sends to a gateway that holds requests: its daemons are ready. */
export type GatewayOrder = "open";

type Process = Bun.Subprocess<"ignore", "ignore", "pipe">;

/** A daemon that is kept running until `stop`. */
export class SupervisedProcess implements Replaceable {
  readonly #settings: Settings;
  readonly #name: DaemonName;
  readonly #log: Log;
  readonly #firstReady = Promise.withResolvers<string>();
  #handedOver = Promise.withResolvers<void>();
  #successorFailed = Promise.withResolvers<false>();
  #process: Process;
  /** Of the current process. */
  #isReady = false;
  #startedAt = 0;
  #restarts = 0;
  #stopping = false;
  /** Of a gateway: another house has the address, so its end is no failure. */
  #isReplaced = false;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** `args` go to the first start alone. */
  constructor(settings: Settings, name: DaemonName, log: Log, args: readonly string[] = []) {
    this.#settings = settings;
    this.#name = name;
    this.#log = log.with({ service: name });
    this.#process = this.#spawn(args);
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

  /** The address at which it listens, once it does for the first time. */
  get ready(): Promise<string> {
    return this.#firstReady.promise;
  }

  handedOver(): Promise<void> {
    return this.#handedOver.promise;
  }

  forwardUntilIdle(): Promise<boolean> {
    return Promise.race([this.#successorFailed.promise, this.#process.exited.then(() => true)]);
  }

  /** Probes until `stop`, and kills a process that misses too many: it is started again then. */
  async probeLiveness(): Promise<void> {
    let misses = 0;
    let last = this.#process;
    while (!this.#stopping) {
      await Bun.sleep(PROBE_PAUSE_MS);
      const probed = this.#process;
      if (probed !== last) misses = 0;
      last = probed;
      const started = performance.now();
      const waited = runDelayMs(probed.pid) ?? 0;
      const isAlive = await this.#isAlive();
      const starved = (runDelayMs(probed.pid) ?? 0) - waited > STARVED_SHARE * (performance.now() - started);
      // One that was started just now may still be reading its files.
      const due = this.#isReady || Date.now() - this.#startedAt > READY_MS_MAX;
      misses = isAlive || !due ? 0 : misses + (starved ? STARVED_MISS : 1);
      if (misses < MISSES_MAX || this.#stopping || this.#isReplaced || probed !== this.#process) continue;
      this.#log.warn(`${this.#name} fails its liveness probes; killing it`);
      probed.kill("SIGKILL");
      misses = 0;
    }
  }

  async #isAlive(): Promise<boolean> {
    const signal = AbortSignal.timeout(PROBE_MS_MAX);
    try {
      const { ok } =
        this.#name === "gateway"
          ? await fetch(`${await this.ready}/health`, { signal })
          : await requestDaemon(this.#settings, this.#name, "/health", signal);
      return ok;
    } catch {
      return false;
    }
  }

  send(order: GatewayOrder): void {
    this.#process.send(order);
  }

  /** Asks it to end, and kills it when it does not. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#pause);
    this.#process.kill("SIGTERM");
    const cut = setTimeout(() => this.#process.kill("SIGKILL"), END_MS_MAX);
    await this.#process.exited;
    clearTimeout(cut);
  }

  #spawn(args: readonly string[] = []): Process {
    this.#startedAt = Date.now();
    this.#isReady = false;
    let lastLine = "";
    const daemon = Bun.spawn([process.execPath, "--no-env-file", MAIN, "serve", this.#name, ...args], {
      env: daemonEnvironment(this.#settings, this.#name),
      stdio: ["ignore", "ignore", "pipe"],
      ipc: (message) => {
        this.#receive(message as DaemonMessage);
      },
      onExit: (_, code, signal) => {
        if (this.#stopping || this.#isReplaced) return;
        const how = signal === null ? `ended with ${code}` : `was killed by signal ${signal}`;
        const detail = lastLine === "" ? "" : `: ${lastLine}`;
        this.#firstReady.reject(
          new Fault("unavailable", `${this.#name} ${how} before it was ready${detail}`),
        );
        this.#log.warn(`${this.#name} ${how}; restarting it`);
        this.#restart(Date.now() - this.#startedAt);
      },
    });
    void eachLine(daemon.stderr, (line) => {
      lastLine = line;
      this.#log.relay(line);
    });
    return daemon;
  }

  #receive(message: DaemonMessage): void {
    switch (message.state) {
      case "ready":
        this.#isReady = true;
        this.#firstReady.resolve(message.address);
        this.#log.debug("ready", { address: message.address });
        break;
      case "handed_over":
        this.#isReplaced = true;
        this.#successorFailed = Promise.withResolvers();
        this.#handedOver.resolve();
        break;
      case "successor_failed":
        this.#isReplaced = false;
        this.#handedOver = Promise.withResolvers();
        this.#successorFailed.resolve(false);
        break;
    }
  }

  #restart(livedMs: number): void {
    if (livedMs > STEADY_MS) this.#restarts = 0;
    const pauseMs =
      this.#restarts === 0 ? 0 : Math.min(RESTART_PAUSE_MS_MAX, RESTART_PAUSE_MS * 2 ** this.#restarts);
    this.#restarts += 1;
    this.#pause = setTimeout(() => {
      if (!this.#stopping) this.#process = this.#spawn();
    }, pauseMs);
  }
}

/** Whole lines only, so that lines of several daemons never mix. */
async function eachLine(output: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") onLine(line);
  }
  if (rest !== "") onLine(rest);
}
