import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeChildFolder, removeAbandoned } from "./child-folder.ts";

const temp = mkdtempSync(join(tmpdir(), "child-folder-"));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

test("what a killed process left behind is removed, and nothing that is in use or is another's", async () => {
  const script = `
    const { makeChildFolder } = await import(${JSON.stringify(join(import.meta.dir, "child-folder.ts"))});
    console.log(makeChildFolder(${JSON.stringify(temp)}).path);
    setInterval(() => undefined, 1000);`;
  const other = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  const { value } = await other.stdout.getReader().read();
  const abandoned = new TextDecoder()
    .decode(value)
    .trim()
    .slice(temp.length + 1);
  writeFileSync(join(temp, abandoned, "spilled"), "x");
  const mine = makeChildFolder(temp);
  mkdirSync(join(temp, "lakehouse-abcdef"));
  mkdirSync(join(temp, "lakehouse-0123456789abcdef"));

  removeAbandoned(temp, 0);
  expect(readdirSync(temp)).toContain(abandoned);
  other.kill("SIGKILL");
  await other.exited;
  // A process that makes its folder just now has not locked it yet.
  removeAbandoned(temp);
  expect(readdirSync(temp)).toContain(abandoned);
  removeAbandoned(temp, 0);
  const own = mine.path.slice(temp.length + 1);
  expect(readdirSync(temp).toSorted()).toEqual(
    [own, "lakehouse-0123456789abcdef", "lakehouse-abcdef"].toSorted(),
  );
  mine.remove();
  expect(readdirSync(temp)).not.toContain(own);
});
