// Two owners of one data folder, as processes: whatever runs over it, whatever comes second, by its path, a symbolic link or
// a bind mount, is refused and harms nothing. And keys that many commands change at once.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SERVICE_NAMES } from "#contracts/services";
import { type HouseProcess, startHouseProcess } from "./house-process.ts";
import { canMount } from "./space.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
/** A refusal takes a fraction of a second; longer than that the second one runs. */
const REFUSED_MS_MAX = 20_000;
/** What counts within a second is looked for a while longer: the machine may be busy. */
const EFFECT_MS_MAX = 5000;

const SERVED = ["gateway", ...SERVICE_NAMES] as const;
type Owner = "up" | "up --apart" | `serve ${(typeof SERVED)[number]}`;
const HOUSES = ["up", "up --apart"] as const;
/** These start with no other service there. */
const ALONE = ["serve storaged", "serve vectord", "serve embedd"] as const;
const OWNERS: readonly Owner[] = [...HOUSES, ...SERVED.map((name): Owner => `serve ${name}`)];

/** Each pair in the order in which they start. */
export const PAIRS: readonly (readonly [Owner, Owner])[] = [
  ...HOUSES.flatMap((first) => OWNERS.map((second) => [first, second] as const)),
  ...ALONE.flatMap((first) => ([...HOUSES, first] as const).map((second) => [first, second] as const)),
];

export const WAYS = ["path", "link", "bind mount"] as const;
export type Way = (typeof WAYS)[number];

/** Resolves with what went wrong, nothing when all held. */
export async function twoOwners(first: Owner, second: Owner, way: Way): Promise<readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), "fault-owners-"));
  const data = join(root, "data");
  const other = join(root, "other");
  mkdirSync(data, { mode: 0o700 });
  const wrong: string[] = [];
  const pair = `${first}, then ${second} by ${way}`;
  const unmount = mountedAt(data, other, way);
  const owner = await start(first, data);
  try {
    const acknowledged = await write(owner, 20);
    const { exitCode, output } = await run([
      ...second.split(" "),
      ...portOf(second),
      "--data",
      way === "path" ? data : other,
    ]);
    if (exitCode === 0 || exitCode === null) wrong.push(`${pair}: the second one was not refused`);
    else if (!output.includes("runs over"))
      wrong.push(`${pair}: refused without saying why: ${output.slice(-200)}`);
    const more = await write(owner, 20, acknowledged);
    await owner.kill();
    wrong.push(...(await lost(data, first, more)).map((line) => `${pair}: ${line}`));
  } finally {
    await owner.kill();
    unmount();
    rmSync(root, { recursive: true, force: true });
  }
  return wrong;
}

/** A path to the folder of another name; gives the function that takes it away. */
function mountedAt(data: string, other: string, way: Way): () => void {
  if (way === "link") symlinkSync(data, other);
  if (way !== "bind mount") return () => undefined;
  mkdirSync(other);
  const { exitCode } = Bun.spawnSync(["mount", "--bind", data, other]);
  if (exitCode !== 0) throw new Error("a folder could not be mounted a second time");
  return () => void Bun.spawnSync(["umount", "-l", other]);
}

export function waysHere(): readonly Way[] {
  return WAYS.filter((way) => way !== "bind mount" || canMount());
}

interface Running {
  readonly url: string | undefined;
  kill(): Promise<void>;
}

async function start(owner: Owner, data: string): Promise<Running> {
  if (owner === "up" || owner === "up --apart") return startHouseProcess(data, owner === "up --apart");
  const child = spawn([...owner.split(" "), "--data", data]);
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stderr) {
    output += decoder.decode(chunk, { stream: true });
    if (output.includes('"ready"')) break;
  }
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { url: undefined, kill };
}

function portOf(owner: Owner): string[] {
  return owner.startsWith("up") || owner === "serve gateway" ? ["--port", "0"] : [];
}

function spawn(words: readonly string[]): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  return Bun.spawn([process.execPath, "--no-env-file", MAIN, ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...Bun.env, NODE_ENV: "production" },
  });
}

