// Tasks over a real object store, under a clock of the test: whose they are, how they end, what a restart leaves of them.

import { beforeEach, describe, expect, test } from "bun:test";
import type { CallToolResult } from "@modelcontextprotocol/server";
import { memoryObjects } from "#adapters/objects/memory.testing";
import { storage } from "#contracts/storage";
import type { House } from "#contracts/house";
import { type Caller, CallState } from "#rpc/call";
import { implement, local } from "#rpc/local";
import { storaged } from "#services/storaged/service";
import { taskStore } from "./task-store.ts";
import { createTasks, type Task, type Tasks } from "./tasks.ts";

const MINUTE = 60_000;
const agent: Caller = { id: "agent", scopes: ["read", "write"] };
const other: Caller = { id: "other", scopes: ["read", "write", "admin"] };
const result: CallToolResult = { content: [{ type: "text", text: "done" }] };

let now = Date.parse("2026-11-29T12:00:00Z");
const clock = { now: () => now };
let objects: House["storaged"];
let tasks: Tasks;

const open = (): Tasks => createTasks({ store: taskStore(objects, clock), clock });
const start = (work: Parameters<Tasks["start"]>[1], caller = agent, ttlMs?: number): Promise<Task> =>
  tasks.start({ tool: "ingest_file", call: new CallState({ caller }, Infinity), ttlMs }, work);
const never = (): Promise<CallToolResult> => new Promise(() => undefined);
const signal = new AbortController().signal;

beforeEach(async () => {
  objects = local(implement(storage, "storaged", (await storaged({ objects: memoryObjects() })).handlers));
  tasks = open();
});

describe("a task", () => {
  test("is durable before its id is given out, and has its result after a restart", async () => {
    const gate = Promise.withResolvers<CallToolResult>();
    const { task_id } = await start(() => gate.promise);
    expect((await objects.list({ prefix: "mcp/tasks/" })).objects).toHaveLength(1);
    gate.resolve(result);
    expect(await tasks.ended(task_id, agent, signal)).toMatchObject({ status: "completed", result });
    expect(await open().get(task_id, agent)).toMatchObject({ status: "completed", result });
  });

  test("belongs to its caller: to others it is not there, cannot be cancelled or answered", async () => {
    const { task_id } = await start(never);
    expect(await tasks.get(task_id, other)).toBeUndefined();
    expect(await tasks.cancel(task_id, other)).toBe(false);
    expect(await tasks.respond(task_id, other, {})).toBe(false);
    expect(await tasks.list(other)).toEqual([]);
    expect(await tasks.get(task_id, agent)).toMatchObject({ status: "working" });
    expect(await tasks.get("../../secret", agent)).toBeUndefined();
  });

  test("ends when it is cancelled, and tells its work by the signal", async () => {
    let told = false;
    const { task_id } = await start(({ call }) => {
      call.signal.addEventListener("abort", () => {
        told = true;
      });
      return never();
    });
    expect(await tasks.cancel(task_id, agent)).toBe(true);
    expect(told).toBe(true);
    expect(await tasks.get(task_id, agent)).toMatchObject({ status: "cancelled" });
    expect(await tasks.cancel(task_id, agent)).toBe(true);
  });

  test("asks its client, and goes on with the response; keys of nobody are left out", async () => {
    const { task_id } = await start(async ({ ask }) => {
      const response = await ask?.({ method: "elicitation/create", params: {} } as never);
      return { content: [{ type: "text", text: JSON.stringify(response) }] };
    });
    const asking = await tasks.get(task_id, agent);
    const [key = ""] = Object.keys(asking?.inputRequests ?? {});
    expect(asking?.status).toBe("input_required");
    await tasks.respond(task_id, agent, { unknown: {}, [key]: { action: "decline" } });
    expect(await tasks.ended(task_id, agent, signal)).toMatchObject({
      status: "completed",
      result: { content: [{ text: '{"action":"decline"}' }] },
    });
  });

  test("of a process that is gone fails, but not before a house that was replaced had its time", async () => {
    const { task_id } = await start(never);
    const next = open();
    expect(await next.get(task_id, agent)).toMatchObject({ status: "working" });
    now += 2 * MINUTE;
    expect(await next.get(task_id, agent)).toMatchObject({ status: "failed", error: { code: -32_603 } });
  });

  test("that has not ended when the house stops is kept as failed", async () => {
    const { task_id } = await start(never);
    await tasks.close();
    expect(await open().get(task_id, agent)).toMatchObject({ status: "failed" });
  });

  test("is kept for as long as it says and is then removed", async () => {
    const { task_id, ttl_ms } = await start(() => Promise.resolve(result), agent, 1);
    expect(ttl_ms).toBe(MINUTE);
    await tasks.ended(task_id, agent, signal);
    now += 2 * MINUTE;
    expect(await tasks.get(task_id, agent)).toBeUndefined();
    now += 10 * MINUTE;
    const later = await start(() => Promise.resolve(result));
    await tasks.ended(later.task_id, agent, signal);
    const left = (await objects.list({ prefix: "mcp/tasks/" })).objects.map(({ key }) => key);
    expect(left).toEqual([`mcp/tasks/${later.task_id}`]);
  });

  test("finds no room beside sixteen of the same caller, while others do", async () => {
    for (let n = 0; n < 16; n += 1) await start(never);
    const refused = await start(never).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "unavailable" });
    expect(await start(never, other)).toMatchObject({ status: "working" });
    await tasks.close();
  });
});
