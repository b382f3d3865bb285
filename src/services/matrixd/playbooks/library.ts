// All playbooks in memory, by id and by the query they were recorded for. Queries are what searches look for, and many
// playbooks share one, so they stand together under it.

import type { Playbook } from "./playbook.ts";
import { queryKeyOf } from "./playbook.ts";

/** A recorded query of one corpus and role, with the playbooks of it. */
export interface RecordedQuery {
  readonly key: string;
  readonly corpus: string;
  readonly role: string | null;
  readonly text: string;
  readonly ids: readonly string[];
}

export interface Library {
  readonly size: number;
  get(id: string): Playbook | undefined;
  /** Adds a playbook, or puts it in the place of the one of its id. */
  put(playbook: Playbook): void;
  query(corpus: string, key: string): RecordedQuery | undefined;
  queries(corpus: string): ReadonlyMap<string, RecordedQuery>;
  /** Another number whenever a corpus has more queries. */
  revision(corpus: string): number;
  /** Sorted. */
  ids(): readonly string[];
}

export function newLibrary(): Library {
  const byId = new Map<string, Playbook>();
  const byCorpus = new Map<string, Map<string, RecordedQuery & { ids: string[] }>>();
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
      const { corpus, role, queryText } = playbook;
      const queries = byCorpus.get(corpus) ?? new Map<string, RecordedQuery & { ids: string[] }>();
      byCorpus.set(corpus, queries);
      const key = queryKeyOf(playbook);
      const known = queries.get(key);
      if (known === undefined) queries.set(key, { key, corpus, role, text: queryText, ids: [playbook.id] });
      else known.ids.push(playbook.id);
    },
    query: (corpus, key) => byCorpus.get(corpus)?.get(key),
    queries: (corpus) => byCorpus.get(corpus) ?? new Map<string, RecordedQuery>(),
    revision: (corpus) => byCorpus.get(corpus)?.size ?? 0,
    ids: () => (sorted ??= [...byId.keys()].sort()),
  };
}
