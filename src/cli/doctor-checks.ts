// What a house needs of a machine, one function per check. A check reports and changes nothing, and does not throw for
// expected findings. Native modules are loaded in a process of their own: one built for another machine may crash its
// process.

import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { bytesOf, readAll } from "#adapters/objects/objects";
import { mebibytesToBytes, type Settings, unknownVariables } from "#config";
import { isLoopback } from "#edge/access/auth";
import { areKeysRequired, readKeys } from "#edge/access/key-file";
import { readPidfile } from "#topology/pidfile";
import { quoted } from "./program.ts";
import { counted, size } from "./terminal/plain-text.ts";

export interface Finding {
  readonly status: "ok" | "warn" | "fail";
  readonly detail: string;
  /** What to do when the check did not pass. */
  readonly fix?: string;
}

export type Check = (settings: Settings) => Promise<Finding>;

const HOME = join(import.meta.dir, "../..");
/** A child process that takes longer hangs. */
const CHILD_MS_MAX = 20_000;
const PROBE_MS_MAX = 1000;
const GIB = 1024 ** 3;
/** Free space: below the first value writes fail soon, below the second the disk fills up soon. */
const ROOM_BYTES_MIN = 0.5 * GIB;
const ROOM_BYTES_SCARCE = 5 * GIB;
const REINSTALL = `Install them again: cd ${quoted(HOME)} && npm ci`;

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

async function manifestOf(...path: string[]): Promise<Manifest> {
  return (await Bun.file(join(HOME, ...path, "package.json")).json()) as Manifest;
}

const bun: Check = async () => {
  const { dependencies = {} } = await manifestOf();
  const wanted = dependencies["bun"];
  const detail = `${Bun.version} on ${process.platform}-${process.arch}`;
  if (wanted === Bun.version) return { status: "ok", detail };
  return {
    status: "warn",
    detail: `${detail}, but ${wanted} is what this version was tested with`,
    fix: "Start it with the launcher `lakehouse`, which takes the right one.",
  };
};

const NODE_MAJOR_MIN = 20;

const node: Check = async () => {
  const said = await output(["node", "--version"]).catch(() => undefined);
  if (said === undefined)
    return {
      status: "warn",
      detail: "not found; it is needed to install and update",
      fix: "Install Node.js 20 or newer from https://nodejs.org",
    };
  const major = Number(/^v(\d+)/.exec(said)?.[1] ?? 0);
  if (major >= NODE_MAJOR_MIN) return { status: "ok", detail: said.trim() };
  return {
    status: "warn",
    detail: `${said.trim()} is too old to install and update with`,
    fix: "Install Node.js 20 or newer from https://nodejs.org",
  };
};

const packages: Check = async () => {
  const { dependencies = {} } = await manifestOf();
  const wrong: string[] = [];
  for (const [name, wanted] of Object.entries(dependencies)) {
    const found = await manifestOf("node_modules", name).catch(() => undefined);
    if (found === undefined) wrong.push(`${name} is missing`);
    else if (found.version !== wanted) wrong.push(`${name} is ${found.version}, not ${wanted}`);
  }
  if (wrong.length === 0)
    return { status: "ok", detail: `${counted(Object.keys(dependencies).length, "package")}, all as pinned` };
  return { status: "fail", detail: wrong.join("; "), fix: REINSTALL };
};

/** Loads the module and runs the smallest call that proves it works. */
function native(name: string, code: string): Check {
  return async () => {
    const child = Bun.spawn([process.execPath, "--no-env-file", "-e", code], {
      cwd: HOME,
      stdout: "pipe",
      stderr: "pipe",
      timeout: CHILD_MS_MAX,
    });
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const exitCode = await child.exited;
    if (exitCode === 0) return { status: "ok", detail: `${name} ${output.trim()}`.trim() };
    const why =
      errors
        .split("\n")
        .find((line) => /error/i.test(line))
        ?.trim() ?? `it ended with ${child.signalCode ?? exitCode}`;
    return {
      status: "fail",
      detail: `${name} cannot be loaded: ${why}`,
      fix: `${REINSTALL}. It needs Linux (glibc), macOS or Windows on x64 or arm64.`,
    };
  };
}

const duckdb = native(
  "DuckDB",
  `const { DuckDBInstance, version } = await import("@duckdb/node-api");
   const reader = await (await (await DuckDBInstance.create()).connect()).runAndReadAll("select 42");
   if (reader.getRows()[0][0] !== 42) process.exit(3);
   console.log(version());`,
);

const usearch = native(
  "usearch",
  `const { Index } = await import("usearch");
   const index = new Index({ dimensions: 2, metric: "cos" });
   index.add(1n, new Float32Array([1, 0]));
   if (index.search(new Float32Array([1, 0]), 1).keys[0] !== 1n) process.exit(3);`,
);

/** The folder, or its nearest existing ancestor. */
async function standing(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined || folder === dirname(folder)) return folder;
  }
}

