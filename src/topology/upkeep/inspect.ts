// Looks at everything a data folder holds, through the services' own contracts: what they answer is what a user would
// get. Tables are compared with the objects they name; a deep look also reads every object, whose content storaged
// compares with its checksums. Nothing is changed. The caller holds the data lock, and no house runs.

import { createHash } from "node:crypto";
import type { Settings } from "#config";
import type { House } from "#contracts/house";
import type { Log } from "#lib/log";
import { Fault, toFault } from "#rpc/fault";
import { startServices } from "../services.ts";
import { inspectBudgets } from "./chat-state.ts";
import { inspectModels } from "./static-models.ts";

export interface Finding {
  readonly part:
    | "catalog"
    | "dataset"
    | "object"
    | "index"
    | "corpus"
    | "taxonomy"
    | "model"
    | "journal"
    | "fills"
    | "budgets"
    | "playbook"
    | "trace"
    | "events"
    | "truth"
    | "keys"
    | "format";
  /** Of the dataset, object, index or corpus. */
  readonly name: string;
  /** One sentence. */
  readonly problem: string;
  /** What makes it whole again: `lakehouse repair`, or a backup. */
  readonly remedy: "repair" | "restore";
  /** Nothing is lost or damaged: a house that runs makes up for it by itself. */
  readonly isPending?: true;
}

export interface InspectOptions {
  /** Reads every object, event and claim. */
  readonly deep: boolean;
}

export async function inspectData(
  settings: Settings,
  log: Log,
  options: InspectOptions,
): Promise<readonly Finding[]> {
  const files = [...(await inspectBudgets(settings)), ...(await inspectModels(settings))];
  const services = await startServices(settings, log);
  try {
    return [...files, ...(await inspectHouse(services.house, options))];
  } finally {
    await services.stop();
  }
}

export async function inspectHouse(
  house: Pick<
    House,
    | "storaged"
    | "catalogd"
    | "vectord"
    | "matrixd"
    | "pathwayd"
    | "observerd"
    | "journald"
    | "truthd"
    | "filld"
  >,
  { deep }: InspectOptions,
): Promise<readonly Finding[]> {
  return [
    ...(await inspectDatasets(house, deep)),
    ...(deep ? await inspectObjects(house) : []),
    ...(await inspectIndexes(house)),
    ...(await inspectCorpora(house)),
    ...(await inspectPlaybooks(house)),
    ...(await inspectJournal(house, deep)),
    ...(await inspectEvents(house, deep)),
    ...(await inspectTruth(house, deep)),
    ...(await inspectTraces(house)),
    ...(await inspectFills(house)),
  ];
}

const PAGE = 1000;

async function inspectDatasets(
  { catalogd, storaged }: Pick<House, "catalogd" | "storaged">,
  deep: boolean,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const found = (name: string, problem: string): void => {
    findings.push({ part: "dataset", name, problem, remedy: "restore" });
  };
  for await (const { name } of pages(
    (cursor) => catalogd.datasets({ limit: PAGE, cursor }),
    ({ datasets }) => datasets,
  )) {
    const scanned = await catalogd
      .scan({ dataset: name })
      .catch((error: unknown) => found(name, problemOf(error)));
    for (const { key, bytes, sha256 } of scanned?.files ?? []) {
      try {
        const { headers } = await storaged.head({ key });
        const size = Number(headers["content-length"]);
        if (size !== bytes)
          found(name, `The object ${key} has ${size} bytes, and dataset ${name} says ${bytes}.`);
        // The table's own checksum: storaged has none for objects of versions before it kept them.
        else if (deep && sha256 !== undefined && (await hashOf(storaged, key)) !== sha256)
          found(name, `The object ${key} of dataset ${name} is damaged: its checksum is wrong.`);
      } catch (error) {
        found(name, problemOf(error));
      }
    }
  }
  return findings;
}

async function hashOf({ get }: House["storaged"], key: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of (await get({ key })).body ?? []) hash.update(chunk);
  return hash.digest("hex");
}

/** Every object is read to its end and compared. */
async function inspectObjects({ storaged }: Pick<House, "storaged">): Promise<Finding[]> {
  const { damaged, damaged_count } = await storaged.verify({});
  const findings = damaged.map(({ key, problem, checksums_only }): Finding => {
    return { part: "object", name: key, problem, remedy: checksums_only === true ? "repair" : "restore" };
  });
  const more = damaged_count - damaged.length;
  if (more === 0) return findings;
  const problem = `${more} more objects are damaged or lost.`;
  return [...findings, { part: "object", name: "", problem, remedy: "restore" }];
}

async function inspectIndexes({ vectord }: Pick<House, "vectord">): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const { name, damaged, repairable } of pages(
    (cursor) => vectord.indexes({ limit: PAGE, cursor }),
    ({ indexes }) => indexes,
  )) {
    const remedy = repairable === false ? "restore" : "repair";
    if (damaged !== undefined) findings.push({ part: "index", name, problem: damaged, remedy });
  }
  return findings;
}

