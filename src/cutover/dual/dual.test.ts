// Dual writes: the caller's answer is the first side's alone, the second side gets each write once and in order, what was acknowledged
// survives a process that dies, and what is not written is counted.

import { afterAll, describe, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { systemClock } from "#lib/clock";
import { isThere, makeFolder } from "#lib/durable";
import { createLog } from "#lib/log";
import { BACKEND_HEADER, type BackedRoute, type ForeignCall } from "#rpc/backend";
import { Fault } from "#rpc/fault";
import { EMPTY, type Upstream } from "../ledger/ledger.ts";
import type { Reply } from "../diff/replies.ts";
import type { Side } from "../side.ts";
import { dualRoutes, isDual, withDualWrites } from "./dual-settings.ts";
import type { QueueLine, Written } from "./dual-write.ts";
import { createDualWrites, type DualDeps, type DualWrites } from "./dual-writes.ts";
import { reconcile } from "./reconcile.ts";
import { reconcileMarkdown, reconcileReport } from "./reconcile-report.ts";
import { openQueue } from "./write-queue.ts";

const root = mkdtempSync(join(tmpdir(), "dual-"));
const log = createLog({ level: "error", readable: true, write: () => undefined });
let files = 0;
const newPath = (): string => join(root, `${(files += 1)}.jsonl`);

interface Got {
  readonly path: string;
  readonly body: string;
  readonly key: string;
}

/** The second side, over HTTP. */
function startSecond(): {
  url: string;
  got: Got[];
  answers: (status: (call: number) => number) => void;
  stop: () => Promise<void>;
} {
  const got: Got[] = [];
  let statusOf: (call: number) => number = () => 201;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const key = request.headers.get("idempotency-key") ?? "";
      got.push({ path: new URL(request.url).pathname, body: await request.text(), key });
      return Response.json({ size: 1, etag: "there" }, { status: statusOf(got.length) });
    },
  });
  return {
    url: server.url.origin,
    got,
    answers: (status) => void (statusOf = status),
    stop: () => server.stop(true),
  };
}

const second = startSecond();
afterAll(async () => {
  await second.stop();
  rmSync(root, { recursive: true, force: true });
});
const upstream: Upstream = { name: "go", dialect: "go", url: second.url };

function dualOf(path: string, more: Partial<DualDeps> = {}): DualWrites {
  const dual = createDualWrites({
    open: () => openQueue(path, log),
    isThere: () => isThere(path),
    isDual: () => true,
    upstream: () => upstream,
    prefixOf: () => "/_go",
    clock: systemClock,
    log,
    retryMs: 1,
    ...more,
  });
  return dual;
}

const PUT: Pick<BackedRoute, "name" | "method"> = { name: "go:storaged.put", method: "PUT" };
const routeOf = (native: BackedRoute["native"]): BackedRoute => ({ ...PUT, native }) as BackedRoute;
const nativeOk = (): Promise<Response> =>
  Promise.resolve(Response.json({ size: 1, etag: "here" }, { status: 201 }));

function callOf(key: string, body: string, headers: Record<string, string> = {}): ForeignCall {
  return {
    route: "go:storaged.put",
    reads: false,
    request: new Request(`http://h/_go/v1/storage/${key}`, {
      method: "PUT",
      body,
      headers: { "content-length": String(Buffer.byteLength(body)), authorization: "Bearer x", ...headers },
    }),
    exchange: { requestId: "one", caller: { id: "ann", scopes: ["read", "write"] }, seal: () => undefined },
    native: nativeOk,
  };
}

/** The first side is this house. */
const firstHere = (call: ForeignCall): Promise<Response> => call.native(call.request, call.exchange);

async function written(dual: DualWrites, count: number): Promise<readonly Written[]> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const all = await dual.written();
    if (all.length >= count) return all;
    await Bun.sleep(5);
  }
  throw new Error(`${count} writes were not made`);
}

