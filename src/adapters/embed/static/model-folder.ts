// Static models in the data folder: `models/NAME` holds a copy of the table and the tokenizer, and `model.json` with their
// hashes, which is written last. A folder without it is an addition that was cut off, and counts for nothing. The hashes
// are part of the model's name, because other files make other vectors; files that differ from them are refused.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { makeFolder, writeDurably } from "#lib/durable";
import { Fault } from "#rpc/fault";
import type { EmbedModel } from "../embed-model.ts";

const TABLE_FILE = "model.safetensors";
const TOKENIZER_FILE = "tokenizer.json";
const DESCRIPTION_FILE = "model.json";
/** Kept in memory by embedd; the largest static models known have a quarter of it. */
const TABLE_BYTES_MAX = 512 * 1024 * 1024;
/** The vocabulary of a large language model has 20 MiB. */
const TOKENIZER_BYTES_MAX = 64 * 1024 * 1024;
const NAME = /^[A-Za-z0-9][\w.-]{0,99}$/;
/** One step of hashing: less than 5 ms. */
const HASH_STEP_BYTES = 4 * 1024 * 1024;
const MARK_LENGTH = 8;

interface Hashes {
  readonly table_sha256: string;
  readonly tokenizer_sha256: string;
}

export interface StaticModel extends Hashes {
  readonly name: string;
  readonly dimension: number;
  readonly tokens: number;
  readonly bytes: number;
}

/** `models` of the data folder. */
export function modelsFolder(data: string): string {
  return join(data, "models");
}

/** Names of the models that are there. */
export async function staticModelNames(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const names = await readdir(folder);
  return names.filter((name) => existsSync(join(folder, name, DESCRIPTION_FILE))).sort();
}

/**
 * Copies a model into the folder. Throws `not_found` where `from` holds none, `invalid` for one that cannot be used, and
 * `conflict` when another one has the name.
 */
export async function addStaticModel(folder: string, name: string, from: string): Promise<StaticModel> {
  if (!NAME.test(name))
    throw new Fault("invalid", `--name is letters, digits, dots, dashes and underscores, not ${name}.`);
  const table = await readFile(await onlyTable(from));
  const tokenizer = await limited(join(from, TOKENIZER_FILE), TOKENIZER_BYTES_MAX);
  const hashes = { table_sha256: await sha256Of(table), tokenizer_sha256: await sha256Of(tokenizer) };
  const { tokenTable } = await import("./token-table.ts");
  const { dimension, tokens, embed } = tokenTable(table, tokenizer.toString("utf8"));
  const [tried] = await embed(["forklift operator"]);
  if (tried === undefined || !tried.every(Number.isFinite))
    throw new Fault("invalid", "The model gives numbers that are not finite.");
  const target = join(folder, name);
  if (await isOther(folder, name, hashes)) {
    throw new Fault(
      "conflict",
      `There is another model ${name}. Its vectors may be in use: choose another name with --name.`,
    );
  }
  await makeFolder(target);
  await writeDurably(join(target, TABLE_FILE), table);
  await writeDurably(join(target, TOKENIZER_FILE), tokenizer);
  const bytes = table.length + tokenizer.length;
  const model = { name, dimension, tokens, bytes, ...hashes };
  await writeDurably(join(target, DESCRIPTION_FILE), `${JSON.stringify(model, null, 2)}\n`);
  return model;
}

