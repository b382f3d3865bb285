// `npm run client`: what programs import that do not run TypeScript. The house itself is never built; its client is, into one
// file of JavaScript without anything of Node in it, and the declarations of its types, which need Zod's.

import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const OUT = join(ROOT, "dist");
const TYPES = join(OUT, "types");
const ENTRY = join(import.meta.dir, "lakehouse.ts");

await rm(OUT, { recursive: true, force: true });
const bundle = await Bun.build({ entrypoints: [ENTRY], target: "browser", format: "esm", minify: true });
if (!bundle.success) throw new AggregateError(bundle.logs, "the client could not be bundled");
for (const output of bundle.outputs) await writeDist("client.js", await output.text());

// The compiler takes no files beside a project; this one is the project's, with one entry.
const project = join(OUT, "tsconfig.json");
await writeDist(
  "tsconfig.json",
  JSON.stringify({
    extends: "../tsconfig.json",
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: "../src",
      outDir: "types",
      types: ["bun"],
      typeRoots: ["../node_modules/@types"],
    },
    include: ["../src/client/lakehouse.ts", "../src/**/*.d.ts"],
  }),
);
const compiled = Bun.spawnSync([join(ROOT, "node_modules/.bin/tsc"), "-p", project], { cwd: ROOT });
if (compiled.exitCode !== 0) throw new Error(compiled.stdout.toString());
await rm(project);

const declarations = await readdir(TYPES, { recursive: true });
for (const file of declarations.filter((name) => name.endsWith(".d.ts"))) {
  const path = join(TYPES, file);
  await writeFile(path, portable(await readFile(path, "utf8"), dirname(path)));
}

async function writeDist(name: string, text: string): Promise<void> {
  await Bun.$`mkdir -p ${OUT}`.quiet();
  await writeFile(join(OUT, name), text);
}

/** Imports between layers and of sources, as a program outside of this tree finds them. */
function portable(text: string, folder: string): string {
  return text
    .replaceAll(/(["'])#(\w+(?:\/[\w./-]+)?)\1/g, (_, quote: string, path: string) => {
      const to = relative(folder, join(TYPES, `${path}.js`));
      return `${quote}${to.startsWith(".") ? to : `./${to}`}${quote}`;
    })
    .replaceAll(/(["']\.{1,2}\/[^"']+)\.ts(["'])/g, "$1.js$2");
}
