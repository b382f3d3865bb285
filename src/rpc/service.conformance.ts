// What any Service must do, however it is reached. The lab below is a contract made for it: every kind of
// operation, a fault of every code, streams both ways, events, deadlines, cancellation. A connection under
// test makes the lab's Service out of its implementation: in process, over TCP, over a unix socket, through a
// forwarding hop.

import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { memoryOf } from "#lib/memory.testing";
import { type Bytes, Encoded, type Handlers, op, type Service } from "./contract.ts";
import { Fault, FAULT_CODES, FAULTS } from "./fault.ts";
import { implement, type Implementation } from "./local.ts";

const MIB = 1024 * 1024;

export const lab = {
  echo: op({
    method: "POST",
    path: "/v1/lab/{place}/echo",
    summary: "Answer what was sent",
    input: z.strictObject({
      place: z.string(),
      text: z.string().min(1),
      count: z.int().min(1).max(10).default(3),
      nested: z.strictObject({ flag: z.boolean() }).optional(),
    }),
    output: z.object({ place: z.string(), text: z.string(), count: z.int(), requestId: z.string() }),
    status: (output) => (output.count === 1 ? 201 : 200),
    statuses: [200, 201],
    replyHeaders: (output) => ({ "x-count": String(output.count) }),
    errors: ["invalid"],
    scope: "read",
  }),
  encoded: op({
    method: "POST",
    path: "/v1/lab-encoded",
    summary: "Answer with text that is JSON already",
    input: z.strictObject({}),
    output: z.object({ answer: z.int() }),
    errors: [],
    scope: "read",
  }),
  find: op({
    method: "GET",
    path: "/v1/lab/{place}/find/{key+}",
    summary: "Answer a query string",
    input: z.strictObject({
      place: z.string(),
      key: z.string(),
      limit: z.int().default(5),
      ratio: z.number().optional(),
      deep: z.boolean().default(false),
      names: z.array(z.string()).optional(),
      word: z.string().optional(),
    }),
    output: z.record(z.string(), z.unknown()),
    errors: ["invalid"],
    scope: "read",
  }),
  fail: op({
    method: "POST",
    path: "/v1/lab-fail",
    summary: "Fail with the code that is asked for",
    input: z.strictObject({ code: z.enum(FAULT_CODES) }),
    output: z.null(),
    errors: [...FAULT_CODES],
    scope: "read",
  }),
  bug: op({
    method: "POST",
    path: "/v1/lab-bug",
    summary: "Throw what is not a Fault",
    input: z.strictObject({}),
    output: z.null(),
    errors: [],
    scope: "read",
  }),
  flaky: op({
    method: "PUT",
    path: "/v1/lab-flaky/{name}",
    summary: "Fail some times, then succeed",
    input: z.strictObject({ name: z.string(), failures: z.int(), code: z.enum(FAULT_CODES) }),
    output: z.object({ tries: z.int() }),
    errors: [...FAULT_CODES],
    scope: "write",
  }),
  hang: op({
    method: "POST",
    path: "/v1/lab-hang",
    summary: "Never answer; say when cancelled",
    input: z.strictObject({ name: z.string() }),
    output: z.null(),
    errors: [],
    scope: "read",
  }),
  cancellations: op({
    method: "GET",
    path: "/v1/lab-cancellations",
    summary: "Which hanging calls were cancelled, and why",
    input: z.strictObject({}),
    output: z.record(z.string(), z.string()),
    errors: [],
    scope: "read",
  }),
  relay: op({
    method: "POST",
    path: "/v1/lab-relay",
    summary: "Say what travels beside the call",
    input: z.strictObject({}),
    output: z.object({
      requestId: z.string(),
      traceparent: z.string().optional(),
      caller: z.string(),
      leftMs: z.number(),
    }),
    errors: [],
    scope: "read",
  }),
  count: op({
    method: "PUT",
    path: "/v1/lab-count",
    summary: "Count the bytes of the body",
    body: "raw",
    input: z.strictObject({ label: z.string().optional(), tag: z.string().optional() }),
    headers: { tag: "x-tag" },
    output: z.object({
      bytes: z.int(),
      sum: z.int(),
      label: z.string().optional(),
      tag: z.string().optional(),
    }),
    status: 201,
    bodyBytesMax: 300 * MIB,
    timeoutMs: 120_000,
    errors: ["too_large"],
    scope: "write",
  }),
  pour: op({
    method: "GET",
    path: "/v1/lab-pour",
    summary: "Answer with many bytes",
    reply: "raw",
    input: z.strictObject({ mib: z.int(), range: z.string().optional() }),
    headers: { range: "range" },
    output: z.unknown(),
    timeoutMs: 120_000,
    errors: ["not_found"],
    scope: "read",
  }),
  gone: op({
    method: "DELETE",
    path: "/v1/lab-gone/{name}",
    summary: "Answer without a body",
    input: z.strictObject({ name: z.string() }),
    output: z.null(),
    status: 204,
    errors: [],
    scope: "write",
  }),
  ticks: op({
    method: "POST",
    path: "/v1/lab-ticks",
    summary: "Events, one after another",
    reply: "events",
    input: z.strictObject({ name: z.string(), ticks: z.int(), ending: z.enum(["end", "fault", "hang"]) }),
    output: z.union([
      z.object({ event: z.literal("tick"), number: z.int() }),
      z.object({ event: z.literal("done") }),
    ]),
    errors: [],
    scope: "read",
  }),
  later: op({
    method: "GET",
    path: "/v1/lab-later",
    summary: "Not served yet",
    planned: true,
    input: z.strictObject({}),
    output: z.null(),
    errors: [],
    scope: "read",
  }),
};

