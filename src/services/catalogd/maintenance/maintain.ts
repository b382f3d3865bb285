// All that keeps a table small, in order: merge small files, expire old snapshots, remove files that nothing needs.

import type { catalog } from "#contracts/catalog";
import type { OutputOf } from "#rpc/contract";
import { type CompactDeps, compact } from "./compact.ts";
import { removeOrphans, withoutExpired } from "./expire.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Scheduled work merges two files already, so that a table that rests becomes one. */
const LEAST = 2;

/** How long snapshots are kept where nobody says otherwise. */
const KEEP_DAYS = 30;
const PAGE = 100;

/** Every table in turn; a fault ends it, and the next time begins again. */
export async function maintainAll(deps: CompactDeps, signal: AbortSignal): Promise<void> {
  for (let after = ""; ;) {
    const page = await deps.tables.list(after, PAGE);
    for (const { name } of page) {
      if (signal.aborted) return;
      await maintain(deps, name, { keepDays: KEEP_DAYS, dryRun: false });
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.name;
  }
}

export async function maintain(
  deps: CompactDeps,
  name: string,
  { keepDays, dryRun }: { keepDays: number; dryRun: boolean },
): Promise<OutputOf<typeof catalog.maintain>> {
  const { tables, storage, clock } = deps;
  const compacted = await compact(deps, name, { least: LEAST, dryRun });
  const nowMs = clock.now();
  const before = nowMs - keepDays * DAY_MS;
  let table = await tables.get(name);
  let { expired } = await withoutExpired(tables, table, before);
  if (expired.length > 0 && !dryRun) {
    table = await tables.commit(name, async (current) => {
      if (current === undefined) return undefined;
      const done = await withoutExpired(tables, current, before);
      expired = done.expired;
      return expired.length === 0 ? undefined : { metadata: done.metadata };
    });
    await tables.forgetCommits(table, expired);
  }
  const removed = await removeOrphans(tables, storage, table, { nowMs, dryRun });
  return { dry_run: dryRun, compacted, expired: { snapshots: expired.length }, removed };
}
