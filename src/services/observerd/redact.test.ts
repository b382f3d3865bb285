import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { redactData, redactText } from "./redact.ts";

const digits = (many: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: many, maxLength: many }).map((list) => list.join(""));
const area = fc.tuple(fc.integer({ min: 2, max: 9 }), digits(2)).map(([first, rest]) => `${first}${rest}`);
const word = fc.stringMatching(/^[a-z][a-z0-9]{2,9}$/);

/** Each kind in the forms in which it is written. */
const SECRETS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  phone: fc
    .tuple(
      area,
      area,
      digits(4),
      fc.constantFrom("555ABC", "(A) B-C", "A-B-C", "A.B.C", "+1 A B C", "+1ABC", "1-A-B-C", "ABC", "A B C"),
    )
    .map(([a, b, c, form]) => form.replace("A", a).replace("B", b).replace("C", c)),
  email: fc
    .tuple(word, word, word, fc.constantFrom("A@B.com", "A.B@C.co.uk", "A+x@B.org", "A_1@B-C.net"))
    .map(([a, b, c, form]) => form.replace("A", a).replace("B", b).replace("C", c)),
  ssn: fc
    .tuple(digits(3), digits(2), digits(4), fc.constantFrom("-", " ", "."))
    .map(([a, b, c, between]) => [a, b, c].join(between)),
  card: fc
    .tuple(digits(4), digits(4), digits(4), digits(4), fc.constantFrom("-", " "), fc.boolean())
    .map(([a, b, c, d, between, isLong]) =>
      (isLong ? [a, b, c, d] : [a, `${b}${c.slice(2)}`, `${d}1`]).join(between),
    ),
  key: fc
    .tuple(
      fc.constantFrom("sk-", "sk_", "lk_", "ghp_", "pk-lf-", "AKIA"),
      fc.stringMatching(/^[A-Za-z0-9]{16,40}$/),
    )
    .map(([prefix, rest]) => prefix + rest),
  bearer: fc.stringMatching(/^[A-Za-z0-9]{20,40}$/).map((token) => `Bearer ${token}`),
};

describe("redaction", () => {
  test.each(Object.keys(SECRETS))("finds a %s anywhere in a text", (kind) => {
    const around = fc.tuple(
      fc.constantFrom("", "call ", "Ann: ", "(", "tel:", "\n", "ü "),
      fc.constantFrom("", ".", ", please", ")", "\n", " or"),
    );
    fc.assert(
      fc.property(SECRETS[kind] ?? fc.constant(""), around, (secret, [before, after]) => {
        const bare = secret.replace("Bearer ", "");
        expect(redactText(before + secret + after)).not.toContain(bare);
        expect(JSON.stringify(redactData({ note: { deep: [before + secret + after] } }, true))).not.toContain(
          bare,
        );
      }),
      { numRuns: 300 },
    );
  });

  test("leaves what is none of these", () => {
    for (const text of [
      "2026-11-21T12:00:01.000Z",
      "53-7051",
      "pay 18.50 for 12 hours",
      "worker w-001234 in 62701-1234",
      "order 20261121",
      "rows 1000 2000 3000, shifts 06 14 2026, 12.5.2026",
      "route /v1/matrix/search took 12.5 ms",
      "0af7651916cd43dd8448eb211c80319c",
    ]) {
      expect(redactText(text)).toBe(text);
    }
    const ids = {
      trace_id: "02175550134021755501340217555013",
      request_id: "2175550134-zzzzzz".slice(2),
      n: 2,
    };
    expect(redactData(ids, false)).toEqual(ids);
    const counts = { input_tokens: 12, output_tokens: 3_000_000, token: 1, has_phone: true };
    expect(redactData(counts, false)).toEqual(counts);
  });

  test("reads JSON within a text: arguments of tools, bodies of requests", () => {
    const inner = JSON.stringify({ prompt: "who is free", clientSecret: "hunter2", n: 1 });
    expect(redactData({ sent: inner }, false)).toEqual({ sent: '{"clientSecret":"[redacted]","n":1}' });
    expect(redactData({ sent: inner }, true)).toEqual({
      sent: '{"prompt":"who is free","clientSecret":"[redacted]","n":1}',
    });
    const deep = "[".repeat(4000) + "]".repeat(4000);
    expect(JSON.stringify(redactData({ deep }, false)).length).toBeLessThan(9000);
  });

  test("leaves content out, and keeps it redacted where it is to be kept", () => {
    const data = { prompt: "mail ann@example.com", nested: { messages: [{ content: "hi" }], n: 1 } };
    expect(redactData(data, false)).toEqual({ nested: { n: 1 } });
    expect(redactData(data, true)).toEqual({
      prompt: "mail [email]",
      nested: { messages: [{ content: "hi" }], n: 1 },
    });
  });

  test("takes time in proportion to the text, whatever is in it", () => {
    // The best of five: a machine that does other things stops this process for longer than a round takes.
    const took = (text: string): number => {
      const rounds = Array.from({ length: 5 }, () => {
        const started = performance.now();
        redactText(text);
        return performance.now() - started;
      });
      return Math.min(...rounds);
    };
    for (const piece of [
      "a",
      "a@",
      "1",
      "1-",
      "+1 ",
      "(217) ",
      "Bearer ",
      "eyJaaaaaaaa.",
      "sk-",
      "a.b@c.d",
    ]) {
      took(piece.repeat(10));
      expect([piece, took(piece.repeat(8192 / piece.length)) < 100]).toEqual([piece, true]);
    }
  });
});
