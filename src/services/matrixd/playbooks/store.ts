// Playbooks on disk: one row for each version, change, replay and count of exposures, each with a checksum over all that it
// says. The database itself proves that no commit is lost (`#adapters/state`), the checksums that no row is altered, and
// dense version numbers that none is missing: a store that fails any of it is not opened, since fewer playbooks than were
// recorded would be a silent change of every ranking.

import type { State, StateRow } from "#adapters/state";
import { yieldToEventLoop } from "#lib/event-loop";
import { Fault } from "#rpc/fault";
import type { Change, Playbook, PlaybookKey, Replay, Version } from "./playbook.ts";

/** One row: a part of a playbook. */
export interface StoredPart {
  readonly id: string;
  readonly kind: "key" | "version" | "change" | "replay" | "exposures";
  /** The number of a version or change, the outcome of a replay. */
  readonly part: string;
  readonly body: string;
}

export interface Exposures {
  readonly count: number;
  readonly lastAt: number;
}

type StoredKey = PlaybookKey & Pick<Playbook, "place">;

/** Rows that are read before others get their turn: some milliseconds. */
const PAGE_ROWS = 2000;
/** Six values a row; SQLite takes 32,766 in a statement. */
const INSERT_ROWS = 1000;
const VALUES_A_ROW = 5;

const TABLE = `create table if not exists playbook_parts (
  playbook_id text not null,
  kind text not null,
  part text not null,
  body text not null,
  checksum text not null,
  primary key (playbook_id, kind, part)
)`;

/** Everything that is stored. Throws `internal` when any of it is damaged. */
export async function loadPlaybooks(state: State): Promise<Playbook[]> {
  await state.run(TABLE);
  const found = new Map<string, StoredPart[]>();
  let last: readonly [string, string, string] = ["", "", ""];
  for (;;) {
    const rows = await state.all(
      `select playbook_id, kind, part, body, checksum from playbook_parts
       where (playbook_id, kind, part) > ($1, $2, $3) order by playbook_id, kind, part limit ${PAGE_ROWS}`,
      last,
    );
    for (const row of rows) {
      const one = verified(row);
      const own = found.get(one.id);
      if (own === undefined) found.set(one.id, [one]);
      else own.push(one);
      last = [one.id, one.kind, one.part];
    }
    if (rows.length < PAGE_ROWS) break;
    await yieldToEventLoop();
  }
  return [...found].map(([id, parts]) => assembled(id, parts));
}

/** Durable when it resolves: all of the parts or, of each insert of a thousand, none. A part that is there is replaced. */
export async function saveParts(state: State, parts: readonly StoredPart[]): Promise<void> {
  for (let from = 0; from < parts.length; from += INSERT_ROWS) {
    const some = parts.slice(from, from + INSERT_ROWS);
    const rows = some.map((_, at) => {
      const numbers = Array.from({ length: VALUES_A_ROW }, (_, value) => `$${at * VALUES_A_ROW + value + 1}`);
      return `(${numbers.join(", ")})`;
    });
    await state.run(
      `insert into playbook_parts (playbook_id, kind, part, body, checksum) values ${rows.join(", ")}
       on conflict (playbook_id, kind, part) do update set body = excluded.body, checksum = excluded.checksum`,
      some.flatMap((one) => [one.id, one.kind, one.part, one.body, checksumOf(one)]),
    );
  }
}

export function keyPart(id: string, key: StoredKey): StoredPart {
  const { corpus, queryText, role, answerId, actor, place } = key;
  const body = JSON.stringify({ corpus, queryText, role, answerId, actor, place });
  return { id, kind: "key", part: "", body };
}

export function versionPart(id: string, version: Version): StoredPart {
  return { id, kind: "version", part: numbered(version.version), body: JSON.stringify(version) };
}

export function changePart(id: string, number: number, change: Change): StoredPart {
  return { id, kind: "change", part: numbered(number), body: JSON.stringify(change) };
}

export function replayPart(id: string, outcome: string, replay: Replay): StoredPart {
  return { id, kind: "replay", part: outcome, body: JSON.stringify(replay) };
}

export function exposuresPart(id: string, exposures: Exposures): StoredPart {
  return { id, kind: "exposures", part: "", body: JSON.stringify(exposures) };
}

/** As text that sorts like the number. */
function numbered(number: number): string {
  return String(number).padStart(8, "0");
}

function checksumOf({ id, kind, part, body }: StoredPart): string {
  return Bun.hash.xxHash64(JSON.stringify([id, kind, part, body])).toString(36);
}

function verified(row: StateRow): StoredPart {
  const one = {
    id: String(row["playbook_id"]),
    kind: String(row["kind"]) as StoredPart["kind"],
    part: String(row["part"]),
    body: String(row["body"]),
  };
  if (checksumOf(one) !== row["checksum"]) throw damaged(`a row of the playbook ${one.id} is altered`);
  return one;
}

function assembled(id: string, parts: readonly StoredPart[]): Playbook {
  const of = (kind: StoredPart["kind"]): readonly StoredPart[] => parts.filter((part) => part.kind === kind);
  const [key] = of("key").map(({ body }) => JSON.parse(body) as StoredKey);
  const versions = of("version").map(({ body }) => JSON.parse(body) as Version);
  const changes = of("change");
  const isDense =
    versions.length > 0 &&
    versions.every(({ version }, at) => version === at + 1) &&
    changes.every(({ part }, at) => part === numbered(at + 1));
  if (key === undefined || !isDense) throw damaged(`rows of the playbook ${id} are missing`);
  const [exposures] = of("exposures").map(({ body }) => JSON.parse(body) as Exposures);
  return {
    ...key,
    id,
    versions: versions.map((version) => ({
      ...version,
      outcome: version.outcome,
      tags: version.tags,
      expiresAt: version.expiresAt,
    })),
    changes: changes.map(({ body }) => JSON.parse(body) as Change),
    replays: new Map(of("replay").map(({ part, body }) => [part, JSON.parse(body) as Replay])),
    exposures: exposures?.count ?? 0,
    lastExposedAt: exposures?.lastAt,
  };
}

function damaged(what: string): Fault {
  return new Fault(
    "internal",
    `playbooks.sqlite is damaged: ${what}. Restore it from a backup; docs/operating/recover.md says how.`,
  );
}
