// A disk that is full: a house starts over it all the same, answers what it has, refuses writes with a fault that says why,
// and writes again by itself once there is room. After an orderly stop and after a kill.

import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "#lib/assert";
import { readPidfile } from "#topology/pidfile";
import { startHouseProcess } from "../fault/house-process.ts";
import { canMount, fill, mountDisk } from "../fault/space.ts";
import { TOPOLOGIES } from "./house.ts";

const DISK_MIB = 64;

const post = (body: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(body) });
const load = (n: number): RequestInit => ({
  method: "POST",
  headers: { "content-type": "text/csv" },
  body: `n\n${n}\n`,
});

async function ask(url: string, path: string, init?: RequestInit): Promise<[number, string]> {
  const reply = await fetch(url + path, init);
  return [reply.status, await reply.text()];
}

async function furnish(url: string): Promise<void> {
  expect((await ask(url, "/v1/ingest?dataset=people", load(1)))[0]).toBe(201);
  const shape = { method: "PUT", body: JSON.stringify({ dimension: 2 }) };
  expect((await ask(url, "/v1/vectors/points", shape))[0]).toBe(201);
  const items = post({ items: [{ id: "a", vector: [1, 2] }] });
  expect((await ask(url, "/v1/vectors/points/upsert", items))[0]).toBe(200);
  expect((await ask(url, "/v1/storage/mine", { method: "PUT", body: "here" }))[0]).toBe(201);
}

async function readsWithoutRoom(url: string): Promise<void> {
  const reads: [string, RequestInit | undefined, RegExp][] = [
    ["/v1/catalog/datasets", undefined, /"name":"people"/],
    ["/v1/sql", post({ sql: "select n from people where n = 1" }), /"rows":\[\{"n":1\}\]/],
    ["/v1/storage/mine", undefined, /^here$/],
    ["/v1/vectors/points/search", post({ vector: [1, 2] }), /"id":"a"/],
  ];
  for (const [path, init, wanted] of reads) {
    const [status, text] = await ask(url, path, init);
    expect([path, status, text]).toEqual([path, 200, expect.stringMatching(wanted)]);
  }
  for (const [path, init] of Object.entries(WRITES)) {
    const [status, text] = await ask(url, path, init);
    expect([path, status, text]).toEqual([path, 503, expect.stringMatching(/full|space/)]);
  }
}

const put = (body: unknown): RequestInit => ({ method: "PUT", body: JSON.stringify(body) });

/** Each of its own service, and none of them had written anything before. */
const WRITES: Readonly<Record<string, RequestInit>> = {
  "/v1/ingest?dataset=people": load(2),
  "/v1/storage/more": { method: "PUT", body: "x".repeat(100_000) },
  "/v1/catalog/datasets/people/append": post({ rows: [{ n: 1 }] }),
  "/v1/truth/claims": post({
    claims: [{ entity: "e", attribute: "a", value: 1, source: "s", observed_at: "2026-01-01T00:00:00Z" }],
  }),
  "/v1/observer/rules/many": put({ measure: "count", threshold: 5 }),
  "/v1/chat/budgets/local": put({ tokens_per_day: 5 }),
  "/v1/pathway/traces": post({ kind: "k", subject: "s", task: "t", content: "c" }),
  "/v1/matrix/corpora/people": put({ dataset: "people", id: "n", text: "{n}" }),
  "/v1/matrix/places": post({ places: [{ name: "Yard", aliases: [], city: "Chicago", state: "IL" }] }),
  "/v1/vectors/other": put({ dimension: 2 }),
  "/v1/distill/runs": post({ stages: ["capture"] }),
};

describe.skipIf(!canMount()).each([...TOPOLOGIES])(
  "a house %s on a full disk (needs the right to mount)",
  (topology) => {
    test("starts after it was stopped, and after it was killed, reads, and writes again when there is room", async () => {
      const { disk, unmount } = mountDisk(DISK_MIB);
      const start = () => startHouseProcess(join(disk, "data"), topology === "apart");
      let house = await start();
      try {
        await furnish(house.url);
        for (const [at, end] of ["stopped", "killed"].entries()) {
          if (end === "killed") await house.kill();
          else await house.stop();
          fill(disk, 0);
          house = await start();
          await readsWithoutRoom(house.url);
          rmSync(join(disk, "filler"));
          const object = `/v1/storage/more-${end}`;
          expect((await ask(house.url, object, { method: "PUT", body: "more" }))[0]).toBe(201);
          expect((await ask(house.url, "/v1/ingest?dataset=people", load(3 + at)))[0]).toBe(201);
          // What could not be opened for want of room is no damage.
          if (end === "stopped") continue;
          for (const [path, init] of Object.entries(WRITES).slice(2, -1)) {
            const [status, text] = await ask(house.url, path, init);
            expect([path, status < 300, text]).toEqual([path, true, text]);
          }
          expect((await ask(house.url, "/v1/health"))[1]).toContain('"status":"ok"');
        }
      } finally {
        await house.kill();
        unmount();
      }
    }, 120_000);
  },
);

test.skipIf(!existsSync("/dev/full"))(
  "a house whose output finds no room serves all the same",
  async () => {
    const data = mkdtempSync(join(tmpdir(), "no-room-"));
    const main = join(import.meta.dir, "../../src/main.ts");
    const child = Bun.spawn([process.execPath, "--no-env-file", main, "up", "--port", "0", "--data", data], {
      stdin: "ignore",
      stdout: Bun.file("/dev/full"),
      stderr: Bun.file("/dev/full"),
      env: { ...Bun.env, NODE_ENV: "production" },
    });
    try {
      let found = await readPidfile(data);
      for (; found?.url === undefined && child.exitCode === null; found = await readPidfile(data))
        await Bun.sleep(20);
      const url = present(found?.url, "the address of a house that runs");
      expect((await ask(url, "/v1/ingest?dataset=people", load(1)))[0]).toBe(201);
      // Refused, and logged to where there is no room.
      expect((await ask(url, "/v1/distill/runs", post({ stages: ["nothing"] })))[0]).toBe(400);
      expect((await ask(url, "/v1/catalog/datasets"))[0]).toBe(200);
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill();
      await child.exited;
      rmSync(data, { recursive: true, force: true });
    }
  },
  120_000,
);
