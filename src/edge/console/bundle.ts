// The console's bundle, made when its first page is asked for: a child process bundles src/ui, so that a house whose console
// nobody opens pays nothing for it, and one whose console is opened does not keep the bundler's memory. The files lie in a
// cache by the hash of the sources; a second house over the same sources makes nothing.

import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../../package.json" with { type: "json" };

const UI_FOLDER = join(import.meta.dir, "../../ui");

/** Where installed packages are, their caches are: npm removes it with them. */
const CACHE_FOLDER = join(import.meta.dir, "../../../node_modules/.cache/lakehouse-console");

/** Bundling takes a second or two; on a machine that is busy with other things, a lot more. */
const BUNDLE_MS_MAX = 120_000;
/** Bundles of earlier sources are removed beyond these. */
const BUNDLES_KEPT_MAX = 3;

/** The folder with `index.html` and `assets/`. Throws where the sources do not bundle. */
export function consoleBundle(): Promise<string> {
  bundled ??= bundle().catch((error: unknown) => {
    bundled = undefined;
    throw error;
  });
  return bundled;
}

let bundled: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const cache = await writableCache();
  const folder = join(cache, await sourceHash());
  if (existsSync(join(folder, "index.html"))) return folder;
  const made = `${folder}.${process.pid}`;
  await rm(made, { recursive: true, force: true });
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), made], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: BUNDLE_MS_MAX,
  });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`the console does not bundle: ${said.slice(0, 2000)}`);
  // Of two houses that bundle the same sources at once, the second finds the first one's folder.
  await rename(made, folder).catch(async (error: unknown) => {
    await rm(made, { recursive: true, force: true });
    if (!existsSync(join(folder, "index.html"))) throw error;
  });
  await removeOld(cache, folder);
  return folder;
}

async function writableCache(): Promise<string> {
  try {
    await mkdir(CACHE_FOLDER, { recursive: true });
    await access(CACHE_FOLDER, constants.W_OK);
    return CACHE_FOLDER;
  } catch {
    // Installed packages may belong to another user. In the system's folder for temporary files others could have put a bundle
    // of theirs under any name that is known before, so this one is new.
    return mkdtemp(join(tmpdir(), "lakehouse-console-"));
  }
}

/** What the bundle is made of: tests and documents are not. */
const SOURCE = /^(?!.*\.test\.).*\.(tsx?|css|html)$/;

async function sourceHash(): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(manifest.dependencies)).update(Bun.version);
  const names = (await readdir(UI_FOLDER, { recursive: true })).filter((name) => SOURCE.test(name));
  for (const name of names.sort()) hash.update(name).update(await readFile(join(UI_FOLDER, name)));
  return hash.digest("hex").slice(0, 24);
}

/** One that is young may still be being made by another house; one that was cut off goes with the old ones. */
async function removeOld(cache: string, current: string): Promise<void> {
  const folders = await readdir(cache, { withFileTypes: true });
  const others = folders.filter((entry) => entry.isDirectory() && join(cache, entry.name) !== current);
  const aged = others
    // Another house may have removed it meanwhile.
    .map(({ name }) => ({ name, at: statSync(join(cache, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at)
    .slice(BUNDLES_KEPT_MAX - 1)
    .filter(({ at }) => Date.now() - at > BUNDLE_MS_MAX);
  for (const { name } of aged) await rm(join(cache, name), { recursive: true, force: true });
}
