// A disk that is full: a house starts over it all the same, answers what it has, refuses writes with a fault that says why,
// and writes again by itself once there is room. After an orderly stop and after a kill.

import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { startHouseProcess } from "../fault/house-process.ts";
import { canMount, fill, mountDisk } from "../fault/space.ts";
import { TOPOLOGIES } from "./house.ts";

const DISK_MIB = 64;

describe.skipIf(!canMount()).each([...TOPOLOGIES])(
  "a house %s on a full disk (needs the right to mount)",
  (topology) => {
    test.each(["stopped", "killed"])(
      "starts after it was %s, and reads",
      async (end) => {
        const { disk, unmount } = mountDisk(DISK_MIB);
        const data = join(disk, "data");
        const start = () => startHouseProcess(data, topology === "apart");
        const ask = async (url: string, path: string, init?: RequestInit): Promise<[number, string]> => {
          const reply = await fetch(url + path, init);
          return [reply.status, await reply.text()];
        };
        const post = (body: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(body) });
        const load = (n: number): RequestInit => ({
          method: "POST",
          headers: { "content-type": "text/csv" },
          body: `n\n${n}\n`,
        });
        let house = await start();
        try {
          expect((await ask(house.url, "/v1/ingest?dataset=people", load(1)))[0]).toBe(201);
          const shape = { method: "PUT", body: JSON.stringify({ dimension: 2 }) };
          expect((await ask(house.url, "/v1/vectors/points", shape))[0]).toBe(201);
          const items = post({ items: [{ id: "a", vector: [1, 2] }] });
          expect((await ask(house.url, "/v1/vectors/points/upsert", items))[0]).toBe(200);
          expect((await ask(house.url, "/v1/storage/mine", { method: "PUT", body: "here" }))[0]).toBe(201);
          if (end === "killed") await house.kill();
          else await house.stop();
          fill(disk, 0);

          house = await start();
          const reads: [string, RequestInit | undefined, RegExp][] = [
            ["/v1/catalog/datasets", undefined, /"name":"people"/],
            ["/v1/sql", post({ sql: "select n from people" }), /"rows":\[\{"n":1\}\]/],
            ["/v1/storage/mine", undefined, /^here$/],
            ["/v1/vectors/points/search", post({ vector: [1, 2] }), /"id":"a"/],
          ];
          for (const [path, init, wanted] of reads) {
            const [status, text] = await ask(house.url, path, init);
            expect([path, status, text]).toEqual([path, 200, expect.stringMatching(wanted)]);
          }
          for (const [path, init] of [
            ["/v1/ingest?dataset=people", load(2)],
            ["/v1/storage/more", { method: "PUT", body: "x".repeat(100_000) }],
          ] as const) {
            const [status, text] = await ask(house.url, path, init);
            expect([path, status, text]).toEqual([path, 503, expect.stringContaining("full")]);
          }
          rmSync(join(disk, "filler"));
          expect((await ask(house.url, "/v1/storage/more", { method: "PUT", body: "more" }))[0]).toBe(201);
          expect((await ask(house.url, "/v1/ingest?dataset=people", load(3)))[0]).toBe(201);
        } finally {
          await house.kill();
          unmount();
        }
      },
      60_000,
    );
  },
);