const rights: Check = async ({ data }) => {
  const folder = await standing(data);
  const found = await stat(folder);
  if (!found.isDirectory())
    return { status: "fail", detail: `${folder} is not a folder`, fix: "Choose another with --data DIR." };
  const there = folder === data;
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch {
    return {
      status: "fail",
      detail: there
        ? `this user may not write to ${data}`
        : `${data} cannot be created: this user may not write to ${folder}`,
      fix: `Choose another with --data DIR, or correct its owner: sudo chown -R "$USER" ${quoted(folder)}`,
    };
  }
  return {
    status: "ok",
    detail: there ? `${data} can be written to` : `${data} does not exist yet; the first start creates it`,
  };
};

const room: Check = async ({ data }) => {
  const { bavail, bsize } = await statfs(await standing(data));
  const free = bavail * bsize;
  const detail = `${size(free)} free for ${data}`;
  if (free < ROOM_BYTES_MIN)
    return { status: "fail", detail, fix: "Free some space, or choose another disk with --data DIR." };
  if (free < ROOM_BYTES_SCARCE)
    return {
      status: "warn",
      detail,
      fix: "That is little: snapshots keep older data. Free some space, or choose another disk with --data DIR.",
    };
  return { status: "ok", detail };
};

const temporary: Check = async () => {
  const folder = tmpdir();
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return { status: "ok", detail: folder };
  } catch {
    return {
      status: "fail",
      detail: `this user may not write to ${folder}`,
      fix: "Set TMPDIR to a folder that this user may write to.",
    };
  }
};

const memory: Check = async (settings) => {
  const wanted = mebibytesToBytes(
    // One more engine runs short statements beside the long ones.
    settings.sql_memory_mib * (settings.sql_workers + 1) +
      2 * settings.ingest_memory_mib +
      settings.embed_cache_mib,
  );
  const total = totalmem();
  const detail = `${size(total)}; at their limits SQL, ingest and cache together take ${size(wanted)}`;
  if (wanted <= total * 0.75) return { status: "ok", detail };
  return {
    status: "warn",
    detail,
    fix: "Lower LAKEHOUSE_SQL_MEMORY_MIB or LAKEHOUSE_SQL_WORKERS (see: lakehouse config list).",
  };
};

const running: Check = async ({ data }) => {
  const pidfile = await readPidfile(data);
  if (pidfile === undefined) return { status: "ok", detail: "no house runs over this folder" };
  return {
    status: "ok",
    detail: `one runs over this folder: process ${pidfile.pid}, ${pidfile.url ?? "still starting"}`,
  };
};

const port: Check = async ({ host, port: wanted, data }) => {
  if (wanted === 0) return { status: "ok", detail: "a free one will be used" };
  const code = await listenError(host, wanted);
  if (code === undefined) return { status: "ok", detail: `${wanted} on ${host} is free` };
  if (code === "EACCES")
    return {
      status: "fail",
      detail: `${wanted} needs rights that this user does not have`,
      fix: "Choose one above 1023 with --port N.",
    };
  if (code === "EADDRNOTAVAIL")
    return {
      status: "fail",
      detail: `${host} is not an address of this machine`,
      fix: "Choose another with --host ADDRESS.",
    };
  const pidfile = await readPidfile(data);
  if (pidfile?.url !== undefined && new URL(pidfile.url).port === String(wanted)) {
    return { status: "ok", detail: `${wanted} belongs to the house that runs over this folder` };
  }
  const owner = await ownerOf(host, wanted);
  return {
    status: "fail",
    detail: `${wanted} on ${host} is in use by ${owner}`,
    fix: `Choose another with --port N (0 takes a free one), or stop that program. Find it with: lsof -i :${wanted}`,
  };
};