describe("dual writes", () => {
  test("the second side gets the write, without the caller's credential, and the replies are compared", async () => {
    second.answers(() => 201);
    second.got.length = 0;
    const path = newPath();
    const dual = dualOf(path);
    dual.attach([routeOf(nativeOk)]);
    const reply = await dual.answer(callOf("a", "one", { "idempotency-key": "mine" }), firstHere);
    expect([reply.status, await reply.json()]).toEqual([201, { size: 1, etag: "here" }]);
    const [done] = await written(dual, 1);
    expect(second.got).toEqual([{ path: "/v1/storage/a", body: "one", key: "mine" }]);
    expect(done).toMatchObject({ state: "done", second: "upstream", first_status: 201, second_status: 201 });
    // What each side makes for itself is no real difference.
    expect(done?.differences?.every(({ explained }) => explained)).toBe(true);
    await dual.close();
    expect(readFileSync(path, "utf8")).not.toContain("Bearer");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("a second side that fails is asked again under one key, in order, and the caller waits for none of it", async () => {
    second.got.length = 0;
    second.answers((call) => (call <= 3 ? 503 : 201));
    const dual = dualOf(newPath());
    dual.attach([routeOf(nativeOk)]);
    for (const body of ["1", "2", "3"]) {
      const reply = await dual.answer(callOf("same", body), firstHere);
      expect(reply.status).toBe(201);
    }
    await written(dual, 3);
    expect(second.got.map(({ body }) => body)).toEqual(["1", "1", "1", "1", "2", "3"]);
    expect(new Set(second.got.slice(0, 4).map(({ key }) => key)).size).toBe(1);
    expect(new Set(second.got.map(({ key }) => key)).size).toBe(3);
    await dual.close();
  });

  // A call that waited for the second side would never be answered: each of these ends.
  test("a second side that never answers costs the first nothing", async () => {
    const begun = Promise.withResolvers<undefined>();
    const end = Promise.withResolvers<undefined>();
    const dual = dualOf(newPath());
    dual.attach([
      routeOf(() => {
        begun.resolve(undefined);
        return end.promise.then(nativeOk);
      }),
    ]);
    const firstThere = (): Promise<Response> =>
      Promise.resolve(new Response("{}", { status: 201, headers: { [BACKEND_HEADER]: "go" } }));
    const answered = async (key: string): Promise<void> => {
      const reply = await dual.answer(callOf(key, "x"), firstThere);
      expect([reply.status, await reply.text()]).toEqual([201, "{}"]);
    };
    for (let call = 0; call < 200; call += 1) await answered(`k${call}`);
    await begun.promise;
    await answered("last");
    expect(await dual.written()).toEqual([]);
    end.resolve(undefined);
    expect(await written(dual, 201)).toHaveLength(201);
    await dual.close();
  });

  test("what the first side refused is not written, what it may have written is unclear, what is too large is lost", async () => {
    second.got.length = 0;
    second.answers(() => 201);
    const dual = dualOf(newPath());
    dual.attach([routeOf(nativeOk)]);
    const status = (code: number) => (): Promise<Response> =>
      Promise.resolve(new Response("", { status: code }));
    expect((await dual.answer(callOf("a", "x"), status(409))).status).toBe(409);
    expect((await dual.answer(callOf("b", "x"), status(500))).status).toBe(500);
    expect((await dual.answer(callOf("c", "x".repeat(1_100_000)), firstHere)).status).toBe(201);
    const failed = await dual.answer(callOf("d", "x"), () => Promise.reject(new Error("gone"))).catch(String);
    expect(failed).toContain("gone");
    const all = await written(dual, 3);
    expect(all.map(({ path, state }) => `${path.at(-1)} ${state}`).sort()).toEqual([
      "b unclear",
      "c lost",
      "d unclear",
    ]);
    expect(second.got).toEqual([]);
    expect((await dual.status()).lost).toMatchObject({ large: 1 });
    await dual.close();
  });

  test("a queue that is full loses, and says so; the second side's refusal is final", async () => {
    second.answers(() => 503);
    const dual = dualOf(newPath(), { waitingMax: 2, retryMs: 50 });
    dual.attach([routeOf(nativeOk)]);
    for (let call = 0; call < 6; call += 1) await dual.answer(callOf("same", "x"), firstHere);
    expect((await dual.status()).lost.full).toBeGreaterThanOrEqual(3);
    for (let tries = 0; tries < 1000 && (await dual.status()).problem === null; tries += 1)
      await Bun.sleep(5);
    expect((await dual.status()).problem).toContain("503");
    second.answers(() => 422);
    const all = await written(dual, 6);
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(["lost", "failed"]));
    expect(
      all.filter(({ state }) => state === "failed").every(({ second_status }) => second_status === 422),
    ).toBe(true);
    await dual.close();
  });

  test("after a crash what was due is due, what has only its intent is unclear, and a torn line is counted", async () => {
    second.answers(() => 201);
    second.got.length = 0;
    const path = newPath();
    const queue = await openQueue(path, log);
    const intentOf = (id: string): QueueLine => ({
      k: "intent",
      write: {
        id,
        at: "2026-11-30T00:00:00Z",
        route: "go:storaged.put",
        method: "PUT",
        path: `/_go/v1/storage/${id}`,
        headers: {},
        body: btoa(id),
      },
    });
    for (const id of ["a", "b", "c"]) await queue.append(intentOf(id));
    await queue.append({ k: "due", id: "a", second: "upstream", first_status: 201 });
    await queue.append({ k: "void", id: "c" });
    // As kill -9 leaves it: nothing was closed, and half a line.
    appendFileSync(path, '{"k":"due","id":"b","sec');
    const dual = dualOf(path);
    dual.attach([routeOf(nativeOk)]);
    const all = await written(dual, 2);
    expect(all.map(({ id, state }) => `${id} ${state}`).sort()).toEqual(["a done", "b unclear"]);
    expect(second.got.map(({ body }) => body)).toEqual(["a"]);
    expect((await dual.status()).unreadable).toBe(1);
    await dual.close();
    await queue.close();
  });

  test("a disk that fails is told until the queue is on it again, whole", async () => {
    const folder = join(root, "failing");
    const path = join(folder, "queue.jsonl");
    const said: string[] = [];
    const loud = createLog({ level: "error", readable: true, write: (line) => void said.push(line) });
    const queue = await openQueue(path, loud, 1);
    const until = async (flushed: boolean): Promise<void> => {
      while ((queue.unflushed === null) !== flushed) await Bun.sleep(5);
    };
    const write = { at: "2026-11-30T00:00:00Z", route: "go:storaged.put", method: "PUT", path: "/_go/x" };
    const add = async (id: string): Promise<void> => {
      await queue.append({ k: "intent", write: { ...write, id, headers: {}, body: null } });
      await queue.append({ k: "due", id, second: "native", first_status: 201 });
    };
    await add("a");
    rmSync(folder, { recursive: true });
    await add("b");
    await until(false);
    await add("c");
    expect(said).toHaveLength(1);
    await makeFolder(folder);
    await until(true);
    await queue.close();
    const again = await openQueue(path, log);
    expect([...again.due.keys()]).toEqual(["a", "b", "c"]);
    await again.close();
    expect(readdirSync(folder)).toEqual(["queue.jsonl"]);
  });

  test("the file is rewritten without its history, and says the same afterwards", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("due", "done", "void", "open"), { maxLength: 30 }),
        async (fates) => {
          const path = newPath();
          const queue = await openQueue(path, log, 1);
          for (const [at, fate] of fates.entries()) {
            const id = `w${at}`;
            const write = {
              id,
              at: "2026-11-30T00:00:00Z",
              route: "go:storaged.put",
              method: "PUT",
              path: `/_go/${id}`,
            };
            await queue.append({ k: "intent", write: { ...write, headers: {}, body: null } });
            if (fate === "due" || fate === "done")
              await queue.append({ k: "due", id, second: "native", first_status: 201 });
            if (fate === "done") await queue.append({ k: "written", write: { ...write, state: "done" } });
            if (fate === "void") await queue.append({ k: "void", id });
          }
          await queue.close();
          const again = await openQueue(path, log);
          const count = (fate: string): number => fates.filter((one) => one === fate).length;
          expect(again.due.size).toBe(count("due"));
          expect(again.counts()).toEqual({ done: count("done"), unclear: count("open"), failed: 0, lost: 0 });
          expect(again.unreadable).toBe(0);
          await again.close();
        },
      ),
      { numRuns: 15 },
    );
  });

  test("which routes are written twice: the newest change counts, reads are refused", () => {
    const at = "2026-11-30T00:00:00.000Z";
    const change = (route: string, on: boolean) => ({
      id: `${route}${on}`,
      route,
      on,
      actor: "ann",
      reason: "",
      at,
    });
    let ledger = withDualWrites(EMPTY, change("go:*", true), []);
    expect(isDual(ledger, "go:storage.put")).toBe(true);
    ledger = withDualWrites(ledger, change("go:storage.put", false), ["go:storage.put"]);
    expect([isDual(ledger, "go:storage.put"), isDual(ledger, "go:storage.remove")]).toEqual([false, true]);
    expect(dualRoutes(ledger).map(({ route }) => route)).toEqual(["go:*"]);
    ledger = withDualWrites(ledger, change("go:*", false), []);
    expect(isDual(ledger, "go:storage.remove")).toBe(false);
    expect(() => withDualWrites(EMPTY, change("go:embed.embed", true), ["go:storage.put"])).toThrow(
      "no route that writes",
    );
    for (let n = 0; n < 2000; n += 1)
      ledger = withDualWrites(ledger, change(`go:a.${"b".repeat(1 + (n % 9))}`, n % 2 === 0), [
        `go:a.${"b".repeat(1 + (n % 9))}`,
      ]);
    expect(ledger.dual_writes?.length).toBeLessThanOrEqual(500);
  });
});

