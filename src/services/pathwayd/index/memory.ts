// All that is kept in memory of all traces, and how it comes there: read at a start from what lies beside the rows, and one
// event after the other as they are recorded. What does not verify, or was indexed another way, is made again from its text.

import { timeSlicer } from "#lib/event-loop";
import { type Derived, type LoadedHead, type TraceStore } from "../store/store.ts";
import { contentOf, type EventHead, type TraceContent } from "../store/events.ts";
import { parseStart } from "../moments.ts";
import { Conversations } from "./conversations.ts";
import { type Embedded, identityOf, type Indexed, indexedOf, packIndexed, unpackIndexed } from "./derived.ts";
import { type Said, saidIn } from "./said.ts";
import { packVector } from "./sketch.ts";
import { isRetiredAt, Traces, type TraceState } from "./traces.ts";
import { Versions } from "./versions.ts";

/** Postings that are looked through for near-duplicates of a text: about a millisecond. */
const POSTINGS_MAX = 100_000;
/** The rarest words of a text that are looked up for them. */
const RARE_WORDS_MAX = 32;
const ALIKE_MAX = 8;
const MICROS = 1000;

export class Memory {
  readonly versions = new Versions();
  readonly traces = new Traces(this.versions, new Conversations());
  /** Traces whose newest text is that one; of several the last. */
  readonly #byIdentity = new Map<number, number>();
  /** Versions whose meaning is not known yet: seqs. */
  readonly unembedded = new Set<number>();

  apply(head: EventHead, indexed: Indexed | undefined): void {
    this.traces.apply(head, indexed);
    if (indexed === undefined) return;
    const trace = this.traces.get(head.traceId);
    if (trace !== undefined) this.#byIdentity.set(indexed.identity, trace.number);
    if (indexed.model === 0) this.unembedded.add(head.seq);
  }

  /** Versions with vectors of another model are to be embedded again. */
  expectModel(model: number): void {
    const { size, models, seqs } = this.versions;
    for (let slot = 0; slot < size; slot += 1)
      if (models[slot] !== model) this.unembedded.add(seqs[slot] as number);
  }

  /** The slot of a version that was recorded with that seq. */
  slotOf({ traceId, version }: { readonly traceId: string; readonly version: number }): number | undefined {
    return this.traces.get(traceId)?.slots[version - 1];
  }

  /** Traces of the kind and subject whose newest texts may be near-duplicates, the likeliest first. */
  alike(kind: string, subject: string, indexed: Indexed): TraceState[] {
    const found = new Map<number, number>();
    const { versions, traces } = this;
    const kindNumber = versions.kindNumber(kind);
    const ofSubject = versions.ofSubject(subject);
    if (kindNumber === undefined || ofSubject.length === 0) return [];
    const isOfSubject = new Set(ofSubject);
    let left = POSTINGS_MAX;
    for (const { pairs, used } of this.#rarest(indexed)) {
      left -= used / 2;
      if (left < 0 && found.size > 0) break;
      for (let i = 1; i < used; i += 2) {
        const slot = pairs[i] as number;
        if (isOfSubject.has(slot)) found.set(slot, (found.get(slot) ?? 0) + 1);
      }
    }
    const same = this.#byIdentity.get(indexed.identity);
    const best = [...found].sort((a, b) => b[1] - a[1] || b[0] - a[0]).map(([slot]) => traces.ofSlot(slot));
    const candidates = [...(same === undefined ? [] : [traces.all[same]]), ...best];
    const distinct = new Set(candidates.filter((trace) => trace !== undefined));
    return [...distinct]
      .filter((trace) => trace.kind === kind && trace.subject === subject && !isRetiredAt(trace, Infinity))
      .slice(0, ALIKE_MAX);
  }

  #rarest({ pairs }: Indexed): { readonly pairs: Uint32Array; readonly used: number }[] {
    const postings = [];
    for (let i = 0; i < pairs.length; i += 2) {
      const own = this.versions.postings.get(pairs[i] as number);
      if (own !== undefined) postings.push(own);
    }
    return postings.sort((a, b) => a.used - b.used).slice(0, RARE_WORDS_MAX);
  }
}

/** What searches need of a version, as it is kept beside its row. */
export function indexVersion(
  kind: string,
  subject: string,
  content: TraceContent,
  embedded: Embedded | undefined,
): { readonly indexed: Indexed; readonly stored: Derived; readonly said: Said } {
  const said = saidOf(kind, subject, content);
  const indexed = indexedOf(said, identityOf(kind, subject, content.content), embedded);
  return { said, indexed, stored: storedOf(indexed, embedded) };
}

export function saidOf(kind: string, subject: string, content: TraceContent): Said {
  const { valid_from } = content;
  const validFrom = valid_from === undefined ? undefined : parseStart(valid_from, "valid_from") / MICROS;
  return saidIn(kind, subject, content, validFrom);
}

export function storedOf(indexed: Indexed, embedded: Embedded | undefined): Derived {
  return {
    derived: packIndexed(indexed),
    vector: embedded === undefined ? null : packVector(embedded.vector),
  };
}

/** Reads what was recorded after an event. Throws Fault `internal` when a record is damaged. */
export async function loadMemory(
  store: TraceStore,
  memory: Memory,
  after: number,
  reached: (head: EventHead) => void,
): Promise<void> {
  const sliced = timeSlicer();
  for await (const page of store.heads(after)) {
    for (const loaded of page) {
      const indexed = isVersion(loaded.head) ? await indexedFrom(store, loaded) : undefined;
      memory.apply(loaded.head, indexed);
      reached(loaded.head);
      const pause = sliced();
      if (pause !== null) await pause;
    }
  }
}

function isVersion({ event }: EventHead): boolean {
  return event === "add" || event === "update";
}

function indexedFrom(store: TraceStore, { head, derived }: LoadedHead): Indexed | Promise<Indexed> {
  return unpackIndexed(derived) ?? indexedAgain(store, head);
}

async function indexedAgain(store: TraceStore, { seq, kind, subject }: EventHead): Promise<Indexed> {
  return indexVersion(kind, subject, contentOf(await store.event(seq)), undefined).indexed;
}
