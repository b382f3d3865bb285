// A daemon of a house apart, as its supervisor sees it. One that ends is started again, at once the first time and later
// with growing pauses; one that lives but does not answer any more is ended, and so started again. Its log comes out of
// the supervisor, with those of the others, as one stream.

import { join } from "node:path";
import { daemonEnvironment, type Settings } from "#config";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { askDaemon } from "./address.ts";
import type { DaemonName } from "./daemon.ts";
import { END_MS_MAX, type Place } from "./lifecycle.ts";

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
  | { readonly said: "left" }
  /** That house ended before it served; requests are held until there are daemons again. */
  | { readonly said: "alone" };
/** What a gateway is told that holds requests: its daemons are there. */
export type GatewayOrder = "open";

type Process = Bun.Subprocess<"ignore", "ignore", "pipe">;

/** A daemon that is kept running until it is ended. */
export class Watched implements Place {
  readonly #settings: Settings;
  readonly #name: DaemonName;
  readonly #log: Log;
  readonly #firstReady = Promise.withResolvers<string>();
  #left = Promise.withResolvers<void>();
  #alone = Promise.withResolvers<boolean>();
  #process: Process;
  /** Of the process that runs just now. */
  #isReady = false;
  #startedAt = 0;
  #restarts = 0;
  #ending = false;
  /** Of a gateway: another house has the address, and when this one ends, that is all right. */
  #leaving = false;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** The words are for the first start alone. */
  constructor(settings: Settings, name: DaemonName, log: Log, words: readonly string[] = []) {
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

  left(): Promise<void> {
    return this.#left.promise;
  }

  linger(): Promise<boolean> {
    return Promise.race([this.#alone.promise, this.#process.exited.then(() => true)]);
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
      if (misses < MISSES_MAX || this.#ending || this.#leaving || asked !== this.#process) continue;
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
        this.#hear(message as DaemonMessage);
      },
      onExit: (_, code, signal) => {
        if (this.#ending || this.#leaving) return;
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

  #hear(message: DaemonMessage): void {
    switch (message.said) {
      case "ready":
        this.#isReady = true;
        this.#firstReady.resolve(message.place);
        this.#log.debug("ready", { place: message.place });
        break;
      case "left":
        this.#leaving = true;
        this.#alone = Promise.withResolvers();
        this.#left.resolve();
        break;
      case "alone":
        this.#leaving = false;
        this.#left = Promise.withResolvers();
        this.#alone.resolve(false);
        break;
    }
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
