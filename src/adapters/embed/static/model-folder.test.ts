import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeModel } from "./model.testing.ts";
import { addStaticModel, staticModel, staticModelNames } from "./model-folder.ts";

const scratch = mkdtempSync(join(tmpdir(), "static-models-"));
const folder = join(scratch, "models");
afterAll(() => rmSync(scratch, { recursive: true }));

const FIRST = { words: { "[UNK]": [0, 0], cook: [1, 0], clerk: [0, 1] } };
const OTHER = { words: { "[UNK]": [0, 0], cook: [0, 1], clerk: [1, 0] } };
const first = await writeModel(join(scratch, "first"), FIRST);
const other = await writeModel(join(scratch, "other"), OTHER);

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "none",
    (error: { code: string }) => error.code,
  );
}

describe("a model that was added", () => {
  test("is listed, and embeds without what it was added from", async () => {
    const from = await writeModel(join(scratch, "gone"), FIRST);
    const added = await addStaticModel(folder, "small", from);
    rmSync(from, { recursive: true });
    expect(added).toMatchObject({ name: "small", dimension: 2, tokens: 3 });
    expect(await staticModelNames(folder)).toEqual(["small"]);
    const model = await staticModel(folder, "small");
    expect(model).toMatchObject({ provider: "static", remote: false, dimension: 2 });
    expect((await model.embed(["Cook", "clerk"])).map((vector) => [...vector])).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  test("can be added again, and gives its name to no other", async () => {
    expect(await codeOf(addStaticModel(folder, "small", first))).toBe("none");
    expect(await codeOf(addStaticModel(folder, "small", other))).toBe("conflict");
    const names = [await staticModel(folder, "small"), await staticModelOf("small", other)];
    expect(new Set(names.map(({ name }) => name)).size).toBe(2);
    for (const { name } of names) expect(name).toMatch(/^small#[0-9a-f]{8}$/);
  });

  test.each(["model.safetensors", "tokenizer.json"])(
    "with a flipped bit in %s is refused, and mended by adding it again",
    async (file) => {
      const path = join(folder, "small", file);
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      const model = await staticModel(folder, "small");
      const failure = await model.embed(["cook"]).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "internal", message: expect.stringContaining(file) as string });
      await addStaticModel(folder, "small", first);
      expect([...((await model.embed(["cook"]))[0] ?? [])]).toEqual([1, 0]);
    },
  );

  test("whose files or description are lost is damaged, and not another model", async () => {
    await addStaticModel(folder, "lost", first);
    const model = await staticModel(folder, "lost");
    rmSync(join(folder, "lost", "tokenizer.json"));
    expect(await codeOf(model.embed(["cook"]))).toBe("internal");
    writeFileSync(join(folder, "lost", "model.json"), "{}");
    expect(await codeOf(staticModel(folder, "lost"))).toBe("internal");
    await addStaticModel(folder, "lost", first);
    expect(await codeOf(staticModel(folder, "lost"))).toBe("none");
  });
});

test("what is no model is not added, and leaves nothing", async () => {
  expect(await codeOf(addStaticModel(folder, "none", join(scratch, "nowhere")))).toBe("not_found");
  expect(await codeOf(addStaticModel(folder, "../up", first))).toBe("invalid");
  const empty = mkdtempSync(join(scratch, "empty-"));
  writeFileSync(join(empty, "tokenizer.json"), "{}");
  expect(await codeOf(addStaticModel(folder, "none", empty))).toBe("not_found");
  writeFileSync(join(empty, "x.safetensors"), "short");
  expect(await codeOf(addStaticModel(folder, "none", empty))).toBe("invalid");
  expect(await codeOf(staticModel(folder, "none"))).toBe("not_found");
  expect(await codeOf(staticModel(folder, "../models/small"))).toBe("not_found");
});

/** Another folder's model of the same name. */
async function staticModelOf(name: string, from: string): ReturnType<typeof staticModel> {
  const elsewhere = join(scratch, "elsewhere");
  await addStaticModel(elsewhere, name, from);
  return staticModel(elsewhere, name);
}
