// The catalog's database beside what the object store says of the tables. A folder whose table was made current and
// that the database does not know, or a version that is newer than its row, is a commit that was acknowledged and lost.

import type { storage } from "#contracts/storage";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { Pointers } from "../tables/pointers.ts";
import { readHints, tableFolders } from "../tables/warehouse.ts";

export interface CatalogFinding {
  /** Undefined for the database as a whole. */
  readonly dataset?: string;
  /** One sentence for a person. */
  readonly problem: string;
  /** What repairs it: `rebuild` the rows from the tables' own metadata, or `restore` from a backup. */
  readonly remedy: "rebuild" | "restore";
}

/** What the database has lost. */
export async function compare(pointers: Pointers, store: Service<typeof storage>): Promise<CatalogFinding[]> {
  // The store first: what it knows now the database must know later, whatever others commit meanwhile.
  const folders = await tableFolders(store);
  const dropped = await pointers.generations();
  const hinted = await readHints(
    store,
    folders.filter(({ name, generation }) => generation >= (dropped.get(name) ?? 0)),
  );
  const known = await pointers.byPrefix();
  const generations = await pointers.generations();
  const findings: CatalogFinding[] = [];
  for (const { name, generation, prefix, hint, isHintDamaged } of hinted) {
    if (generation < (generations.get(name) ?? 0)) continue;
    const row = known.get(prefix);
    if (isHintDamaged && row === undefined) {
      const problem = `The dataset ${name} is in storage, at a version that cannot be read, and the catalog does not know it.`;
      findings.push({ dataset: name, problem, remedy: "rebuild" });
    }
    if (hint === undefined) continue;
    if (row !== undefined && row.version >= hint) continue;
    const problem =
      row === undefined
        ? `The dataset ${name} is in storage, at version ${hint}, and the catalog does not know it.`
        : `The dataset ${name} is at version ${hint} in storage, and at version ${row.version} in the catalog.`;
    findings.push({ dataset: name, problem, remedy: "rebuild" });
  }
  return findings;
}

/** So many are named; the rest are counted. */
const NAMED_MAX = 10;

/**
 * Throws `internal` with what is missing when the database is behind. A store that does not answer proves nothing: the
 * database has a proof of its own (commit-counter.ts), and the house starts and says that its store is down.
 */
export async function refuseBehind(pointers: Pointers, store: Service<typeof storage>): Promise<void> {
  const findings = await compare(pointers, store).catch((error: unknown) => {
    if (error instanceof Fault && error.code !== "internal") return [];
    throw error;
  });
  if (findings.length === 0) return;
  const named = findings.slice(0, NAMED_MAX).map(({ problem }) => problem);
  const more = findings.length > NAMED_MAX ? ` And ${findings.length - NAMED_MAX} more.` : "";
  throw new Fault(
    "internal",
    `The catalog's database has lost commits. ${named.join(" ")}${more} Put its newest copy back, or make it again with: lakehouse repair. docs/operating/recover.md says more.`,
  );
}
