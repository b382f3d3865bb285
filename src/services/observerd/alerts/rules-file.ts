// Alert rules on disk: one small file with its checksum, replaced as a whole.

import { dirname, join } from "node:path";
import { z } from "zod";
import { isWitnessed, witness, witnessPath } from "#adapters/witness";
import { type AlertRule, alertRule } from "#contracts/observe";
import { makeFolder, readIfThere, writeDurably } from "#lib/durable";
import { Fault } from "#rpc/fault";

export const RULES_FILE = "rules.json";

const file = z.strictObject({ rules: z.array(alertRule), sum: z.string() });

/** Throws `internal` when they are damaged or lost. */
export async function readRules(folder: string): Promise<readonly AlertRule[]> {
  const text = await readIfThere(join(folder, RULES_FILE));
  if (text === undefined) {
    if (isWitnessed(witnessed(folder))) throw lost();
    return [];
  }
  try {
    const { rules, sum } = file.parse(JSON.parse(text));
    if (sum === sumOf(rules)) return rules;
  } catch (error) {
    throw damaged(error);
  }
  throw damaged(undefined);
}

export async function writeRules(folder: string, rules: readonly AlertRule[]): Promise<void> {
  await makeFolder(folder);
  await writeDurably(join(folder, RULES_FILE), `${JSON.stringify({ rules, sum: sumOf(rules) })}\n`);
  witness(witnessed(folder));
}

/** The rules outlive their folder. */
function witnessed(folder: string): string {
  return join(dirname(folder), "alert-rules");
}

function sumOf(rules: readonly AlertRule[]): string {
  return Bun.hash.xxHash64(JSON.stringify(rules)).toString(16);
}

/** They could not be read at all. */
export function unreadable(cause: unknown): Fault {
  return new Fault(
    "internal",
    `observer/${RULES_FILE}, which holds the alert rules, cannot be read. Look at the disk and the folder's owner, and start the house again.`,
    { cause },
  );
}

function lost(): Fault {
  return new Fault(
    "internal",
    `observer/${RULES_FILE}, which holds the alert rules, is missing. Restore it from a backup, or remove ${witnessPath("alert-rules")}, start the house again and define the rules again.`,
  );
}

function damaged(cause: unknown): Fault {
  return new Fault(
    "internal",
    `observer/${RULES_FILE}, which holds the alert rules, is damaged. Restore it from a backup, or remove it and define the rules again.`,
    { cause },
  );
}
