// The database of budgets, and what is said while it cannot be used. A house starts without it, and everything but chat
// works; every call of a model is refused with what is wrong, because a budget that cannot be read cannot be kept. A damage
// stays until it is repaired; a disk that was full is tried again.

import { sqliteState, type State } from "#adapters/state";
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/log";
import { toFault, traceOf } from "#rpc/fault";
import { type Budgets, openBudgets } from "./budgets.ts";

export interface BudgetStore {
  /** Throws what is wrong with it. */
  get(): Budgets | Promise<Budgets>;
  /** The file's name while it is damaged. */
  readonly damaged: readonly string[];
  close(): Promise<void>;
}

export const BUDGETS_FILE = "chat.sqlite";

export async function openBudgetStore(
  file: string,
  clock: Clock,
  log: Log | undefined,
): Promise<BudgetStore> {
  let budgets: Budgets | undefined;
  let damage: unknown;
  let opening: Promise<Budgets> | undefined;

  const open = async (): Promise<Budgets> => {
    let state: State | undefined;
    try {
      state = sqliteState(file);
      budgets = await openBudgets(state, clock);
      return budgets;
    } catch (error) {
      await state?.close();
      if (toFault(error).code === "internal") damage = error;
      log?.warn("budgets cannot be read: calls of models are refused", traceOf(error));
      throw error;
    }
  };
  const get = (): Budgets | Promise<Budgets> => {
    if (budgets !== undefined) return budgets;
    if (damage !== undefined) throw damage;
    opening ??= open().finally(() => {
      opening = undefined;
    });
    return opening;
  };
  // What failed is told by every call, and by health.
  await Promise.resolve(get()).catch(() => undefined);
  return {
    get,
    get damaged() {
      return damage === undefined ? [] : [BUDGETS_FILE];
    },
    close: async () => budgets?.close(),
  };
}
