import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sampleOf } from "./sample.ts";

async function headOf(text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "sample-"));
  try {
    const path = join(folder, "file");
    writeFileSync(path, text);
    return (await sampleOf(path, Buffer.byteLength(text))).head;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a cell that ends in a quote behind a backslash swallows no rows, however far the next quote is", async () => {
  const rows = Array.from({ length: 400 }, (_, n) => `${n},plain ${n}`).join("\n");
  for (const odd of [String.raw`"say \"no\""`, '"say ""no"""', '"a ""b"" c"', String.raw`"ends in \\"`]) {
    const text = `id,said\n1,${odd}\n${rows}\n2,"two\nlines"\n`;
    expect(await headOf(text)).toBe(text);
  }
});

test("of a document in a quoted cell only its lines are kept", async () => {
  const head = await headOf(`id,said\n1,"${"words and words\n".repeat(1000)}"\n2,b\n`);
  expect(head).toBe(`id,said\n1,"${"\n".repeat(1000)}"\n2,b\n`);
});
