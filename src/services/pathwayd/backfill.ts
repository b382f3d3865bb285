// Embeds, in the background, versions whose meaning is not known: recorded while embedd did not respond, or with the vectors
// of another model than embedd has now.

import type { BackgroundFailures } from "#rpc/background-failures";
import type { Embedding } from "./embedding.ts";
import { hashOf } from "./index/derived.ts";
import { indexVersion, type Memory, saidOf } from "./index/memory.ts";
import { contentOf } from "./store/events.ts";
import type { TraceStore } from "./store/store.ts";

/** One request to embedd. */
const BATCH = 32;
/** After a failure, and between two looks: nothing waits for it. */
const PAUSE_MS = 30_000;

export interface BackfillDeps {
  readonly store: TraceStore;
  readonly memory: Memory;
  readonly embedding: Embedding;
  readonly failures: BackgroundFailures;
}

export class Backfill {
  readonly #deps: BackfillDeps;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(deps: BackfillDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#running = this.#run().catch((error: unknown) => this.#deps.failures.note("backfill", error));
    void this.#running.then(() => {
      if (this.#closed) return;
      this.#timer = setTimeout(() => this.start(), PAUSE_MS);
      this.#timer.unref();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { memory, store, embedding } = this.#deps;
    if (memory.versions.size === 0) return;
    // Which model there is now, embedd says with a vector.
    const [probe] = (await embedding.embed(["which model"], "document")) ?? [];
    if (probe === undefined) return;
    memory.expectModel(hashOf(probe.model));
    while (memory.unembedded.size > 0 && !this.#closed) {
      const seqs = [...memory.unembedded].slice(0, BATCH);
      const events = await store.events(seqs);
      const texts = events.map((event) => saidOf(event.kind, event.subject, contentOf(event)).meaning);
      const embedded = await embedding.embed(texts, "document");
      if (embedded === undefined) return;
      for (const [place, event] of events.entries()) {
        const { kind, subject, seq } = event;
        const { indexed, stored } = indexVersion(kind, subject, contentOf(event), embedded[place]);
        await store.putDerived(seq, stored);
        const slot = memory.slotOf(event);
        if (slot !== undefined) memory.versions.setSketch(slot, indexed);
        memory.unembedded.delete(seq);
      }
    }
  }
}
