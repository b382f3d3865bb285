import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ChatReply } from "#contracts/chat";
import { messagesOf, type Turn, turnsIn, written } from "./conversation.ts";
import { readableDraft, runOf } from "./drafts.ts";
import { overTime, SPANS, type Span, type UsageRow, usageRows } from "./usage.ts";

const NOW = Date.UTC(2026, 10, 30, 17, 20);

describe("usage over time", () => {
  const row = (since: string, model: string, calls: number): UsageRow =>
    ({
      ...usageRows([{ since, model, calls }])[0],
    }) as UsageRow;

  test("has a step for every hour, day or month, and loses no call of the span", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Span>("day", "month", "year"),
        fc.array(fc.tuple(fc.nat(20), fc.integer({ min: 0, max: 8 }), fc.nat(1000)), { maxLength: 40 }),
        (span, rows) => {
          const { x } = overTime([], "calls", span, NOW);
          expect(x).toHaveLength(SPANS[span].count + 1);
          const used = rows.map(([back, model, calls]) =>
            row(
              new Date((x[x.length - 1 - (back % x.length)] ?? 0) * 1000).toISOString(),
              `m-${model}`,
              calls,
            ),
          );
          const { series } = overTime(used, "calls", span, NOW);
          expect(series.length).toBeLessThanOrEqual(5);
          const shown = series.flatMap(({ values }) => values).reduce((sum, value) => sum + value, 0);
          expect(shown).toBe(rows.reduce((sum, [, , calls]) => sum + calls, 0));
        },
      ),
    );
  });

  test("takes counts that come as text, and a model that was not named", () => {
    expect(
      usageRows([{ since: "x", model: null, calls: "9007199254740993", p99_ms: null }])[0],
    ).toMatchObject({
      model: "not named",
      calls: 9007199254740992,
      failed: 0,
      p99_ms: null,
    });
  });
});

describe("a conversation", () => {
  const reply = {
    message: { role: "assistant", content: "Hi." },
    provider: "p",
    model: "m",
  } as unknown as ChatReply;

  test("is written by its events, and the whole reply takes the place of its pieces", () => {
    let turn: Turn = { role: "assistant", content: "" };
    turn = written(turn, { event: "delta", reasoning: "Hm" });
    turn = written(turn, { event: "delta", content: "H" });
    expect(turn).toEqual({ role: "assistant", content: "H", reasoning: "Hm" });
    expect(written(turn, { event: "done", ...reply })).toMatchObject({
      content: "Hi.",
      reply: { model: "m" },
    });
  });

  test("sends whole turns alone: a reply that broke off goes, and its question with it", () => {
    const turns: Turn[] = [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
      { role: "user", content: "c" },
      { role: "assistant", content: "d", cutOff: true },
      { role: "user", content: "c" },
    ];
    expect(messagesOf(" ", turns).map(({ content }) => content)).toEqual(["a", "b", "c"]);
    expect(messagesOf("Be brief", []).map(({ role }) => role)).toEqual(["system"]);
  });

  test("that was kept is read again, and what is no conversation is none", () => {
    const turns: Turn[] = [{ role: "user", content: "a" }];
    expect(turnsIn(JSON.stringify(turns))).toEqual(turns);
    expect([turnsIn(""), turnsIn("{"), turnsIn("3")]).toEqual([[], [], []]);
  });
});

test("a run has an attempt for each draft with its reasons, whatever is missing in the event", () => {
  const event = { seq: 1, id: "i", type: "draft.iterated", subject: "f", at: "", prev_hash: "", hash: "" };
  const run = runOf({
    ...event,
    data: {
      ok: true,
      iterations: 2,
      teacher: { provider: "p", model: "m" },
      usage: { input_tokens: 3, output_tokens: 4 },
      preference: {
        prompt: "p",
        chosen: '{"a":1}',
        rejected: [{ status: "no_json", draft: "x", reasons: [{ code: "c", message: "why" }] }],
      },
    },
  });
  expect(run.attempts.map(({ number, passed, model }) => [number, passed, model])).toEqual([
    [1, false, undefined],
    [2, true, "p/m"],
  ]);
  expect(run.tokens).toBe(7);
  expect(readableDraft(run.attempts[1]?.draft ?? "")).toBe('{\n  "a": 1\n}');
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("preference", "usage", "models", "teacher", "kind"), fc.jsonValue()),
      (data) => {
        expect(runOf({ ...event, data }).attempts.every(({ number }) => number > 0)).toBe(true);
      },
    ),
  );
});