/** Whether the name belongs to other files. One whose description is damaged is taken over: what it was is not known. */
async function isOther(folder: string, name: string, hashes: Hashes): Promise<boolean> {
  if (!existsSync(join(folder, name, DESCRIPTION_FILE))) return false;
  try {
    return markOf(await described(folder, name)) !== markOf(hashes);
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** What is known of a model without reading it. Throws `internal` when its description is damaged. */
export async function described(folder: string, name: string): Promise<StaticModel> {
  try {
    const text = await readFile(join(folder, name, DESCRIPTION_FILE), "utf8");
    const { dimension, tokens, bytes, table_sha256, tokenizer_sha256 } = JSON.parse(text) as StaticModel;
    const isWhole =
      [dimension, tokens, bytes].every(Number.isSafeInteger) &&
      [table_sha256, tokenizer_sha256].every((hash) => /^[0-9a-f]{64}$/.test(hash));
    if (isWhole) return { name, dimension, tokens, bytes, table_sha256, tokenizer_sha256 };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw damaged(name, DESCRIPTION_FILE);
}

/** Reads and compares a model's files. Throws `internal` when one of them is not what was added. */
export async function verifiedFiles(
  folder: string,
  model: StaticModel,
): Promise<{ table: Uint8Array; tokenizer: string }> {
  const whole = async (file: string, hash: string): Promise<Buffer> => {
    const bytes = await readFile(join(folder, model.name, file)).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw damaged(model.name, file);
      throw error;
    });
    if ((await sha256Of(bytes)) !== hash) throw damaged(model.name, file);
    return bytes;
  };
  const table = await whole(TABLE_FILE, model.table_sha256);
  const tokenizer = await whole(TOKENIZER_FILE, model.tokenizer_sha256);
  return { table, tokenizer: tokenizer.toString("utf8") };
}

/**
 * The model as embedd has it: its files are read and verified at the first text. Throws `not_found` for a name that was
 * never added, `internal` for a damaged description.
 */
export async function staticModel(folder: string, name: string): Promise<EmbedModel> {
  if (!NAME.test(name) || !existsSync(join(folder, name, DESCRIPTION_FILE))) {
    throw new Fault(
      "not_found",
      `There is no static model ${name} in the data folder. Add it: lakehouse models add DIR --name ${name}`,
    );
  }
  const model = await described(folder, name);
  const load = async (): Promise<EmbedModel["embed"]> => {
    const { table, tokenizer } = await verifiedFiles(folder, model);
    const { tokenTable } = await import("./token-table.ts");
    return tokenTable(table, tokenizer).embed;
  };
  let loading: Promise<EmbedModel["embed"]> | undefined;
  return {
    name: `${name}#${markOf(model)}`,
    provider: "static",
    remote: false,
    dimension: model.dimension,
    embed: async (texts, signal) => {
      loading ??= load();
      const embed = await loading.catch((error: unknown) => {
        // It may be added again while the house runs.
        loading = undefined;
        throw error;
      });
      return embed(texts, signal);
    },
  };
}

function markOf({ table_sha256, tokenizer_sha256 }: Hashes): string {
  const hash = createHash("sha256").update(`${table_sha256} ${tokenizer_sha256}`);
  return hash.digest("hex").slice(0, MARK_LENGTH);
}

async function onlyTable(from: string): Promise<string> {
  const names = await readdir(from).catch(() => {
    throw new Fault("not_found", `There is no folder ${from}.`);
  });
  const tables = names.filter((name) => name.endsWith(".safetensors"));
  const [only] = tables;
  if (only === undefined || tables.length > 1 || !names.includes(TOKENIZER_FILE)) {
    throw new Fault(
      "not_found",
      `${from} holds no static model: one file that ends in .safetensors and ${TOKENIZER_FILE}.`,
    );
  }
  const path = join(from, only);
  await refuseLarger(path, TABLE_BYTES_MAX);
  return path;
}

async function limited(path: string, bytesMax: number): Promise<Buffer> {
  await refuseLarger(path, bytesMax);
  return readFile(path);
}

async function refuseLarger(path: string, bytesMax: number): Promise<void> {
  const { size } = await stat(path);
  if (size > bytesMax) throw new Fault("too_large", `${path} has ${size} bytes, and may have ${bytesMax}.`);
}

async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += HASH_STEP_BYTES) {
    hash.update(bytes.subarray(at, at + HASH_STEP_BYTES));
    await setImmediate();
  }
  return hash.digest("hex");
}

function damaged(name: string, file: string): Fault {
  return new Fault(
    "internal",
    `${file} of the static model ${name} is damaged. Add the model again: lakehouse models add DIR --name ${name}`,
  );
}