/** A fresh lab; `cancelled` collects the reasons that its handlers saw. */
export function labImplementation(): Implementation<typeof lab> {
  const cancelled: Record<string, string> = {};
  const tries = new Map<string, number>();
  const waitForCancel = (name: string, signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      const tell = (): void => {
        cancelled[name] = (signal.reason as Fault).code;
        reject(signal.reason as Fault);
      };
      if (signal.aborted) tell();
      else signal.addEventListener("abort", tell);
    });
  const handlers: Handlers<typeof lab> = {
    echo: ({ place, text, count }, { requestId }) => ({ place, text, count, requestId }),
    encoded: () =>
      new Encoded(
        () => '{"answer":42}',
        () => ({ answer: 42 }),
      ),
    find: (input) => ({ ...input }),
    fail: ({ code }) => {
      throw new Fault(code, `asked for ${code}`, {
        reason: `lab_${code}`,
        details: [{ path: "code", message: code }],
        ...(FAULTS[code].retryable ? { retryAfterMs: 2000 } : {}),
      });
    },
    bug: () => {
      throw new TypeError("secret detail");
    },
    flaky: ({ name, failures, code }) => {
      const count = (tries.get(name) ?? 0) + 1;
      tries.set(name, count);
      if (count <= failures) throw new Fault(code, "not yet", { retryAfterMs: 1 });
      return { tries: count };
    },
    hang: ({ name }, { signal }) => waitForCancel(name, signal),
    cancellations: () => cancelled,
    relay: (_, call) => ({
      requestId: call.requestId,
      caller: call.caller.id,
      leftMs: call.deadline - Date.now(),
      ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
    }),
    count: async ({ body, label, tag }) => {
      let bytes = 0;
      let sum = 0;
      for await (const chunk of body) {
        bytes += chunk.byteLength;
        sum = (sum + (chunk[0] ?? 0)) % 65_536;
      }
      return { bytes, sum, ...(label === undefined ? {} : { label }), ...(tag === undefined ? {} : { tag }) };
    },
    pour: ({ mib, range }) => {
      if (mib === 0) throw new Fault("not_found", "nothing to pour");
      return {
        status: range === undefined ? 200 : 206,
        headers: { "content-type": "application/x-lab", etag: '"abc"', "content-range": range ?? "none" },
        body: bytesOf(mib),
      };
    },
    gone: () => null,
    ticks: async function* ({ name, ticks, ending }, { signal }) {
      try {
        for (let number = 0; number < ticks; number += 1) yield { event: "tick" as const, number };
        if (ending === "fault") throw new Fault("upstream", "broke in mid-stream", { reason: "lab_broke" });
        if (ending === "hang") await waitForCancel(`${name}:wait`, signal);
        yield { event: "done" as const };
      } finally {
        cancelled[name] ??= "ended";
      }
    },
  };
  return implement(lab, "labd", handlers, { checkOutputs: true });
}