describe("reconcile", () => {
  const PREFIXES = { go: "/_go", rust: "/api", openai: "", native: "" };
  const sideOf = (held: Record<string, string>): Side => ({
    name: "side",
    send: async ({ target }): Promise<Reply> => {
      const body = held[target.split("/").at(-1) ?? ""];
      const bytes = new TextEncoder().encode(body ?? "").buffer;
      return { status: body === undefined ? 404 : 200, type: "", body: bytes, ms: 1 };
    },
  });
  const put = (key: string, more: Partial<Written> = {}): Written => ({
    id: key,
    at: "",
    route: "go:storaged.put",
    method: "PUT",
    path: `/_go/v1/storage/${key}`,
    state: "done",
    ...more,
  });

  test("tells what is the same, different, on one side, waiting, and what was lost and not made good", async () => {
    const routes = await reconcile({
      written: [
        put("same"),
        put("other"),
        put("missing", { state: "lost", why: "full" }),
        put("good", { state: "unclear", why: "the house ended" }),
        put("late"),
        {
          ...put("x"),
          id: "x",
          route: "go:pathwayd.add",
          method: "POST",
          path: "/_go/v1/pathway",
          state: "failed",
          why: "422",
        },
      ],
      waiting: [{ id: "l2", at: "", route: "go:storaged.put", method: "PUT", path: "/_go/v1/storage/late" }],
      upstream: sideOf({ same: "1", other: "1", good: "1", late: "1", missing: "1" }),
      native: sideOf({ same: "1", other: "2", good: "1", late: "0" }),
      prefixes: PREFIXES,
      route: undefined,
    });
    expect(routes.find(({ route }) => route === "go:storage.put")).toMatchObject({
      keys: 4,
      same: 2,
      different: 1,
      missing: 1,
      waiting: 1,
      lost: 1,
      unclear: 0,
    });
    expect(routes.find(({ route }) => route === "go:pathway.add")).toMatchObject({ failed: 1, keys: 0 });
    const report = reconcileReport(routes, { now: 0, upstream: "go", forgotten: 0, damaged: 0 });
    expect(report.verdict).toBe("different");
    expect(reconcileMarkdown(report)).toContain("/v1/storage/other: 200, 1 bytes there; 200, 1 bytes here");
    const silent = await reconcile({
      written: [put("same")],
      waiting: [],
      upstream: { name: "u", send: () => Promise.reject(new Fault("upstream", "gone")) },
      native: sideOf({ same: "1" }),
      prefixes: PREFIXES,
      route: undefined,
    });
    expect(reconcileReport(silent, { now: 0, upstream: "go", forgotten: 0, damaged: 0 }).verdict).toBe(
      "not read",
    );
    const one = await reconcile({
      written: [put("same")],
      waiting: [],
      upstream: sideOf({ same: "1" }),
      native: sideOf({ same: "1" }),
      prefixes: PREFIXES,
      route: "rust:*",
    });
    expect(reconcileReport(one, { now: 0, upstream: "go", forgotten: 0, damaged: 0 }).verdict).toBe(
      "nothing written",
    );
  });
});
