// The child process that bundles the console into the folder of its argument: index.html, and assets under hashed names,
// each with its gzip beside it.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const [, , out = ""] = process.argv;
const ui = join(import.meta.dir, "../../ui");
await mkdir(out, { recursive: true });
const made = await Bun.build({
  entrypoints: [join(ui, "index.html")],
  outdir: out,
  minify: true,
  splitting: true,
  target: "browser",
  publicPath: "/ui/",
  naming: { entry: "[name].[ext]", chunk: "assets/[name]-[hash].[ext]", asset: "assets/[name]-[hash].[ext]" },
  define: { "process.env.NODE_ENV": '"production"' },
});
if (!made.success) throw new AggregateError(made.logs, "the console does not bundle");
for (const name of await readdir(join(out, "assets"))) {
  const path = join(out, "assets", name);
  await writeFile(`${path}.gz`, Bun.gzipSync(await readFile(path), { level: 9 }));
}