/** `mib` MiB in pieces of 64 KiB, made as they are read. */
export function bytesOf(mib: number): Bytes {
  const piece = new Uint8Array(64 * 1024).fill(7);
  let left = mib * 16;
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (left === 0) controller.close();
        else controller.enqueue(piece);
        left -= 1;
      },
    },
    { highWaterMark: 0 },
  );
}

export interface Connection {
  readonly name: string;
  /** Between neighbours; the native wire has none. */
  readonly carriesReason: boolean;
  connect(
    implementation: Implementation<typeof lab>,
  ): Promise<{ service: Service<typeof lab>; close(): Promise<void> }>;
}

export function serviceConformance({ name, carriesReason, connect }: Connection): void {
  const using = async (run: (service: Service<typeof lab>) => Promise<void>): Promise<void> => {
    const { service, close } = await connect(labImplementation());
    try {
      await run(service);
    } finally {
      await close();
    }
  };

  describe(`a service, ${name}`, () => {
    test("answers JSON with defaults filled in and path fields decoded", () =>
      using(async (service) => {
        const { requestId, ...answer } = await service.echo(
          { place: "a b,ü%?", text: "héllo" },
          { requestId: "r-1" },
        );
        expect(answer).toEqual({ place: "a b,ü%?", text: "héllo", count: 3 });
        expect(requestId).toBe("r-1");
        expect(await service.encoded({})).toEqual({ answer: 42 });
        expect(await service.gone({ name: "x" })).toBeNull();
      }));

    test("reads queries into the types of the schema", () =>
      using(async (service) => {
        const asked = {
          place: "p",
          key: "a/b c/ü?#",
          limit: 7,
          ratio: 0.5,
          deep: true,
          names: ["x", "y"],
          word: "12",
        };
        expect(await service.find(asked)).toEqual(asked);
        expect(await service.find({ place: "p", key: "k" })).toEqual({
          place: "p",
          key: "k",
          limit: 5,
          deep: false,
        });
      }));

    test("refuses bad input and names the place", () =>
      using(async (service) => {
        const bad = { place: "p", text: "", count: 99, nested: { flag: "no" }, stray: 1 } as never;
        const fault = await caught(service.echo(bad));
        expect(fault.code).toBe("invalid");
        expect(fault.origin).toBe("labd");
        expect(new Set(fault.details?.map(({ path }) => path))).toEqual(
          new Set(["text", "count", "nested.flag", "stray"]),
        );
      }));

    test.each([...FAULT_CODES])("carries the fault %s", (code) =>
      using(async (service) => {
        const fault = await caught(service.fail({ code }));
        expect(fault).toBeInstanceOf(Fault);
        expect({
          code: fault.code,
          message: fault.message,
          origin: fault.origin,
          reason: fault.reason,
          details: fault.details,
        }).toEqual({
          code,
          message: `asked for ${code}`,
          origin: "labd",
          reason: carriesReason ? `lab_${code}` : undefined,
          details: [{ path: "code", message: code }],
        });
        if (FAULTS[code].retryable) expect(fault.retryAfterMs).toBe(2000);
      }),
    );

    test("shows nothing of a bug", () =>
      using(async (service) => {
        const fault = await caught(service.bug({}));
        expect(fault.code).toBe("internal");
        expect(JSON.stringify(fault.body("r"))).not.toContain("secret");
      }));

    test("ends a call at its deadline and fires the handler's signal", () =>
      using(async (service) => {
        const started = Date.now();
        const fault = await caught(service.hang({ name: "late" }, { timeoutMs: 80 }));
        expect(fault.code).toBe("timeout");
        expect(Date.now() - started).toBeLessThan(60_000);
        expect(await eventually(service, "late")).toMatch(/timeout|cancelled/);
      }));

    test("ends a call when its caller goes away and fires the handler's signal", () =>
      using(async (service) => {
        const leaving = new AbortController();
        const pending = caught(service.hang({ name: "left" }, { signal: leaving.signal }));
        await Bun.sleep(50);
        leaving.abort();
        expect((await pending).code).toBe("cancelled");
        expect(await eventually(service, "left")).toBe("cancelled");
        const before = await caught(service.hang({ name: "never" }, { signal: AbortSignal.abort() }));
        expect(before.code).toBe("cancelled");
      }));

    test("carries request id, trace, caller and what is left of the time", () =>
      using(async (service) => {
        const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        const relayed = await service.relay(
          {},
          { requestId: "r-9", traceparent, caller: { id: "ann", scopes: ["read"] }, timeoutMs: 5000 },
        );
        expect(relayed).toMatchObject({ requestId: "r-9", traceparent, caller: "ann" });
        expect(relayed.leftMs).toBeGreaterThan(3000);
        expect(relayed.leftMs).toBeLessThanOrEqual(5000);
      }));

    test(
      "streams 256 MiB in and out with flat memory",
      () =>
        using(async (service) => {
          const grown = await memoryOf(async () => {
            const counted = await service.count({ body: bytesOf(256), label: "l", tag: "t" });
            expect(counted).toMatchObject({ bytes: 256 * MIB, label: "l", tag: "t" });
            const poured = await service.pour({ mib: 256, range: "bytes=0-" });
            expect(poured.status).toBe(206);
            expect(poured.headers["etag"]).toBe('"abc"');
            expect(poured.headers["content-range"]).toBe("bytes=0-");
            let bytes = 0;
            if (poured.body instanceof ReadableStream)
              for await (const chunk of poured.body) bytes += chunk.byteLength;
            expect(bytes).toBe(256 * MIB);
          });
          expect(grown).toBeLessThan(64 * MIB);
          expect((await caught(service.pour({ mib: 0 }))).code).toBe("not_found");
        }),
      60_000,
    );

    test("delivers events in order, and a fault in mid-stream as a fault", () =>
      using(async (service) => {
        const seen: unknown[] = [];
        for await (const event of service.ticks({ name: "all", ticks: 3, ending: "end" })) seen.push(event);
        expect(seen).toEqual([...[0, 1, 2].map((number) => ({ event: "tick", number })), { event: "done" }]);
        const before: unknown[] = [];
        const fault = await caught(
          (async () => {
            for await (const event of service.ticks({ name: "broken", ticks: 2, ending: "fault" }))
              before.push(event);
          })(),
        );
        expect(before.length).toBe(2);
        expect([fault.code, fault.message]).toEqual(["upstream", "broke in mid-stream"]);
        expect(fault.reason).toBe(carriesReason ? "lab_broke" : undefined);
      }));

    test("ends the generator when a listener breaks, aborts, or runs out of time", () =>
      using(async (service) => {
        for await (const event of service.ticks({ name: "break", ticks: 1000, ending: "hang" })) {
          if (event.event === "tick" && event.number === 2) break;
        }
        expect(await eventually(service, "break")).toBe("ended");

        const leaving = new AbortController();
        const listening = caught(
          (async () => {
            const events = service.ticks(
              { name: "abort", ticks: 1, ending: "hang" },
              { signal: leaving.signal },
            );
            for await (const _ of events) setTimeout(() => leaving.abort(), 20);
          })(),
        );
        expect((await listening).code).toBe("cancelled");
        expect(await eventually(service, "abort:wait")).toBe("cancelled");

        const late = await caught(
          (async () => {
            for await (const _ of service.ticks(
              { name: "slow", ticks: 1, ending: "hang" },
              { timeoutMs: 80 },
            ));
          })(),
        );
        expect(late.code).toBe("timeout");
        expect(await eventually(service, "slow:wait")).toMatch(/timeout|cancelled/);
      }));
  });
}

export async function caught(promise: Promise<unknown>): Promise<Fault> {
  try {
    await promise;
  } catch (thrown) {
    return thrown as Fault;
  }
  throw new Error("nothing was thrown");
}

/** News of a cancellation takes a moment to cross a socket. */
async function eventually(service: Service<typeof lab>, name: string): Promise<string | undefined> {
  for (let tries = 0; tries < 100; tries += 1) {
    const seen = (await service.cancellations({}))[name];
    if (seen !== undefined) return seen;
    await Bun.sleep(20);
  }
  return undefined;
}
