// The database of chat budgets, looked at and made again while no house runs. What a key may spend follows from nothing
// else: a damaged file is put aside, and budgets are set again or come from a backup.

import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { counterPath, wasEverThere } from "#adapters/commit-counter";
import { forget } from "#adapters/witness";
import { sqliteState } from "#adapters/state";
import type { Settings } from "#config";
import { makeFolder, syncFolder } from "#lib/durable";
import { Fault } from "#rpc/fault";

const BUDGETS_FILE = "chat.sqlite";

export interface BudgetsFinding {
  readonly part: "budgets";
  readonly name: string;
  readonly problem: string;
  readonly remedy: "repair";
}

export async function inspectBudgets({ data }: Pick<Settings, "data">): Promise<readonly BudgetsFinding[]> {
  const file = join(data, BUDGETS_FILE);
  if (!wasEverThere(file)) return [];
  try {
    await sqliteState(file).close();
    return [];
  } catch (error) {
    const problem = error instanceof Fault ? error.message : `${BUDGETS_FILE} cannot be read.`;
    return [{ part: "budgets", name: BUDGETS_FILE, problem, remedy: "repair" }];
  }
}

/** Puts the damaged database aside; the next start makes an empty one. Gives what is lost with it. */
export async function renewBudgets({ data }: Pick<Settings, "data">): Promise<string> {
  const aside = `${BUDGETS_FILE}.damaged-${Date.now()}`;
  await makeFolder(join(data, aside));
  const file = join(data, BUDGETS_FILE);
  for (const path of [file, `${file}-wal`, counterPath(file)]) {
    if (existsSync(path)) await rename(path, join(data, aside, path.slice(data.length + 1)));
  }
  // Last: until then the next start says that the database is missing.
  await rm(`${file}-shm`, { force: true });
  await forget(file);
  await syncFolder(data);
  return `Keys have no budgets now, and nothing counts as spent today: set them again with lakehouse budget set, or restore a backup. The damaged file is kept in ${aside}.`;
}
