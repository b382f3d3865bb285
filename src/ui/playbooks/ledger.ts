// Playbooks with what they did, and a ranking with and without them.

import type { LedgerEntry, MatrixHit, Playbook } from "#contracts/matrix";
import { matrixd } from "../wire/client.ts";

export interface Learnt extends Playbook {
  /** Undefined while nothing is known of what it did. */
  readonly did: LedgerEntry | undefined;
}

export interface Ledger {
  readonly learnt: readonly Learnt[];
  readonly totals: Awaited<ReturnType<typeof matrixd.playbookLedger>>["totals"];
  /** There are more than are shown. */
  readonly more: boolean;
}

/** Ten thousand, the newest pages first; a house with more is looked at role by role. */
const PAGES_MAX = 10;
const PAGE = 1000;

export async function loadLedger(role: string | undefined): Promise<Ledger> {
  const of = role === undefined ? {} : { role };
  const playbooks: Playbook[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const reply = await matrixd.playbooks({
      ...of,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    playbooks.push(...reply.playbooks);
    cursor = reply.next_cursor;
    if (cursor === undefined) break;
  }
  const entries = new Map<string, LedgerEntry>();
  let totals: Ledger["totals"] | undefined;
  let at: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const reply = await matrixd.playbookLedger({
      ...of,
      limit: PAGE,
      ...(at === undefined ? {} : { cursor: at }),
    });
    for (const entry of reply.entries) entries.set(entry.playbook_id, entry);
    totals ??= reply.totals;
    at = reply.next_cursor;
    if (at === undefined) break;
  }
  return {
    learnt: playbooks.map((playbook) => ({ ...playbook, did: entries.get(playbook.playbook_id) })),
    totals: totals ?? { playbooks: 0, active: 0, disabled: 0, exposures: 0, lift: 0, harm: 0, waiting: 0 },
    more: cursor !== undefined,
  };
}

export interface RoleShare {
  readonly role: string;
  readonly count: number;
}

/** Roles by how much was learnt about them. */
export function rolesOf(learnt: readonly Pick<Playbook, "role">[]): readonly RoleShare[] {
  const groups = Map.groupBy(learnt, ({ role }) => role ?? "");
  return [...groups]
    .map(([role, of]) => ({ role, count: of.length }))
    .toSorted((a, b) => b.count - a.count || a.role.localeCompare(b.role));
}

export interface Moved {
  readonly id: string;
  /** From 1; undefined where the row is not among the hits. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly hit: MatrixHit;
}

/** One ranking beside the other: in the order of the one with playbooks, then those that fell out of it. */
export function sideBySide(
  without: readonly MatrixHit[],
  withPlaybooks: readonly MatrixHit[],
): readonly Moved[] {
  const before = new Map(without.map(({ id, rank }) => [id, rank + 1]));
  const after = new Map(withPlaybooks.map(({ id, rank }) => [id, rank + 1]));
  const fellOut = without.filter(({ id }) => !after.has(id));
  return [...withPlaybooks, ...fellOut].map((hit) => ({
    id: hit.id,
    before: before.get(hit.id),
    after: after.get(hit.id),
    hit,
  }));
}

export const STATE_WORDS: Readonly<Record<Playbook["state"], string>> = {
  active: "acts",
  disabled: "switched off",
  expired: "expired",
};

export const EFFECT_WORDS: Readonly<Record<Playbook["effect"], string>> = {
  lift: "moves up",
  push_down: "moves down",
};
