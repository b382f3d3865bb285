// All playbooks in memory, by id and by the query they were recorded for. Queries are what searches look for, and many
// playbooks share one, so they stand together under it.

import { placeMarks } from "./order-place.ts";
import type { Playbook } from "./playbook.ts";
import { queryKeyOf } from "./playbook.ts";

/** A recorded query of one corpus and role, with the playbooks of it. */
export interface RecordedQuery {
  readonly key: string;
  readonly corpus: string;
  readonly role: string | null;
  readonly text: string;
  readonly ids: readonly string[];
  /** Where its playbooks act: marks of their places. */
  readonly places: ReadonlySet<string>;
}

export interface Library {
  readonly size: number;
  get(id: string): Playbook | undefined;
  /** Adds a playbook, or puts it in the place of the one of its id. */
  put(playbook: Playbook): void;
  query(corpus: string, key: string): RecordedQuery | undefined;
  queries(corpus: string): ReadonlyMap<string, RecordedQuery>;
  /** Another number whenever a corpus has more queries, or one of them acts at more places. */
  revision(corpus: string): number;
  /** Sorted. */
  ids(): readonly string[];
}

interface Growing extends RecordedQuery {
  readonly ids: string[];
  readonly places: Set<string>;
}

export function newLibrary(): Library {
  const byId = new Map<string, Playbook>();
  const byCorpus = new Map<string, Map<string, Growing>>();
  const revisions = new Map<string, number>();
  let sorted: readonly string[] | undefined;
  return {
    get size() {
      return byId.size;
    },
    get: (id) => byId.get(id),
    put: (playbook) => {
      const isNew = !byId.has(playbook.id);
      byId.set(playbook.id, playbook);
      if (!isNew) return;
      sorted = undefined;
      const { corpus, role, queryText: text, place } = playbook;
      const queries = byCorpus.get(corpus) ?? new Map<string, Growing>();
      byCorpus.set(corpus, queries);
      const key = queryKeyOf(playbook);
      const query = queries.get(key) ?? { key, corpus, role, text, ids: [], places: new Set() };
      const placesBefore = query.places.size;
      query.ids.push(playbook.id);
      for (const mark of placeMarks(place)) query.places.add(mark);
      queries.set(key, query);
      if (query.places.size > placesBefore) revisions.set(corpus, (revisions.get(corpus) ?? 0) + 1);
    },
    query: (corpus, key) => byCorpus.get(corpus)?.get(key),
    queries: (corpus) => byCorpus.get(corpus) ?? new Map<string, RecordedQuery>(),
    revision: (corpus) => revisions.get(corpus) ?? 0,
    ids: () => (sorted ??= [...byId.keys()].sort()),
  };
}
