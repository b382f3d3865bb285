// The database with its one writer and its reader. It is opened, and so verified, in the writer process, beside whatever the
// house serves meanwhile; calls wait for that. A folder in which nothing was ever recorded costs nothing: no process, no
// file. Damage that was found lasts until the house is started again over a file that was put right.

import { basename } from "node:path";
import { wasEverThere } from "#adapters/commit-counter";
import { readState } from "#adapters/state";
import type { Clock } from "#lib/clock";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { truthWriter } from "../writer/contract.ts";
import { type WriterLease, WriterProcess } from "../writer/pool.ts";
import { TruthReader } from "./reader.ts";
import { Timeline } from "./timeline.ts";

interface Opened {
  readonly reader: TruthReader;
  readonly timeline: Timeline;
}

export interface Write {
  readonly writer: Service<typeof truthWriter>;
  /** What it records is recorded after this time, in microseconds. */
  readonly floor: number;
  /** Something was recorded, at that time. */
  recorded(atUs: number): void;
  end(outcome: { readonly failed: boolean }): Promise<void>;
}

export class TruthStore {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #writer: WriterProcess;
  #opening: Promise<Opened> | undefined;
  #damage: Fault | undefined;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
    this.#writer = new WriterProcess(file);
  }

  /** The file's name, when it is damaged. */
  get damaged(): readonly string[] {
    return this.#damage === undefined ? [] : [basename(this.#file)];
  }

  get writerPid(): number | undefined {
    return this.#writer.pid;
  }

  /** Whether anything was ever recorded. */
  get exists(): boolean {
    return this.#opening !== undefined || wasEverThere(this.#file);
  }

  /** What `work` reads; undefined, without reading, while nothing was ever recorded. */
  async read<T>(work: (opened: Opened) => Promise<T>): Promise<T | undefined> {
    if (!this.exists) return undefined;
    return this.#guarded(async () => work(await this.#open()));
  }

  /** One write, from its begin to its end. */
  async write<T>(work: (write: Write) => Promise<T>): Promise<T> {
    return this.#guarded(async () => {
      const write = await this.begin();
      let failed = true;
      try {
        const result = await work(write);
        failed = false;
        return result;
      } finally {
        await write.end({ failed });
      }
    });
  }

  /** For a write that goes on in steps; it must be ended, once. */
  async begin({ imports = false }: { readonly imports?: boolean } = {}): Promise<Write> {
    const { timeline } = await this.#open();
    const floor = timeline.begin();
    let lease: WriterLease;
    try {
      lease = await this.#writer.lease();
    } catch (error) {
      timeline.end();
      throw error;
    }
    const { writer, stop, release } = lease;
    return {
      writer,
      floor,
      recorded: (atUs) => timeline.recorded(atUs),
      end: async ({ failed }) => {
        // What became of it is not known: no answer is as of now until nothing more can come of it.
        if (failed) {
          try {
            timeline.recorded((await writer.settle({ imports })).recorded_us);
          } catch {
            // Of a writer that does not say, nothing more can come once it has ended.
            await stop();
          }
        }
        release();
        timeline.end();
      },
    };
  }

  async #open(): Promise<Opened> {
    try {
      return await (this.#opening ??= this.#openOnce());
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async #openOnce(): Promise<Opened> {
    const { writer, release } = await this.#writer.lease();
    const { recorded_us } = await writer.open({}).finally(release);
    return {
      reader: new TruthReader(readState(this.#file)),
      timeline: new Timeline(this.#clock, recorded_us),
    };
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#damage !== undefined) throw this.#damage;
    try {
      return await work();
    } catch (error) {
      if (
        error instanceof Fault &&
        error.code === "internal" &&
        error.message.startsWith(basename(this.#file))
      )
        this.#damage = error;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#writer.close();
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.reader.close();
  }
}
