// The two files of a demo: the seeded sample, written as CSV into the data folder, or the user's own. The sample
// depends on the day (certifications expire and orders start around it), so a file is written again when the day's
// content differs, and left alone when it does not.

import { join, relative } from "node:path";
import { makeFolder, readIfThere, writeDurably } from "#lib/durable";
import { generateOrders, generateWorkers, toCsv } from "./sample/sample.ts";
import { Fault } from "#rpc/fault";
import { type InputFile, inputFile } from "../input-file.ts";

/** Enough for a meaningful ranking, few enough to load and build within seconds. */
export const SAMPLE_WORKERS = 5000;
export const SAMPLE_ORDERS = 500;
const SAMPLE_SEED = 20;

export interface DemoFile {
  readonly dataset: "workers" | "orders";
  readonly file: InputFile;
  readonly path: string;
  readonly bytes: number;
  /** Rows of a sample; a user's file is counted when it is loaded. */
  readonly rows?: number;
  readonly kind: "sample" | "yours";
  /** False when the file existed already with the same content. */
  readonly written: boolean;
}

export interface DemoFilesPlan {
  readonly data: string;
  /** "YYYY-MM-DD" */
  readonly today: string;
  readonly workers: string | undefined;
  readonly orders: string | undefined;
}

export async function demoFiles({
  data,
  today,
  workers,
  orders,
}: DemoFilesPlan): Promise<readonly [DemoFile, DemoFile]> {
  const plan = { seed: SAMPLE_SEED, today };
  return [
    workers === undefined
      ? await sample(
          data,
          "workers",
          SAMPLE_WORKERS,
          toCsv(generateWorkers({ ...plan, count: SAMPLE_WORKERS })),
        )
      : await own("workers", workers),
    orders === undefined
      ? await sample(data, "orders", SAMPLE_ORDERS, toCsv(generateOrders({ ...plan, count: SAMPLE_ORDERS })))
      : await own("orders", orders),
  ];
}

async function own(dataset: DemoFile["dataset"], given: string): Promise<DemoFile> {
  if (given === "-")
    throw new Fault("invalid", `--${dataset} needs a file; standard input cannot be looked at twice.`);
  const file = await inputFile(given);
  return { dataset, file, path: file.path ?? given, bytes: file.bytes ?? 0, kind: "yours", written: false };
}

async function sample(
  data: string,
  dataset: DemoFile["dataset"],
  rows: number,
  lines: Iterable<string>,
): Promise<DemoFile> {
  const folder = join(data, "sample");
  const path = join(folder, `${dataset}.csv`);
  const content = [...lines].join("");
  const written = (await readIfThere(path)) !== content;
  if (written) {
    await makeFolder(folder);
    await writeDurably(path, content);
  }
  const file = await inputFile(path);
  return { dataset, file, path, bytes: file.bytes ?? 0, rows, kind: "sample", written };
}

/** The datasets of a folder that the demo created; it replaces these and no others. */
function markPath(data: string): string {
  return join(data, "sample", "made-by-demo.json");
}

/**
 * Makes sure that the demo may replace the dataset: it must not exist, or be one that the demo created. Throws
 * `conflict` otherwise.
 */
export async function reserveDataset(data: string, dataset: string, isThere: boolean): Promise<void> {
  const text = await readIfThere(markPath(data));
  const made = text === undefined ? [] : (JSON.parse(text) as string[]);
  if (made.includes(dataset)) return;
  if (isThere) {
    throw new Fault(
      "conflict",
      `${data} holds a dataset ${dataset} that the demo did not make, and it will not replace it.\nGive the demo a folder of its own: lakehouse demo --data ./lakehouse-demo`,
    );
  }
  await makeFolder(join(data, "sample"));
  await writeDurably(markPath(data), `${JSON.stringify([...made, dataset])}\n`);
}

/** The path relative to the present folder, where that is shorter. */
export function shortPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === "" ? "." : near.startsWith("..") ? path : `./${near}`;
}