async function run(
  words: readonly string[],
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const child = spawn(words);
  const limit = setTimeout(() => child.kill("SIGKILL"), REFUSED_MS_MAX);
  const output = (await new Response(child.stderr).text()) + (await new Response(child.stdout).text());
  await child.exited;
  clearTimeout(limit);
  return { exitCode: child.signalCode === null ? child.exitCode : null, output };
}

/** Objects and vectors of that many more steps; a service alone is not written to. */
async function write({ url }: Running, steps: number, from = 0): Promise<number> {
  if (url === undefined) return 0;
  const send = async (method: string, path: string, body: string): Promise<void> => {
    const reply = await fetch(url + path, { method, body });
    if (!reply.ok) throw new Error(`${method} ${path} answered ${reply.status}`);
  };
  await send("PUT", "/v1/vectors/owned", JSON.stringify({ dimension: 2 }));
  for (let n = from; n < from + steps; n += 1) {
    await send("PUT", `/v1/storage/owned/${n}`, `object ${n}`);
    await send(
      "POST",
      "/v1/vectors/owned/upsert",
      JSON.stringify({ items: [{ id: `v${n}`, vector: [n + 1, 1] }] }),
    );
  }
  return from + steps;
}

async function lost(data: string, first: Owner, steps: number): Promise<string[]> {
  if (steps === 0) return [];
  const house = await startHouseProcess(data, first === "up --apart");
  try {
    const { count } = (await (await fetch(`${house.url}/v1/vectors/owned`)).json()) as { count: number };
    const wrong = count === steps ? [] : [`${count} of ${steps} vectors are there`];
    for (let n = 0; n < steps; n += 1) {
      const reply = await fetch(`${house.url}/v1/storage/owned/${n}`);
      if ((await reply.text()) !== `object ${n}`) wrong.push(`object ${n} answers ${reply.status}`);
    }
    return wrong;
  } finally {
    await house.kill();
  }
}

export interface KeyRace {
  readonly changes: number;
  readonly wrong: readonly string[];
}

/** Commands that add and revoke keys at once, over a house that runs: each takes effect, and none undoes another. */
export async function racedKeys(commands: number, apart: boolean): Promise<KeyRace> {
  const data = mkdtempSync(join(tmpdir(), "fault-keys-"));
  let house: HouseProcess | undefined;
  const wrong: string[] = [];
  try {
    house = await startHouseProcess(data, apart);
    const { url } = house;
    const keys = new Map<string, string>();
    const add = async (name: string): Promise<void> => {
      const { exitCode, output } = await run([
        "config",
        "add-key",
        name,
        "--scope",
        "read",
        "-o",
        "json",
        "--data",
        data,
      ]);
      const key = /"key": "(lk_[^"]+)"/.exec(output)?.[1];
      if (exitCode !== 0 || key === undefined)
        wrong.push(`add-key ${name} ended with ${exitCode}: ${output.slice(-200)}`);
      else keys.set(name, key);
    };
    const revoke = async (name: string): Promise<void> => {
      const { exitCode } = await run(["config", "rm-key", name, "--yes", "--data", data]);
      if (exitCode !== 0) wrong.push(`rm-key ${name} ended with ${exitCode}`);
    };
    const first = Array.from({ length: commands }, (_, n) => `old-${n}`);
    const second = Array.from({ length: commands }, (_, n) => `new-${n}`);
    await Promise.all(first.map(add));
    await Promise.all([...first.map(revoke), ...second.map(add)]);
    const answers = async (name: string): Promise<number> => {
      const headers = { authorization: `Bearer ${keys.get(name)}` };
      return (await fetch(`${url}/v1/catalog/datasets`, { headers })).status;
    };
    for (const [name, wanted] of [
      ...first.map((name) => [name, 401] as const),
      ...second.map((name) => [name, 200] as const),
    ]) {
      const until = performance.now() + EFFECT_MS_MAX;
      while ((await answers(name)) !== wanted && performance.now() < until) await Bun.sleep(20);
      const got = await answers(name);
      if (got !== wanted) wrong.push(`the key ${name} answers ${got} and not ${wanted}`);
    }
    return { changes: 3 * commands, wrong };
  } finally {
    await house?.kill();
    rmSync(data, { recursive: true, force: true });
  }
}
