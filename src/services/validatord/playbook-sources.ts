// Where the facts of a playbook come from: its answer from the roster, or from the dataset of its corpus; its outcome from
// the journal.

import type { journal } from "#contracts/journal";
import type { matrix } from "#contracts/matrix";
import type { query } from "#contracts/query";
import { quoteIdentifier } from "#lib/sql-text";
import type { Service } from "#rpc/contract";
import { toFault } from "#rpc/fault";
import type { PlaybookSources } from "./checks/playbook/run.ts";
import { readRosterRow, rosterColumns } from "./roster/read-row.ts";
import type { WorkerLookup } from "./roster/worker.ts";

export interface PlaybookNeighbours {
  readonly matrix: Pick<Service<typeof matrix>, "corpus">;
  readonly query: Service<typeof query>;
  readonly journal: Pick<Service<typeof journal>, "event">;
}

/** Names under which the roster is a corpus, whatever corpora there are. */
const ROSTER_CORPORA: ReadonlySet<string> = new Set(["workers", "roster", "default"]);

export function playbookSources(
  { matrix, query, journal }: PlaybookNeighbours,
  lookup: WorkerLookup,
  rosterName: string | undefined,
): PlaybookSources {
  return {
    answer: async ({ answer_corpus: corpus, answer_id: id }) => {
      const inRoster = lookup.get(id);
      const isRoster = corpus === rosterName || ROSTER_CORPORA.has(corpus);
      if (isRoster)
        return inRoster === undefined ? { state: "absent" } : { state: "found", worker: inRoster };
      const found = await orAbsent(matrix.corpus({ corpus }));
      if (found === undefined) return { state: "no_corpus" };
      if (found.dataset === rosterName && inRoster !== undefined) return { state: "found", worker: inRoster };
      const { rows } = await query.sql({
        sql: `SELECT * FROM ${quoteIdentifier(found.dataset)} WHERE CAST(${quoteIdentifier(found.id)} AS VARCHAR) = ? LIMIT 1`,
        params: [id],
      });
      const [row] = rows;
      if (row === undefined) return { state: "absent" };
      const columns = { ...rosterColumns(Object.keys(row)), id: found.id };
      return { state: "found", worker: { row: 0, blocks: [], ...readRosterRow(row, columns) } };
    },
    outcome: async (id) => {
      const event = await orAbsent(journal.event({ id }));
      if (event === undefined) return null;
      const worker = event.data["worker_id"];
      return {
        type: event.type,
        actor: event.actor,
        worker_id: typeof worker === "string" ? worker : undefined,
      };
    },
  };
}

/** Undefined for what is not there; other faults are the caller's. An id that can be no id is not there either. */
async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    const { code } = toFault(thrown);
    if (code === "not_found" || code === "invalid") return undefined;
    throw thrown;
  }
}
