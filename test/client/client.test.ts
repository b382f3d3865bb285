// The typed client as a program elsewhere has it: the package is packed, a strict project that knows nothing of this tree
// compiles against it, and runs under Node against a house. So is the example in README. The bundle holds nothing of Node.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Client from "#client/lakehouse";
import { startHouse, type TestHouse } from "../house/house.ts";
import { ROOT } from "../sources.ts";

const project = mkdtempSync(join(tmpdir(), "client-consumer-"));
const installed = join(project, "node_modules/lakehouse");
let house: TestHouse;

async function command(words: readonly string[], cwd: string): Promise<string> {
  const run = Bun.spawn([...words], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()]);
  expect(await run.exited, `${words.join(" ")}\n${out}${err}`).toBe(0);
  return out;
}

beforeAll(async () => {
  house = await startHouse("together");
  await command([process.execPath, "src/client/build.ts"], ROOT);
  const packed = await command(
    ["npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", project],
    ROOT,
  );
  mkdirSync(installed, { recursive: true });
  await command(["tar", "-xzf", packed.trim(), "--strip-components=1", "-C", installed], project);
  // What npm would install beside it.
  symlinkSync(join(ROOT, "node_modules/zod"), join(project, "node_modules/zod"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", type: "module" }));
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "es2023",
        module: "nodenext",
        lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: [],
      },
      include: ["*.ts"],
    }),
  );
  writeFileSync(
    join(project, "globals.d.ts"),
    "declare const process: { readonly argv: readonly string[] };\n",
  );
}, 240_000);
afterAll(async () => {
  rmSync(project, { recursive: true, force: true });
  await house.close();
}, 60_000);

test("a strict project compiles against the package, and runs under Node", async () => {
  const source = readFileSync(join(import.meta.dir, "consumer.ts.txt"), "utf8");
  writeFileSync(join(project, "consumer.ts"), source);
  const example = /```ts\n(import \{[^}]*\} from "lakehouse";[\s\S]*?)```/.exec(
    readFileSync(join(ROOT, "README.md"), "utf8"),
  )?.[1];
  expect(example, "README has an example of the client").toBeDefined();
  writeFileSync(join(project, "readme-example.ts"), example ?? "");
  await command([join(ROOT, "node_modules/.bin/tsc"), "-p", "."], project);

  const transpiled = new Bun.Transpiler({ loader: "ts", target: "node" }).transformSync(source);
  writeFileSync(join(project, "consumer.mjs"), transpiled);
  const printed = await command(["node", "consumer.mjs", JSON.stringify([house.url, ""])], project);
  expect(JSON.parse(printed)).toEqual({
    loaded: 1000,
    progressed: true,
    rows: [{ n: 1000 }],
    count: 1,
    code: "not_found",
    size: 4,
    text: "four",
    kept: 2,
  });
}, 240_000);

test("the bundle imports nothing, and needs nothing of Node or Bun", () => {
  const bundle = readFileSync(join(installed, "dist/client.js"), "utf8");
  expect(new Bun.Transpiler({ loader: "js" }).scanImports(bundle)).toEqual([]);
  expect(bundle).not.toMatch(/\bnode:|\bBun\.|\brequire\(|\bprocess\.(?!env)/);
  // What is in a browser and not in Bun's own sense is not used before a call.
  expect(bundle.length).toBeLessThan(400_000);
});

test("the same client in Bun reads, and gives a house's fault", async () => {
  const { lakehouse, Fault } = (await import(join(installed, "dist/client.js"))) as typeof Client;
  const client = lakehouse(`${house.url}/`);
  const { datasets } = await client.catalog.datasets({});
  expect(datasets.map(({ name }) => name)).toContain("people");
  const failure = await client.query.sql({ sql: "DROP TABLE people" }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Fault);
});
