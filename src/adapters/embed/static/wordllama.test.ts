// A real table: the one that the PyPI package wordllama ships, fetched by pip into the folder of temporary files once. Its
// tokenizer is a byte-pair one with a vocabulary of 32,000.

import { expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addStaticModel, staticModel } from "./model-folder.ts";

const VERSION = "0.4.0.post1";
const FETCH_MS_MAX = 60_000;
const kept = join(tmpdir(), `lakehouse-wordllama-${VERSION}`);

/** Why there is none; undefined when it is there. */
function fetched(): string | undefined {
  if (existsSync(join(kept, "tokenizer.json"))) return undefined;
  const partial = mkdtempSync(join(tmpdir(), "wordllama-"));
  const run = (...words: string[]): boolean =>
    Bun.which(words[0] ?? "") !== null &&
    Bun.spawnSync(words, { cwd: partial, stdout: "ignore", stderr: "ignore", timeout: FETCH_MS_MAX }).success;
  try {
    if (!run("pip", "download", "--no-deps", "--only-binary", ":all:", `wordllama==${VERSION}`))
      return "pip does not fetch it";
    const wheel = readdirSync(partial).find((name) => name.endsWith(".whl"));
    if (wheel === undefined || !run("python3", "-m", "zipfile", "-e", wheel, "."))
      return "its wheel cannot be opened";
    mkdirSync(kept, { recursive: true });
    copyFileSync(
      join(partial, "wordllama/weights/l2_supercat_256.safetensors"),
      join(kept, "model.safetensors"),
    );
    copyFileSync(
      join(partial, "wordllama/tokenizers/l2_supercat_tokenizer_config.json"),
      join(kept, "tokenizer.json"),
    );
    return undefined;
  } finally {
    rmSync(partial, { recursive: true });
  }
}

const missing = fetched();
const why = missing === undefined ? "" : ` (skipped: ${missing})`;

test.skipIf(missing !== undefined)(`the table of WordLlama relates what people mean${why}`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "wordllama-models-"));
  try {
    const added = await addStaticModel(folder, "wordllama", kept);
    expect(added).toMatchObject({ dimension: 256, tokens: 32_000 });
    const model = await staticModel(folder, "wordllama");
    const cosine = async (one: string, two: string): Promise<number> => {
      const [left = [], right = []] = (await model.embed([one, two])).map((vector) => [...vector]);
      return left.reduce((sum, number, at) => sum + number * (right[at] ?? 0), 0);
    };
    // By Hugging Face's tokenizers 0.23 and NumPy over the same files: the mean of the tokens' rows, of unit length.
    for (const [one, two, wanted] of REFERENCE) expect(await cosine(one, two)).toBeCloseTo(wanted, 3);
    const long = "need a forklift operator in Dallas ".repeat(900);
    expect(Math.hypot(...((await model.embed([long]))[0] ?? []))).toBeCloseTo(1, 5);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const REFERENCE: readonly (readonly [string, string, number])[] = [
  ["forklift operator", "warehouse worker who drives a lift truck", 0.20498],
  ["registered nurse", "line cook", -0.04077],
  ["Se busca cocinero en Dallas, TX", "need a cook in Dallas, TX", 0.59376],
  ["Welder II (2nd shift) – $24.50/hr", "soldador", 0.02166],
  ["日本 forklift 😀", "forklift", 0.756],
];