function listenError(host: string, wanted: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
    server.listen({ host, port: wanted, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function ownerOf(host: string, wanted: number): Promise<string> {
  try {
    const response = await fetch(`http://${host.includes(":") ? `[${host}]` : host}:${wanted}/health`, {
      signal: AbortSignal.timeout(PROBE_MS_MAX),
    });
    const { service } = (await response.json()) as { service?: unknown };
    if (service === "gateway") return "another house, over another data folder";
    return "another web server";
  } catch {
    return "another program";
  }
}

const admission: Check = async ({ host, data }) => {
  const path = join(data, "keys.json");
  const keys = await readKeys(path);
  if (keys === undefined && (await areKeysRequired(path))) {
    return {
      status: "fail",
      detail: "keys.json is missing, and this house had API keys: every request is refused",
      fix: "Restore the file from a backup, or create new keys: lakehouse config add-key NAME --scope write",
    };
  }
  if (keys !== undefined && keys.length > 0)
    return { status: "ok", detail: `${counted(keys.length, "API key")}; every request needs one` };
  if (isLoopback(host))
    return {
      status: "ok",
      detail: "no API keys: programs on this machine may do everything, others nothing",
    };
  return {
    status: "fail",
    detail: `${host} accepts connections from other machines, and there is no API key`,
    fix: "Create one: lakehouse config add-key NAME --scope write",
  };
};

/** Five thousand connections, half of them passed on to a daemon, and the files of a busy house. */
const FILES_MIN = 10_000;

const openFiles: Check = async () => {
  const limits = await Bun.file("/proc/self/limits")
    .text()
    .catch(() => "");
  // The runtime raises its own limit as far as it may, so a house would have the limit of this process.
  const said = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (said === undefined) return { status: "ok", detail: "this system does not report the limit" };
  if (said === "unlimited" || Number(said) >= FILES_MIN)
    return { status: "ok", detail: `${said} may be open` };
  return {
    status: "warn",
    detail: `${said} may be open, connections included: many clients at once can exhaust that`,
    fix: `Raise the limit to ${FILES_MIN} or more: ulimit -n, or LimitNOFILE= of the service.`,
  };
};

const clock: Check = async () => {
  const now = Date.now();
  const { mtimeMs } = await stat(join(HOME, "package.json"));
  const detail = new Date(now).toISOString();
  // A file cannot be from the future, so the clock must be slow.
  if (mtimeMs - now < 60_000) return { status: "ok", detail };
  return {
    status: "warn",
    detail: `${detail} is before the time when this program was installed`,
    fix: "Set the clock: snapshots and certificates depend on it.",
  };
};

/** A bucket or a loaded model responds within a second; loading a model takes longest. */
const SERVICE_MS_MAX = 20_000;

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no response within ${SERVICE_MS_MAX / 1000} s`)),
    SERVICE_MS_MAX,
  );
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** Puts, reads and removes one small object. */
const objects: Check = async (settings) => {
  const { s3_bucket, s3_endpoint, data } = settings;
  if (s3_bucket === "") {
    return { status: "ok", detail: `kept in ${join(data, "objects")}; no S3 bucket is configured` };
  }
  const { objectStore } = await import("#topology/parts/storaged");
  const where = `bucket ${s3_bucket} at ${s3_endpoint}`;
  const key = `.probe/doctor-${crypto.randomUUID()}`;
  try {
    const store = await objectStore(settings);
    await inTime(store.put(key, bytesOf("doctor")));
    const { body } = await inTime(store.get(key));
    const same = Buffer.from(await inTime(readAll(body))).toString() === "doctor";
    await inTime(store.remove(key));
    if (same) return { status: "ok", detail: `${where} stores, returns and removes objects` };
    return {
      status: "fail",
      detail: `${where} returns other bytes than were stored`,
      fix: "Use another S3 server.",
    };
  } catch (error) {
    return {
      status: "fail",
      detail: `${where}: ${(error as Error).message}`,
      fix: "Check LAKEHOUSE_S3_ENDPOINT, _REGION, _BUCKET, _ACCESS_KEY, _SECRET_KEY and _PATH_STYLE (see: lakehouse config list).",
    };
  }
};

/** Has each configured model embed a word. */
const embedding: Check = async (settings) => {
  const { embedModels } = await import("#topology/parts/embedd");
  const wrong: string[] = [];
  const well: string[] = [];
  for (const model of await embedModels(settings)) {
    try {
      const [vector] = await inTime(model.embed(["forklift operator"], AbortSignal.timeout(SERVICE_MS_MAX)));
      well.push(`${model.provider}/${model.name} returns vectors of ${vector?.length ?? 0} numbers`);
    } catch (error) {
      wrong.push(`${model.provider}/${model.name}: ${(error as Error).message}`);
    }
  }
  if (wrong.length === 0) return { status: "ok", detail: well.join("; ") };
  return {
    status: "fail",
    detail: wrong.join("; "),
    fix: "Check LAKEHOUSE_EMBED_MODELS, LAKEHOUSE_OLLAMA_URL, LAKEHOUSE_OPENAI_BASE_URL and LAKEHOUSE_OPENAI_KEY (see: lakehouse config list).",
  };
};

async function output(words: string[]): Promise<string> {
  const child = Bun.spawn(words, { stdout: "pipe", stderr: "ignore", timeout: CHILD_MS_MAX });
  const said = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${words[0]} ended with ${child.exitCode}`);
  return said;
}

const environment: Check = async () => {
  const unknown = unknownVariables();
  if (unknown.length === 0) return { status: "ok", detail: "every LAKEHOUSE_ variable is a setting" };
  return { status: "warn", detail: unknown.join(" "), fix: "See the names with: lakehouse config list" };
};

export const CHECKS: Readonly<Record<string, Check>> = {
  Bun: bun,
  "Node.js": node,
  Packages: packages,
  SQL: duckdb,
  Vectors: usearch,
  "Data folder": rights,
  Disk: room,
  "Temp folder": temporary,
  Memory: memory,
  "Open files": openFiles,
  House: running,
  Port: port,
  Access: admission,
  Environment: environment,
  Objects: objects,
  Embedding: embedding,
  Clock: clock,
};
