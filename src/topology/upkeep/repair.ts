// `lakehouse repair`: lists what of a data folder is damaged or missing and, when it is told to, makes whole again what
// follows from something else: the catalog from its tables' own metadata, an index from what verifies of its log, the
// journal from that and its dataset, a corpus from its dataset. What follows from nothing else is named, for a backup to bring back. Nothing is thrown away:
// what was damaged stays beside what replaces it.

import { join } from "node:path";
import type { Settings } from "#config";
import { areKeysRequired, readKeys } from "#edge/access/key-file";
import type { Log } from "#lib/log";
import { Fault, toFault } from "#rpc/fault";
import { acquireDataLock } from "../data-lock.ts";
import { startServices } from "../services.ts";
import { inspectCatalog, rebuildCatalog } from "./catalog-state.ts";
import { inspectBudgets, renewBudgets } from "./chat-state.ts";
import { isFormatDamaged, writeFormat } from "./format.ts";
import { type Finding, inspectHouse } from "./inspect.ts";
import { inspectModels } from "./static-models.ts";

/** What was found, and what became of it. */
export interface RepairLine extends Finding {
  readonly done: boolean;
  /** What was lost in repairing it, or why it could not be. */
  readonly result?: string;
}

export interface RepairOptions {
  /** Only looks. */
  readonly dryRun: boolean;
}

/** The house must not run. Throws `conflict` when it does. */
export async function repair(
  settings: Settings,
  log: Log,
  { dryRun }: RepairOptions,
): Promise<readonly RepairLine[]> {
  const lock = await acquireDataLock(settings.data);
  try {
    const lines: RepairLine[] = [...(await repairFormat(settings, dryRun)), ...(await lookAtKeys(settings))];
    const catalog = await repairCatalog(settings, log, dryRun);
    lines.push(...catalog);
    lines.push(...(await repairBudgets(settings, dryRun)));
    for (const finding of await inspectModels(settings)) lines.push({ ...finding, done: false });
    // With its catalog damaged the house does not start, and what else is wrong shows only after the repair.
    if (dryRun && catalog.length > 0) return lines;
    const services = await startServices(settings, log);
    try {
      const findings = await inspectHouse(services.house, { deep: true });
      for (const finding of findings) lines.push(await repairOne(services.house, finding, dryRun));
    } finally {
      await services.stop();
    }
    if (lock.isCopyOfLive && !dryRun && lines.every(({ done }) => done)) await lock.adopt();
    return lines;
  } finally {
    await lock.release();
  }
}

async function repairFormat({ data }: Settings, dryRun: boolean): Promise<RepairLine[]> {
  if (!(await isFormatDamaged(data))) return [];
  if (!dryRun) await writeFormat(data);
  const problem = "format.json, which says how the folder is laid out, is damaged.";
  return [{ part: "format", name: "format.json", problem, remedy: "repair", done: !dryRun }];
}

async function lookAtKeys({ data }: Settings): Promise<RepairLine[]> {
  const path = join(data, "keys.json");
  const missing = (problem: string): RepairLine[] => [
    { part: "keys", name: "keys.json", problem, remedy: "restore", done: false },
  ];
  try {
    if ((await readKeys(path)) !== undefined) return [];
  } catch (error) {
    return missing(error instanceof Fault ? error.message : "keys.json cannot be read.");
  }
  // The other witness is in the catalog's database, whose own line says when it cannot be read.
  const wereMade = await areKeysRequired(path).catch((error: unknown) => {
    if (toFault(error).code === "internal") return false;
    throw error;
  });
  return wereMade ? missing("keys.json is missing, and this house had API keys: every call is refused.") : [];
}

async function repairCatalog(settings: Settings, log: Log, dryRun: boolean): Promise<RepairLine[]> {
  const found = await inspectCatalog(settings, log);
  if (found.length === 0 || dryRun) return found.map((finding) => ({ ...finding, done: false }));
  const rebuilt = await rebuildCatalog(settings, log);
  const lost = rebuilt
    .filter(({ remedy }) => remedy === "restore")
    .map((finding) => ({ ...finding, done: false }));
  const result = `The catalog was made again from the tables' own metadata: ${rebuilt.length - lost.length} tables.`;
  return [...found.map((finding) => ({ ...finding, done: true, result })), ...lost];
}

async function repairBudgets(settings: Settings, dryRun: boolean): Promise<RepairLine[]> {
  const found = await inspectBudgets(settings);
  if (found.length === 0 || dryRun) return found.map((finding) => ({ ...finding, done: false }));
  const result = await renewBudgets(settings);
  return found.map((finding) => ({ ...finding, done: true, result }));
}

type Repairers = Parameters<typeof inspectHouse>[0];

async function repairOne(house: Repairers, finding: Finding, dryRun: boolean): Promise<RepairLine> {
  if (dryRun || finding.remedy === "restore") return { ...finding, done: false };
  try {
    return { ...finding, done: true, ...(await remedy(house, finding)) };
  } catch (error) {
    const result = error instanceof Fault ? error.message : "It could not be repaired; the log says why.";
    return { ...finding, done: false, result };
  }
}

async function remedy(
  { storaged, vectord, matrixd, journald, filld }: Repairers,
  { part, name }: Finding,
): Promise<{ result?: string }> {
  if (part === "object") {
    await storaged.renewChecksums({ key: name });
    return { result: "Its checksums are made again from its bytes as they are; nothing else proves those." };
  }
  if (part === "fills") {
    await filld.publish({});
    return { result: "Its rows are written again from the journal." };
  }
  if (part === "journal") {
    const { lost, restored, kept_as } = await journald.repair({});
    const events = lost.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    const kept = kept_as === undefined ? "" : ` The damaged files are kept as ${kept_as}.`;
    return {
      result: `${counted(restored, "event")} came back from the dataset journal, ${counted(events, "event")} in all are lost.${kept}`,
    };
  }
  if (part === "index") {
    const { damage, lost, rows_lost, kept_as } = await vectord.repair({ index: name });
    const writes = lost.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    const kept = kept_as === undefined ? "" : ` The damaged files are kept as vectors/${kept_as}.`;
    return {
      result: `${counted(writes, "write")} and ${counted(rows_lost, "row")} are known to be lost. ${damage.join(" ")}${kept}`,
    };
  }
  if (part === "corpus") {
    const { dataset, id, text, fields, meanings, model, engine, refresh } = await matrixd.corpus({
      corpus: name,
    });
    await matrixd.putCorpus({ corpus: name, dataset, id, text, fields, meanings, model, engine, refresh });
    return { result: "It is built again from its dataset." };
  }
  return {};
}

function counted(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? "" : "s"}`;
}
