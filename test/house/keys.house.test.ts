// API keys while the house runs, in both topologies: what is added, changed and revoked counts within a second, a key file
// that is gone or damaged closes the house, and each refused call is counted by reason and caller.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addKey, changeKey, removeKey } from "#edge/access/key-file";
import type { Scope } from "#rpc/call";
import { codeOf, startOver, type TestHouse, TOPOLOGIES } from "./house.ts";

/** What counts within a second is waited for longer here: the machine may be busy with other things. */
const CHANGE_MS_MAX = 10_000;

describe.each([...TOPOLOGIES])("the keys of a house %s", (topology) => {
  const data = mkdtempSync(join(tmpdir(), "house-"));
  const path = join(data, "keys.json");
  let house: TestHouse;
  beforeAll(async () => {
    house = await startOver(topology, data);
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const status = async (key?: string, method = "GET", place = "/v1/catalog/datasets"): Promise<number> => {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const reply = await house.ask(place, { method, headers, ...(method === "PUT" ? { body: "x" } : {}) });
    await reply.arrayBuffer();
    return reply.status;
  };
  const becomes = async (wanted: number, ...asked: Parameters<typeof status>): Promise<void> => {
    const until = performance.now() + CHANGE_MS_MAX;
    while ((await status(...asked)) !== wanted && performance.now() < until) await Bun.sleep(20);
    expect(await status(...asked)).toBe(wanted);
  };

  const added = async (name: string, scope: Scope): Promise<string> => {
    const key = await addKey(path, { name, scope });
    // With a key of its own even a house that was open answers, so that it is read is seen without one.
    await becomes(401);
    await becomes(200, key);
    return key;
  };

  test("one that is added counts without a restart, and closes the house to all others", async () => {
    expect(await status()).toBe(200);
    const key = await added("reader", "read");
    expect(await status(key, "PUT", "/v1/storage/mine")).toBe(403);
    await changeKey(path, "reader", { scope: "write" });
    await becomes(201, key, "PUT", "/v1/storage/mine");
    await changeKey(path, "reader", { expiresAt: new Date(Date.now() - 1000) });
    await becomes(401, key);
    const reply = await house.ask("/v1/sql", { headers: { authorization: `Bearer ${key}` }, method: "POST" });
    expect(await reply.text()).toContain("The key reader expired at");
    await changeKey(path, "reader", { expiresAt: null });
    await becomes(200, key);
    const other = await added("other", "read");
    await removeKey(path, "reader");
    await becomes(401, key);
    expect(await status(other)).toBe(200);
    await removeKey(path, "other");
    await becomes(200);
  }, 240_000);

  test("the list says what each may do and when it was last used, and no secret; a masked key is refused", async () => {
    const list = async (shown: string): Promise<{ status: number; text: string }> => {
      const reply = await house.ask("/v1/keys", { headers: { authorization: `Bearer ${shown}` } });
      return { status: reply.status, text: await reply.text() };
    };
    expect(await house.json<object>("/v1/keys")).toEqual({ keys: [] });
    const key = await added("looker", "read");
    const idle = await addKey(path, { name: "idle", scope: "admin", expiresAt: new Date("2100-01-01") });
    const blind = await addKey(path, { name: "blind", scope: "read", masked: true });
    await becomes(200, blind);
    const { text } = await list(key);
    const { keys } = JSON.parse(text) as { keys: Record<string, unknown>[] };
    expect(keys.map(({ name, scope, masked, expires_at }) => [name, scope, masked, expires_at])).toEqual([
      ["looker", "read", false, null],
      ["idle", "admin", false, "2100-01-01T00:00:00.000Z"],
      ["blind", "read", true, null],
    ]);
    expect(keys.map(({ last_used_at }) => typeof last_used_at)).toEqual(["string", "object", "string"]);
    for (const secret of [key, idle, blind, "sha256"]) expect(text).not.toContain(secret);
    expect(await list(blind)).toMatchObject({ status: 403 });
    for (const name of ["looker", "idle", "blind"]) await removeKey(path, name);
    await becomes(200);
  }, 240_000);

  test("keys made at once are all there", async () => {
    const names = Array.from({ length: 8 }, (_, n) => `racer-${n}`);
    const keys = await Promise.all(names.map((name) => addKey(path, { name, scope: "read" })));
    for (const key of keys) await becomes(200, key);
    await becomes(401);
    await Promise.all(names.map((name) => removeKey(path, name)));
    await becomes(200);
  }, 240_000);

  test("a key file that is gone or damaged closes the house, says so, and opens it when it is back", async () => {
    const key = await added("kept", "admin");
    copyFileSync(path, `${path}.copy`);
    for (const harm of [(): void => rmSync(path), (): void => writeFileSync(path, "{}")]) {
      harm();
      await becomes(401, key);
      for (const shown of [undefined, key, "lk_unknown"]) {
        const headers: Record<string, string> =
          shown === undefined ? {} : { authorization: `Bearer ${shown}` };
        for (const place of ["/v1/health", "/metrics", "/v1/catalog/datasets"]) {
          const reply = await house.ask(place, { headers });
          expect([place, reply.status]).toEqual([place, 401]);
          expect(await reply.text()).toMatch(/keys\.json is (missing|damaged)/);
        }
      }
      expect(await (await house.ask("/health")).text()).toMatch(/Every call is refused: keys\.json is/);
      // A restart opens nothing either.
      house = await house.restart();
      expect(await status(key)).toBe(401);
      expect(await status()).toBe(401);
      copyFileSync(`${path}.copy`, path);
      await becomes(200, key);
    }
    await removeKey(path, "kept");
    await becomes(200);
  }, 240_000);

  test("a house stays closed when all files that say it has keys are lost at once, also after a restart", async () => {
    const key = await added("remembered", "admin");
    copyFileSync(path, `${path}.copy`);
    rmSync(join(data, "keys.required"));
    rmSync(path);
    await becomes(401, key);
    expect(await status()).toBe(401);
    house = await house.restart();
    for (const shown of [undefined, key]) expect(await status(shown)).toBe(401);
    expect(await (await house.ask("/health")).text()).toMatch(/keys\.json is missing.*add-key/);
    copyFileSync(`${path}.copy`, path);
    await becomes(200, key);
    expect(existsSync(join(data, "keys.required"))).toBe(true);
    await removeKey(path, "remembered");
    await becomes(200);
  }, 240_000);

  test("services keep their own objects: they are read by those with a key, and changed by no key", async () => {
    const admin = await added("boss", "admin");
    const headers = { authorization: `Bearer ${admin}` };
    await house.ask("/v1/ingest?dataset=owned", {
      method: "POST",
      headers: { ...headers, "content-type": "text/csv" },
      body: "n\n1\n",
    });
    const listed = (await (await house.ask("/v1/storage?prefix=warehouse/", { headers })).json()) as {
      objects: { key: string }[];
    };
    const key = listed.objects[0]?.key ?? "";
    expect(key).toStartWith("warehouse/owned/");
    expect(await status(admin, "GET", `/v1/storage/${key}`)).toBe(200);
    for (const owned of [
      key,
      "warehouse/owned/x",
      "warehouse",
      "vectors/x",
      "%77arehouse/x",
      "WAREHOUSE/x",
    ]) {
      expect([owned, await status(admin, "PUT", `/v1/storage/${owned}`)]).toEqual([owned, 403]);
      expect([owned, await status(admin, "DELETE", `/v1/storage/${owned}`)]).toEqual([owned, 403]);
    }
    expect(await status(admin, "PUT", "/v1/storage/warehouses/x")).toBe(201);
    expect(await status(admin, "GET", `/v1/storage/${key}`)).toBe(200);
    await removeKey(path, "boss");
    await becomes(200);
  }, 240_000);

  test("each refused call is counted by reason and caller", async () => {
    const reader = await added("watcher", "read");
    const headers = { authorization: `Bearer ${reader}` };
    const count = async (reason: string, caller: string): Promise<number> => {
      const text = await (await house.ask("/metrics", { headers })).text();
      const line = `lakehouse_denied_total{service="gateway",reason="${reason}",caller="${caller}"} `;
      const found = text.split("\n").find((one) => one.startsWith(line));
      return Number(found?.slice(line.length) ?? 0);
    };
    const cases = [
      ["no_key", "anonymous", {}, 401],
      ["unknown_key", "anonymous", { authorization: "Bearer lk_nobodys" }, 401],
      ["foreign_host", "anonymous", { host: "evil.example" }, 403],
      ["foreign_origin", "anonymous", { origin: "http://evil.example" }, 403],
      ["cross_site", "anonymous", { "sec-fetch-site": "cross-site" }, 403],
      ["scope", "watcher", headers, 403],
    ] as const;
    for (const [reason, caller, shown, wanted] of cases) {
      const before = await count(reason, caller);
      const reply = await house.ask("/v1/storage/mine", {
        method: "PUT",
        headers: shown,
        body: "x",
      });
      expect([reason, reply.status]).toEqual([reason, wanted]);
      expect([reason, await count(reason, caller)]).toEqual([reason, before + 1]);
    }
    await removeKey(path, "watcher");
    await becomes(200);
  }, 240_000);

  test("a page of another site is refused however its browser asks, and a link is followed", async () => {
    const site = (value: string, more: Record<string, string> = {}): Promise<number> =>
      house.ask("/docs", { headers: { "sec-fetch-site": value, ...more } }).then(({ status }) => status);
    expect(await site("none")).toBe(200);
    expect(await site("same-origin")).toBe(200);
    expect(await site("cross-site")).toBe(403);
    expect(await site("same-site")).toBe(403);
    expect(await site("cross-site", { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" })).toBe(403);
    expect(await site("cross-site", { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" })).toBe(
      200,
    );
    const reply = await house.ask("/v1/health", { headers: { "sec-fetch-site": "cross-site" } });
    expect(await codeOf(reply)).toBe("forbidden");
    const { port } = new URL(house.url);
    expect((await house.ask("/v1/health", { headers: { host: `LOCALHOST:${port}` } })).status).toBe(200);
  });
});
