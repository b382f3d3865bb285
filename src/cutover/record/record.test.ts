// What is recorded is redacted, bounded and counted, goes on after a crash, and can be replayed; a caller gets the same bytes as
// without.

import { afterAll, describe, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { personalData, redactText } from "#domain/redact";
import { createLog } from "#lib/log";
import type { Route } from "#rpc/route";
import type { Reply } from "../diff/replies.ts";
import type { Side } from "../side.ts";
import { readRecording } from "./read-recording.ts";
import { createRecorder, type Recorder, type RecorderOptions, recordingPath } from "./recorder.ts";
import {
  isRecorded,
  type RecordedCall,
  type Recording,
  type RecordingEnd,
  type RecordingLine,
} from "./recording.ts";
import { redactedBody, redactedTarget, unreplayable } from "./redacted.ts";
import { replay } from "./replay.ts";
import { replayMarkdown, replayReport } from "./replay-report.ts";

const root = mkdtempSync(join(tmpdir(), "recorder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const log = createLog({ level: "error", readable: true, write: () => undefined });
let ids = 0;
function recordingOf(more: Partial<Recording> = {}): Recording {
  ids += 1;
  const at = new Date();
  return {
    id: `rec-${ids}`,
    routes: ["go:*"],
    percent: 100,
    at: at.toISOString(),
    until: new Date(at.getTime() + 3_600_000).toISOString(),
    actor: "ann",
    reason: "",
    ...more,
  };
}

interface Rig {
  readonly recorder: Recorder;
  readonly ends: RecordingEnd[];
  readonly lines: (id: string) => RecordingLine[];
}
function rigOf(more: Partial<RecorderOptions> = {}): Rig {
  const ends: RecordingEnd[] = [];
  const recorder = createRecorder({
    data: root,
    clock: { now: () => Date.now() },
    log,
    ended: async (_, end) => void ends.push(end),
    ...more,
  });
  const lines = (id: string): RecordingLine[] =>
    readFileSync(recordingPath(root, id), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as RecordingLine);
  return { recorder, ends, lines };
}

/** A route that answers with what `reply` makes of the body. */
function routeOf(reply: (sent: string) => Response, more: Partial<Route> = {}): Route {
  return {
    name: "go:embedd.embed",
    method: "POST",
    pattern: "/_go/v1/embed",
    scope: "read",
    work: "quick",
    body: "json",
    reply: "json",
    timeoutMs: 1000,
    bodyBytesMax: 1_000_000,
    internal: false,
    reads: true,
    fault: (fault) => new Response(fault.message, { status: fault.status }),
    handle: async (request) => reply(await request.text()),
    ...more,
  };
}

const GO = { route: "go:embed.embed", prefix: "/_go" };
const exchange = { requestId: "one", seal: () => undefined };
const requestOf = (
  body: string,
  more: { headers?: Record<string, string> } = {},
  target = "/v1/embed",
): Request =>
  new Request(`http://h/_go${target}`, {
    method: "POST",
    body,
    headers: {
      "content-length": String(Buffer.byteLength(body)),
      authorization: "Bearer secret-key",
      ...more.headers,
    },
  });
const callsOf = (lines: readonly RecordingLine[]): RecordedCall[] =>
  lines.flatMap((line) => ("t_ms" in line ? [line] : []));
const buffer = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;

describe("a recorder", () => {
  test("writes the call redacted, without credentials, and the caller's reply stays as it is", async () => {
    const { recorder, ends, lines } = rigOf();
    const recording = recordingOf();
    recorder.follow(recording);
    await recorder.idle();
    const said = {
      to: "ann.lee@example.com",
      note: "call 555-123-4567, SSN 123-45-6789",
      api_key: "abc",
      n: 1,
    };
    const route = recorder.recorded(
      routeOf((sent) => new Response(sent, { status: 201, headers: { "x-a": "1" } })),
      GO,
    );
    const target = "/v1/embed?who=ann.lee%40example.com&k=5";
    const reply = await route.handle(requestOf(JSON.stringify(said), {}, target), exchange);
    expect([reply.status, reply.headers.get("x-a"), await reply.json()]).toEqual([201, "1", said]);
    recorder.follow({ ...recording, stop_asked: true });
    await recorder.idle();
    const text = readFileSync(recordingPath(root, recording.id), "utf8");
    for (const secret of ["ann.lee", "555-123", "123-45-6789", "secret-key", "abc"]) {
      expect(text).not.toContain(secret);
    }
    const [call] = callsOf(lines(recording.id));
    expect(call).toMatchObject({
      route: "go:embed.embed",
      reads: true,
      request: { method: "POST", target: "/v1/embed?who=%5Bemail%5D&k=5", redacted: ["email"] },
      reply: { status: 201, backend: "native" },
    });
    expect(unreplayable(call as RecordedCall)).toContain("email");
    expect(statSync(recordingPath(root, recording.id)).mode & 0o777).toBe(0o600);
    expect(ends).toEqual([
      expect.objectContaining({ why: "stopped", calls: 1, lost: { queue: 0, bodies: 0, redacted: 1 } }),
    ]);
    expect(lines(recording.id).at(-1)).toEqual({ end: ends[0] as RecordingEnd });
  });

  test("no generated text with personal data reaches the file", () => {
    const personal = fc.oneof(
      fc.emailAddress().filter((text) => personalData(text).includes("email")),
      fc.constantFrom("555-123-4567", "123-45-6789", "sk-abcdefghijklmnop", "Bearer abcdefgh12345678"),
    );
    fc.assert(
      fc.property(personal, fc.jsonValue(), fc.boolean(), (secret, value, isJson) => {
        const text = isJson ? JSON.stringify({ a: [secret, value] }) : `a,b\n${secret},2\n`;
        const kept = JSON.stringify(redactedBody(buffer(text)));
        expect(kept).not.toContain(JSON.stringify(secret).slice(1, -1));
        expect(
          redactedTarget(`/v1/x/${encodeURIComponent(secret)}?q=${encodeURIComponent(secret)}`).text,
        ).not.toContain(encodeURIComponent(secret));
      }),
    );
  });

  test("the quick look at a text passes over nothing that a pattern matches", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.emailAddress(),
      fc.stringMatching(/^\+?[0-9 .()-]{6,20}$/),
      fc.constantFrom("sk-", "lk_", "ghp_", "xoxb-", "AKIA", "eyJ", "bearer ", "Basic ", "abcdefgh1234"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
        const text = pieces.join("");
        expect(redactText(text) !== text).toBe(personalData(text).length > 0);
      }),
      { numRuns: 2000 },
    );
  });

  test("what stands under the name of a secret is taken out: of a query, and of JSON within a text of JSON", () => {
    const secret = "hunter2";
    for (const name of ["password", "client_secret", "phoneNumber", "api_key", "secretKey", "e-mail"]) {
      const inner = JSON.stringify({ [name]: secret, n: 1 });
      const call = { function: "f", arguments: inner };
      for (const value of [{ [name]: secret }, call, { body: JSON.stringify([call]) }]) {
        const kept = redactedBody(buffer(JSON.stringify(value)));
        expect(JSON.stringify(kept)).not.toContain(secret);
        expect(kept).toMatchObject({ redacted: ["secret"] });
      }
      expect(redactedTarget(`/v1/x?k=5&${name}=${secret}&z=`)).toEqual({
        text: `/v1/x?k=5&${name}=%5Bredacted%5D&z=`,
        redacted: ["secret"],
      });
    }
    const clean = JSON.stringify({
      arguments: '{"tokens": 5,\n "key": "a", "max_tokens": 12}',
      deep: "[".repeat(9),
    });
    expect(redactedBody(buffer(clean))).toEqual({ text: clean });
    expect(redactedTarget("/v1/x?token=&keys=a")).toEqual({ text: "/v1/x?token=&keys=a" });
  });

  test("what is clean keeps its exact text, however it was written", () => {
    for (const text of ['{"b": 1,\n "a": 12345678901234567890}', "a,b\n1,2\n", "[]"]) {
      expect(redactedBody(buffer(text))).toEqual({ text });
    }
    expect(redactedBody(new Uint8Array([0xff, 0xfe, 0]).buffer)).toMatchObject({ bytes: 3 });
    expect(redactedTarget("/v1/storage/a%2Fb?prefix=%41")).toEqual({ text: "/v1/storage/a%2Fb?prefix=%41" });
  });

  test("large, streamed and compressed bodies: the caller gets all of it, the file what fits", async () => {
    const { recorder, lines } = rigOf();
    const recording = recordingOf();
    recorder.follow(recording);
    await recorder.idle();
    const large = "x".repeat(300_000);
    const streamed = (text: string): Response =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            controller.enqueue(new TextEncoder().encode(text));
            controller.close();
          },
        }),
        { headers: { "x-lakehouse-backend": "go" } },
      );
    const packed = gzipSync('{"a":1}');
    for (const [made, expected] of [
      [() => new Response(large), large],
      [() => streamed(large), large],
      [() => streamed("short"), "short"],
    ] as const) {
      const reply = await recorder.recorded(routeOf(made), GO).handle(requestOf("{}"), exchange);
      expect(await reply.text()).toBe(expected);
    }
    const zipped = await recorder
      .recorded(
        routeOf(() => new Response(packed, { headers: { "content-encoding": "gzip" } })),
        GO,
      )
      .handle(requestOf("{}"), exchange);
    expect(new Uint8Array(await zipped.arrayBuffer())).toEqual(new Uint8Array(packed));
    await recorder.idle();
    const bodies = callsOf(lines(recording.id)).map(({ reply }) => reply.body);
    expect(bodies).toEqual([
      expect.objectContaining({ cut: expect.any(String) as string }),
      expect.objectContaining({ cut: expect.any(String) as string }),
      { text: "short" },
      { text: '{"a":1}' },
    ]);
    expect(recorder.stats()?.lost.bodies).toBe(2);
    await recorder.close();
  });

  test("ends at its limits, and counts what found no room in the queue", async () => {
    const { recorder, ends } = rigOf({ linesMax: 3 });
    recorder.follow(recordingOf());
    await recorder.idle();
    const route = recorder.recorded(
      routeOf(() => new Response("{}")),
      GO,
    );
    for (let call = 0; call < 5; call += 1) await route.handle(requestOf("{}"), exchange);
    await recorder.idle();
    expect(ends).toEqual([expect.objectContaining({ why: "lines", calls: 3 })]);

    const small = rigOf({ queueMax: 2 });
    const recording = recordingOf();
    small.recorder.follow(recording);
    await small.recorder.idle();
    const busy = small.recorder.recorded(
      routeOf(() => new Response("{}")),
      GO,
    );
    await Promise.all(Array.from({ length: 20 }, () => busy.handle(requestOf("{}"), exchange)));
    small.recorder.follow({ ...recording, stop_asked: true });
    await small.recorder.idle();
    const [end] = small.ends;
    expect((end?.calls ?? 0) + (end?.lost.queue ?? 0)).toBe(20);
    expect(end?.lost.queue).toBeGreaterThan(0);
  });

  test("goes on after a crash with a gap, and one whose time passed meanwhile gets its end", async () => {
    const first = rigOf();
    const recording = recordingOf();
    first.recorder.follow(recording);
    await first.recorder.idle();
    const serve = (recorder: Recorder): Promise<Response> =>
      recorder
        .recorded(
          routeOf(() => new Response("{}")),
          GO,
        )
        .handle(requestOf("{}"), exchange);
    await serve(first.recorder);
    await first.recorder.idle();
    // As kill -9 leaves it: no end, and half a line.
    appendFileSync(recordingPath(root, recording.id), '{"t_ms":5,"route":"go:');
    const second = rigOf();
    second.recorder.follow(recording);
    await second.recorder.idle();
    await serve(second.recorder);
    await second.recorder.close();
    const late = rigOf();
    late.recorder.follow({ ...recording, until: new Date().toISOString() });
    await late.recorder.idle();
    expect(late.ends).toEqual([expect.objectContaining({ why: "time", calls: 2, gaps: 2 })]);
    const file = await readRecording(recordingPath(root, recording.id));
    expect([file.calls, file.gaps, file.unreadable, file.end?.why]).toEqual([2, 2, 1, "time"]);
    await file.close();
    await first.recorder.close();
  });

  test("one that cannot be begun, or whose bytes may not be on the disk, ends by the disk, and the next one begins", async () => {
    const said: string[] = [];
    let failing: "open" | "sync" | undefined = "open";
    const { recorder, ends, lines } = rigOf({
      log: createLog({ level: "error", readable: true, write: (line) => void said.push(line) }),
      openFile: async (path) => {
        if (failing === "open") throw new Error("no room for the file");
        const file = await open(path, "a+");
        const sync = (): Promise<void> =>
          failing === "sync" ? Promise.reject(new Error("EIO")) : file.sync();
        return new Proxy(file, {
          get: (target, name) => {
            const value: unknown = name === "sync" ? sync : Reflect.get(target, name);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      },
    });
    recorder.follow(recordingOf());
    await recorder.idle();
    expect(ends).toMatchObject([{ why: "disk", calls: 0 }]);
    expect(said.join("")).toContain("could not be begun");

    failing = "sync";
    const unsure = recordingOf();
    recorder.follow(unsure);
    await recorder.idle();
    const route = recorder.recorded(
      routeOf((sent) => new Response(sent)),
      GO,
    );
    await route.handle(requestOf("{}"), exchange);
    recorder.follow({ ...unsure, stop_asked: true });
    await recorder.idle();
    expect(ends[1]).toMatchObject({ why: "disk", calls: 1 });
    expect(lines(unsure.id).some((line) => "end" in line)).toBe(false);
    expect(said.join("")).toContain("may not be on the disk");

    failing = undefined;
    const good = recordingOf();
    recorder.follow(good);
    recorder.follow({ ...good, stop_asked: true });
    await recorder.idle();
    expect(ends[2]).toMatchObject({ why: "stopped" });
    expect(lines(good.id).at(-1)).toMatchObject({ end: { why: "stopped" } });
  });

  test("takes only the routes it was asked for, and no replay", async () => {
    expect(isRecorded({ routes: ["go:matrix.search", "rust:*"] }, "go:embed.embed")).toBe(false);
    expect(isRecorded({ routes: ["go:matrix.*"] }, "go:matrix.search")).toBe(true);
    expect(isRecorded({ routes: ["native:*"] }, "go:matrix.search")).toBe(false);
    const { recorder } = rigOf();
    recorder.follow(recordingOf({ routes: ["rust:*"] }));
    await recorder.idle();
    await recorder
      .recorded(
        routeOf(() => new Response("{}")),
        GO,
      )
      .handle(requestOf("{}"), exchange);
    const rust = recorder.recorded(
      routeOf(() => new Response("{}")),
      { route: "rust:embed.embed", prefix: "/api" },
    );
    await rust.handle(requestOf("{}", { headers: { "x-lakehouse-backend": "native" } }), exchange);
    await recorder.idle();
    expect(recorder.stats()?.calls).toBe(0);
    await recorder.close();
  });
});

describe("a replay", () => {
  const callOf = (t_ms: number, more: Partial<RecordedCall> = {}): RecordedCall => ({
    t_ms,
    route: "go:embed.embed",
    reads: true,
    request: { method: "POST", target: "/v1/embed", headers: {}, body: { text: '{"texts":["a"]}' } },
    reply: { status: 200, type: "application/json", body: { text: '{"a":1}' }, ms: 1, backend: "go" },
    ...more,
  });
  const sideOf = (body: (call: number) => string, status = 200): Side & { at: number[] } => {
    const at: number[] = [];
    const started = performance.now();
    return {
      name: "native",
      at,
      send: async (): Promise<Reply> => {
        at.push(performance.now() - started);
        return { status, type: "application/json", body: buffer(body(at.length)), ms: 1 };
      },
    };
  };
  async function* listed(calls: readonly RecordedCall[]): AsyncGenerator<RecordedCall> {
    yield* calls;
  }
  const run = (calls: readonly RecordedCall[], side: Side, more: object = {}) =>
    replay({
      calls: listed(calls),
      side,
      against: "native",
      rate: 1,
      compare: true,
      writes: false,
      signal: new AbortController().signal,
      ...more,
    });

  test("keeps the spacing, scaled by the rate", async () => {
    const side = sideOf(() => '{"a":1}');
    const { routes } = await run(
      [0, 100, 200].map((at) => callOf(at)),
      side,
      { rate: 2 },
    );
    expect(routes[0]).toMatchObject({ sent: 3, same: 3, different: 0 });
    // Never before its time; how much after is the machine's.
    for (const [call, ms] of [0, 50, 100].entries())
      expect(side.at[call] ?? 0).toBeGreaterThanOrEqual(ms - 5);
  });

  test("tells a difference, what is explained, and what that side says differently by itself", async () => {
    const real = await run(
      [callOf(0)],
      sideOf(() => '{"a":2}'),
    );
    expect(real.routes[0]).toMatchObject({ same: 0, different: 1 });
    const noisy = await run(
      [0, 1, 2].map((at) => callOf(at)),
      sideOf((call) => `{"a":${call + 1}}`),
    );
    expect(noisy.routes[0]).toMatchObject({ noisy: 3, different: 0 });
    const failing = await run([callOf(0)], { name: "x", send: () => Promise.reject(new Error("gone")) });
    expect(failing.routes[0]).toMatchObject({ sent: 1, failed: 1 });
  });

  test("leaves out writes, what was redacted or cut, and calls of another surface, each with its reason", async () => {
    const calls = [
      callOf(0, { reads: false }),
      callOf(0, { request: { ...callOf(0).request, body: { text: "[email]", redacted: ["email"] } } }),
      callOf(0, { request: { ...callOf(0).request, body: { cut: "larger than is held", bytes: 9 } } }),
      callOf(0, { route: "rust:embed.embed" }),
    ];
    const { skipped, routes } = await run(
      calls,
      sideOf(() => "{}"),
      { against: "go" },
    );
    expect(routes).toEqual([]);
    expect([...skipped.keys()]).toEqual([
      "not declared to read: needs --writes",
      "redacted: email",
      "body cut: larger than is held",
      "of another surface than go",
    ]);
    expect(
      (
        await run(
          calls.slice(0, 1),
          sideOf(() => '{"a":1}'),
          { writes: true },
        )
      ).routes[0]?.same,
    ).toBe(1);
  });

  test("a masked reply is compared by what is left of it, and the report says so", async () => {
    const body = { text: '{"a":1,"to":"[email]"}', redacted: ["email"] };
    const calls = [callOf(0, { reply: { ...callOf(0).reply, body } })];
    const same = await run(
      calls,
      sideOf(() => '{"a":1,"to":"bob@example.com"}'),
    );
    expect(same.routes[0]).toMatchObject({ same: 1, masked: 1 });
    const recording = {
      id: "rec-1",
      routes: ["go:*"],
      percent: 100,
      at: "",
      until: "",
      actor: "",
      reason: "",
    };
    const file = {
      recording,
      end: undefined,
      gaps: 1,
      unreadable: 0,
      calls: 1,
      spanMs: 0,
      each: () => listed(calls),
      close: () => Promise.resolve(),
    };
    const facts = { file: "f", against: "native", rate: 1, compare: true, writes: false, now: 0 };
    const report = replayReport(file, same, facts);
    expect(report.verdict).toBe("same");
    const markdown = replayMarkdown(report);
    expect(markdown).toContain("1 replies are compared without what was redacted in them.");
    expect(markdown).toContain("has no end");
    expect(markdown).not.toContain("bob");
  });
});