/** One call reads them all, and fails when any row of any of them is altered. */
async function inspectPlaybooks({ matrixd }: Pick<House, "matrixd">): Promise<Finding[]> {
  return matrixd.playbooks({ limit: 1 }).then(
    () => [],
    (error: unknown) => [
      { part: "playbook", name: "playbooks.sqlite", problem: problemOf(error), remedy: "restore" },
    ],
  );
}

async function inspectCorpora({ matrixd }: Pick<House, "matrixd">): Promise<Finding[]> {
  const findings: Finding[] = [];
  await matrixd.taxonomy({}).catch((error: unknown) => {
    const { code, message } = toFault(error);
    if (code !== "internal") throw error;
    findings.push({ part: "taxonomy", name: "titles", problem: message, remedy: "restore" });
  });
  const { damaged = [] } = await matrixd.corpora({ limit: 1 });
  for (const name of damaged) {
    const problem = `The definition of the corpus ${name} is damaged: restore it, or define the corpus again.`;
    findings.push({ part: "corpus", name, problem, remedy: "restore" });
  }
  for await (const { name, status, build } of pages(
    (cursor) => matrixd.corpora({ limit: PAGE, cursor }),
    ({ corpora }) => corpora,
  )) {
    if (status !== "failed") continue;
    findings.push({
      part: "corpus",
      name,
      problem: build?.error ?? `The corpus ${name} could not be built.`,
      remedy: "repair",
    });
  }
  return findings;
}

async function inspectJournal({ journald }: Pick<House, "journald">, deep: boolean): Promise<Finding[]> {
  const found = (problem: string): Finding[] => [
    { part: "journal", name: "journal", problem, remedy: "repair" },
  ];
  if (!deep) {
    return journald.status({}).then(
      () => [],
      (error: unknown) => found(problemOf(error)),
    );
  }
  const { ok, problem = "It does not verify." } = await journald.verify({});
  return ok ? [] : found(problem);
}
async function inspectEvents({ observerd }: Pick<House, "observerd">, deep: boolean): Promise<Finding[]> {
  const found = (name: string, problem: string): Finding => ({
    part: "events",
    name,
    problem,
    remedy: "restore",
  });
  const findings = await observerd.rules({}).then(
    () => [],
    (error: unknown) => [found("observer/rules.json", problemOf(error))],
  );
  if (!deep) return findings;
  const { damaged_lines: damaged } = await observerd.verify({});
  if (damaged === 0) return findings;
  return [...findings, found("observer", `${damaged} recorded events are damaged, and left out of lists.`)];
}

/** Opening verifies the database's shape, and a deep look what is in it. */
async function inspectTruth({ truthd }: Pick<House, "truthd">, deep: boolean): Promise<Finding[]> {
  return (deep ? truthd.verify({}) : truthd.entities({ limit: 1 })).then(
    () => [],
    (error: unknown) => [
      { part: "truth", name: "truth.sqlite", problem: problemOf(error), remedy: "restore" },
    ],
  );
}
/** Every record is read and compared with its checksums. */
async function inspectTraces({ pathwayd }: Pick<House, "pathwayd">): Promise<Finding[]> {
  try {
    const { damaged } = await pathwayd.verify({});
    return damaged.map(({ name, problem }): Finding => ({ part: "trace", name, problem, remedy: "restore" }));
  } catch (error) {
    return [{ part: "trace", name: "pathway.sqlite", problem: problemOf(error), remedy: "restore" }];
  }
}

/** The journal is the truth of the fills: datasets that are behind it are written again from it. */
async function inspectFills({ filld, journald }: Pick<House, "filld" | "journald">): Promise<Finding[]> {
  // Where the journal is damaged, that is the finding.
  const isRead = await journald.status({}).then(
    () => true,
    () => false,
  );
  if (!isRead) return [];
  try {
    const { outcomes: _, ...behind } = await filld.published({});
    return Object.entries(behind)
      .filter(([, fills]) => fills > 0)
      .map(([name, fills]) => ({
        part: "fills",
        name,
        problem: `The dataset ${name} is behind the journal: ${fills} fills are newer than their rows.`,
        remedy: "repair",
        isPending: true,
      }));
  } catch (error) {
    return [{ part: "fills", name: "fills", problem: problemOf(error), remedy: "repair" }];
  }
}

async function* pages<P extends { next_cursor?: string | undefined }, T>(
  page: (cursor: string | undefined) => Promise<P>,
  itemsOf: (page: P) => readonly T[],
): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const found = await page(cursor);
    yield* itemsOf(found);
    cursor = found.next_cursor;
  } while (cursor !== undefined);
}

function problemOf(error: unknown): string {
  return error instanceof Fault ? error.message : "It cannot be read; the log says why.";
}
