// A disk that is full: a house starts over it all the same, answers what it has, refuses writes with a fault that says why,
// and writes again by itself once there is room. After an orderly stop and after a kill.

import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
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
  for (const [path, init] of [
    ["/v1/ingest?dataset=people", load(2)],
    ["/v1/storage/more", { method: "PUT", body: "x".repeat(100_000) }],
  ] as const) {
    const [status, text] = await ask(url, path, init);
    expect([path, status, text]).toEqual([path, 503, expect.stringContaining("full")]);
  }
}

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
        }
      } finally {
        await house.kill();
        unmount();
      }
    }, 120_000);
  },
);
