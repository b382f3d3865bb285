// A house is ended, and replaced, while clients keep asking it: through real processes, in both topologies and from one
// to the other. No request that was accepted goes unanswered, and a house that is replaced turns nobody away.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "./kept-connections.ts";
import { TOPOLOGIES, type Topology } from "./house.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const root = mkdtempSync(join(tmpdir(), "restart-"));
const started: Bun.Subprocess[] = [];
afterAll(() => {
  for (const house of started) house.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

/** Sharing an address, and taking no new connections, are known on Linux alone. */
const notLinux = process.platform !== "linux";

interface House {
  readonly url: string;
  readonly pid: number;
  /** Everything it said to its user so far. */
  said(): string;
  ended(): Promise<number>;
  tell(signal: NodeJS.Signals): void;
}

async function up(topology: Topology, folder: string, ...words: readonly string[]): Promise<House> {
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
    { env: { ...Bun.env, NODE_ENV: "production" }, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  started.push(house);
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

const EMBED = { path: "/v1/embed", body: '{"texts":["a cook for friday"]}' };

describe.skipIf(notLinux).each([...TOPOLOGIES])(
  "a house %s that is told to end (needs Linux)",
  (topology) => {
    test("answers everything it let in, and says which answer is the last of a connection", async () => {
      const house = await up(topology, `end-${topology}`);
      const busy = load({ ...EMBED, url: house.url, clients: 16, mayEnd: true });
      const slow = load({ ...EMBED, url: house.url, clients: 4, mayEnd: true, pauseMs: 20 });
      while (busy.tally.answered < 500) await Bun.sleep(10);
      house.tell("SIGTERM");
      expect(await house.ended()).toBe(0);
      for (const { failures, closes } of await Promise.all([busy.stop(), slow.stop()])) {
        expect(failures).toEqual([]);
        expect(closes).toBeGreaterThan(0);
      }
      expect(house.said()).toContain("Stopped.");
    }, 30_000);
  },
);

describe.skipIf(notLinux).each([
  ["together", "together"],
  ["apart", "apart"],
  ["together", "apart"],
] as const)("a house %s that is replaced by one %s (needs Linux)", (before, after) => {
  test("turns nobody away", async () => {
    const folder = `replace-${before}-${after}`;
    const old = await up(before, folder);
    const busy = load({ ...EMBED, url: old.url, clients: 16 });
    const slow = load({ ...EMBED, url: old.url, clients: 4, pauseMs: 300 });
    while (busy.tally.answered < 500) await Bun.sleep(10);
    const { port } = new URL(old.url);
    const replacement = await up(after, folder, "--take-over", "--port", port);
    expect(replacement.url).toBe(old.url);
    const sofar = busy.tally.answered;
    while (busy.tally.answered < sofar + 500) await Bun.sleep(10);
    const tallies = await Promise.all([busy.stop(), slow.stop()]);
    for (const { failures, closes } of tallies) {
      expect(failures).toEqual([]);
      expect(closes).toBeGreaterThan(0);
    }
    expect(await old.ended()).toBe(0);
    expect(old.said()).toContain("Another process has taken over.");
    const health = (await (await fetch(`${old.url}/v1/health`)).json()) as {
      status: string;
      topology: string;
    };
    expect(health).toMatchObject({ status: "ok", topology: after });
    console.info(
      `${before} -> ${after}: ${tallies.map(({ answered, slowestMs }) => `${answered} answered, slowest ${Math.round(slowestMs)} ms`).join("; ")}`,
    );
    replacement.tell("SIGTERM");
    expect(await replacement.ended()).toBe(0);
  }, 60_000);
});
