// The journal as a program outside sees it, in both topologies: recorded over HTTP, followed across a reconnect, queried by
// SQL, backed up and restored, and damaged.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings } from "#config";
import { createLog } from "#lib/log";
import { backUp } from "#topology/upkeep/backup";
import { repair } from "#topology/upkeep/repair";
import { restore } from "#topology/upkeep/restore";
import { codeOf, startHouse, startOver, type TestHouse, TOPOLOGIES } from "./house.ts";

const START_MS_MAX = 240_000;
const quiet = createLog({ level: "error", readable: false, write: () => undefined });

const event = (n: number): object => ({ type: "order.received", subject: `order-${n}`, data: { n } });

/** The ids and data of a stream's first events, as they stand on the wire. */
async function sse(reply: Response, count: number): Promise<{ id: string; seq: number }[]> {
  const found: { id: string; seq: number }[] = [];
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of reply.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, id = "", data = "null"] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
      found.push({ id, seq: (JSON.parse(data) as { seq: number }).seq });
    }
    if (found.length >= count) break;
  }
  return found;
}

describe.each(TOPOLOGIES)("the journal of a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
  }, START_MS_MAX);
  afterAll(() => house.close());

  const append = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    house.ask("/v1/journal/events", { method: "POST", body: JSON.stringify(body), headers });

  test("takes one event, an array, and a retry, and says what is wrong with others", async () => {
    expect((await append(event(1))).status).toBe(201);
    const key = { "idempotency-key": "k" };
    const first = await append([event(2), event(3)], key);
    const body: unknown = await first.json();
    expect([first.status, body]).toEqual([201, expect.objectContaining({ first_seq: 2, last_seq: 3 })]);
    const again = await append([event(2), event(3)], key);
    expect([again.status, again.headers.get("idempotent-replay")]).toEqual([201, "true"]);
    expect(await codeOf(await append([event(2)], key))).toBe("conflict");
    expect(await codeOf(await append("text"))).toBe("invalid");
    expect(await codeOf(await append([]))).toBe("invalid");
    expect(await codeOf(await append(Array.from({ length: 1001 }, (_, n) => event(n))))).toBe("invalid");
    const large = { ...event(4), data: { text: "x".repeat(300_000) } };
    expect(await codeOf(await append(large))).toBe("too_large");
  });

  test("is followed with ids, from which a reconnect goes on", async () => {
    const seen = await sse(await house.ask("/v1/journal/tail?after=0"), 2);
    expect(seen.slice(0, 2)).toEqual([
      { id: "1", seq: 1 },
      { id: "2", seq: 2 },
    ]);
    const headers = { "last-event-id": "2" };
    const going = house.ask("/v1/journal/tail?after=0", { headers });
    await append(event(5));
    expect((await sse(await going, 2)).slice(0, 2)).toEqual([
      { id: "3", seq: 3 },
      { id: "4", seq: 4 },
    ]);
  });

  test("is a dataset, a line of health, and counted", async () => {
    const sealed = await house.json<{ sealed_seq: number }>("/v1/journal/seal", {});
    const sql =
      "SELECT count(*) AS n, sum((data->>'$.n')::INT) AS sum FROM journal WHERE type = 'order.received'";
    const { rows: counted } = await house.json<{ rows: { n: number; sum: unknown }[] }>("/v1/sql", { sql });
    expect(counted.map(({ n, sum }) => [n, Number(sum)])).toEqual([[sealed.sealed_seq, 1 + 2 + 3 + 5]]);
    const rows = JSON.stringify({ rows: [{ seq: 9 }] });
    const written = [
      await house.ask("/v1/catalog/datasets/Journal/append", { method: "POST", body: rows }),
      await house.ask("/v1/ingest?dataset=journal", { method: "POST", body: "seq\n9\n" }),
    ];
    for (const reply of written) expect(await codeOf(reply)).toBe("forbidden");
    expect(await house.json("/v1/journal/verify")).toMatchObject({ ok: true, events: 4 });
    const { services } = await house.json<{ services: Record<string, { status: string }> }>("/v1/health");
    expect(services["journald"]?.status).toBe("ok");
    const metrics = await (await house.ask("/metrics")).text();
    expect(metrics).toContain('route="journald.append"');
  });

  test(
    "is in a backup with the events behind its dataset, and damage to it is told and repaired",
    async () => {
      await append(event(6));
      const events = await (await house.ask("/v1/journal/export")).text();
      const place = mkdtempSync(join(tmpdir(), "journal-backup-"));
      const data = join(place, "restored");
      try {
        await backUp(house.settings, join(place, "store"));
        const { settings } = readSettings({ data, port: 0, log: "warn" });
        const { findings } = await restore(settings, join(place, "store"), undefined, quiet);
        expect(findings).toEqual([]);
        const segment = join(
          data,
          "journal",
          readdirSync(join(data, "journal")).find((name) => name.startsWith("log-")) ?? "",
        );
        const bytes = readFileSync(segment);
        bytes.writeUInt8(bytes.readUInt8(300) ^ 1, 300);
        writeFileSync(segment, bytes);
        const [line] = await repair(settings, quiet, { dryRun: true });
        expect(line).toMatchObject({ part: "journal", remedy: "repair", done: false });
        const damagedHouse = await startOver("together", data);
        try {
          const health = await damagedHouse.json<{
            status: string;
            services: Record<string, { detail?: string }>;
          }>("/v1/health");
          expect(health.status).toBe("degraded");
          expect(health.services["journald"]?.detail).toContain("the journal");
          const refused = await damagedHouse.ask("/v1/journal/events");
          expect([refused.status, await refused.text()]).toEqual([
            500,
            expect.stringContaining("lakehouse repair"),
          ]);
        } finally {
          await damagedHouse.stop();
        }
        // The last event was in no dataset.
        const [repaired] = await repair(settings, quiet, { dryRun: false });
        expect(repaired).toMatchObject({ part: "journal", done: true });
        const whole = await startOver("together", data);
        try {
          const after = await (await whole.ask("/v1/journal/export")).text();
          expect(after.startsWith(events.split("\n").slice(0, 4).join("\n"))).toBe(true);
          expect(await whole.json("/v1/journal/verify")).toMatchObject({ ok: true });
        } finally {
          await whole.stop();
        }
      } finally {
        rmSync(place, { recursive: true, force: true });
      }
    },
    START_MS_MAX,
  );
});
