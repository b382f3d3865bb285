// A house is stopped, and replaced, while clients keep sending requests: real processes, both topologies and from one to
// the other. Every accepted request is completed, and a house that is replaced refuses none.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DRAIN_MS_MAX } from "#topology/lifecycle";
import { load } from "./kept-connections.ts";
import { TOPOLOGIES, type Topology } from "./house.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const root = mkdtempSync(join(tmpdir(), "restart-"));
const started: Bun.Subprocess[] = [];
afterAll(() => {
  for (const house of started) house.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

/** Sharing an address, and accepting no new connections, work on Linux alone. */
const notLinux = process.platform !== "linux";

interface House {
  readonly url: string;
  readonly pid: number;
  /** Its stderr so far. */
  said(): string;
  ended(): Promise<number>;
  tell(signal: NodeJS.Signals): void;
}

function spawn(
  topology: Topology,
  folder: string,
  environment: Readonly<Record<string, string>>,
  ...words: readonly string[]
) {
  const house = Bun.spawn(
    [
      process.execPath,
      "--no-env-file",
      MAIN,
      "up",
      "-o",
      "json",
      "--data",
      join(root, folder),
      "--port",
      "0",
      "--log",
      "warn",
      ...(topology === "apart" ? ["--apart"] : []),
      ...words,
    ],
    {
      env: { ...Bun.env, ...environment, NODE_ENV: "production" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  started.push(house);
  return house;
}

async function up(topology: Topology, folder: string, ...words: readonly string[]): Promise<House> {
  const house = spawn(topology, folder, {}, ...words);
  let said = "";
  const listening = (async () => {
    for await (const chunk of house.stderr) said += new TextDecoder().decode(chunk);
  })();
  let out = "";
  for await (const chunk of house.stdout) {
    out += new TextDecoder().decode(chunk);
    if (out.includes("}")) break;
  }
  if (!out.includes("}")) throw new Error(`the house did not start: ${said}`);
  const { gateway, pid } = JSON.parse(out) as { gateway: string; pid: number };
  return {
    url: gateway,
    pid,
    said: () => said,
    ended: async () => {
      await listening;
      return house.exited;
    },
    tell: (signal) => house.kill(signal),
  };
}

/** With a pause, so that the clients leave the houses some of the processors. */
const EMBED = { path: "/v1/embed", body: '{"texts":["a cook for friday"]}', pauseMs: 5 };
/** A second or two of work. */
const LONG_SQL = JSON.stringify({ sql: "select count(*) as n from range(150000000) t(x) where x % 7 = 3" });

describe.skipIf(notLinux).each([...TOPOLOGIES])("a house %s that is stopped (needs Linux)", (topology) => {
  test("completes every accepted request, and marks the last reply of a connection", async () => {
    const house = await up(topology, `end-${topology}`);
    const busy = load({ ...EMBED, url: house.url, clients: 16, mayEnd: true });
    const slow = load({ ...EMBED, url: house.url, clients: 4, mayEnd: true, pauseMs: 20 });
    while (busy.tally.answered < 500) await Bun.sleep(10);
    const since = performance.now();
    house.tell("SIGTERM");
    expect(await house.ended()).toBe(0);
    // On a machine that others use too, what is not completed by then is cut off.
    const isCut = performance.now() - since >= DRAIN_MS_MAX;
    for (const { failures, closes } of await Promise.all([busy.stop(), slow.stop()])) {
      if (!isCut) expect(failures).toEqual([]);
      expect(closes).toBeGreaterThan(0);
    }
    expect(house.said()).toContain("Stopped.");
  }, 240_000);
});

describe.skipIf(notLinux).each([
  ["together", "together"],
  ["apart", "apart"],
  ["together", "apart"],
] as const)("a house %s that is replaced by one %s (needs Linux)", (before, after) => {
  test("fails no request", async () => {
    const folder = `replace-${before}-${after}`;
    const old = await up(before, folder);
    const busy = load({ ...EMBED, url: old.url, clients: 16 });
    const slow = load({ ...EMBED, url: old.url, clients: 4, pauseMs: 300 });
    while (busy.tally.answered < 500) await Bun.sleep(10);
    const { port } = new URL(old.url);
    // Under way in the old house all the time that this one needs to come.
    const since = performance.now();
    const long = fetch(`${old.url}/v1/sql`, { method: "POST", body: LONG_SQL, keepalive: false }).then(
      ({ status }) => ({ status, took: performance.now() - since }),
    );
    await Bun.sleep(50);
    const replacement = await up(after, folder, "--take-over", "--port", port);
    expect(replacement.url).toBe(old.url);
    const { status, took } = await long;
    // On a machine that others use too it may take longer than a house that goes waits for it.
    if (took < DRAIN_MS_MAX) expect(status).toBe(200);
    const sofar = busy.tally.answered;
    while (busy.tally.answered < sofar + 500) await Bun.sleep(10);
    const tallies = await Promise.all([busy.stop(), slow.stop()]);
    for (const { failures, closes } of tallies) {
      expect(failures).toEqual([]);
      expect(closes).toBeGreaterThan(0);
    }
    expect(await old.ended()).toBe(0);
    expect(old.said()).toContain("Another process has taken over.");
    const health = (await (await fetch(`${old.url}/v1/health`, { keepalive: false })).json()) as {
      status: string;
      topology: string;
    };
    expect(health).toMatchObject({ status: "ok", topology: after });
    console.info(
      `${before} -> ${after}: ${tallies.map(({ answered, slowestMs }) => `${answered} answered, slowest ${Math.round(slowestMs)} ms`).join("; ")}`,
    );
    replacement.tell("SIGTERM");
    expect(await replacement.ended()).toBe(0);
  }, 240_000);
});

describe.skipIf(notLinux).each([...TOPOLOGIES])(
  "a house %s whose replacement cannot start (needs Linux)",
  (topology) => {
    test("serves again, and requests that came meanwhile get 503 and a time to retry", async () => {
      const folder = `fail-${topology}`;
      const house = await up(topology, folder);
      const busy = load({ ...EMBED, url: house.url, clients: 8 });
      while (busy.tally.answered < 200) await Bun.sleep(10);
      const broken = { LAKEHOUSE_EMBED_MODELS: "openai/none", LAKEHOUSE_OPENAI_KEY_FILE: "/nowhere/key" };
      const { port } = new URL(house.url);
      const failing = spawn(topology, folder, broken, "--take-over", "--port", port);
      expect(await failing.exited).not.toBe(0);
      expect(await new Response(failing.stderr).text()).toContain("/nowhere/key");
      const sofar = busy.tally.answered;
      while (busy.tally.answered < sofar + 500) await Bun.sleep(10);
      const { failures } = await busy.stop();
      expect(failures.filter((failure) => !failure.startsWith("503"))).toEqual([]);
      const status = (await (await fetch(`${house.url}/v1/health`, { keepalive: false })).json()) as {
        status: string;
      };
      expect(status.status).toBe("ok");
      console.info(`${topology}: ${failures.length} requests got 503`);

      // And it can be replaced all the same.
      const other = await up(topology, folder, "--take-over", "--port", port);
      expect(await house.ended()).toBe(0);
      other.tell("SIGTERM");
      expect(await other.ended()).toBe(0);
    }, 240_000);
  },
);
