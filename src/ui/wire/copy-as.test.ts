import { expect, test } from "bun:test";
import fc from "fast-check";
import { asCli, asCurl, asTypeScript } from "./copy-as.ts";
import { FILLS, JOURNAL_STREAMS, TRUTH } from "./operations.ts";

const BASE = "http://127.0.0.1:3110";
const sent = (operation: keyof typeof FILLS, input: Record<string, unknown>) => ({
  operation: FILLS[operation],
  input,
  at: 0,
});

test("a read is a plain URL, a write carries its fields where the contract wants them", () => {
  expect(asCurl(sent("shortlist", { fill_id: "f-1", k: 5 }), BASE, false)).toBe(
    "curl 'http://127.0.0.1:3110/v1/fills/f-1/shortlist?k=5'",
  );
  const propose = sent("propose", { fill_id: "f-1", version: 2, worker_ids: ["w-1", "w 2"] });
  expect(asCurl(propose, BASE, true)).toBe(
    `curl -X POST -H "Authorization: Bearer $LAKEHOUSE_KEY" -H 'Content-Type: application/json' -d '{"version":2,"worker_ids":["w-1","w 2"]}' http://127.0.0.1:3110/v1/fills/f-1/propose`,
  );
  expect(asTypeScript(propose, BASE, false)).toContain('method: "POST"');
});

test("a command has the fields that it takes, and no flag without a value", () => {
  expect(asCli(sent("propose", { fill_id: "f-1", version: 2, auto: true }))).toBe(
    "lakehouse fill propose f-1 --auto",
  );
  expect(asCli(sent("propose", { fill_id: "f-1", version: 2, worker_ids: ["w-1", "w 2"] }))).toBe(
    "lakehouse fill propose f-1 w-1 'w 2'",
  );
  expect(asCli(sent("open", { order_text: "2 cooks" }))).toBe("lakehouse fill open '2 cooks'");
  expect(asCli(sent("open", { order_text: "2 cooks", order: { client_id: "it's" } }))).toBe(
    `lakehouse fill open '2 cooks' --set '{"client_id":"it'\\''s"}'`,
  );
});

test("a command follows what the request holds, and an entity keeps the slashes of its name", () => {
  const decide = (value: unknown) =>
    asCli({
      operation: TRUTH.decide,
      input: { entity: "w:1", attribute: "pay", value, actor: "Ann", reason: "Called" },
      at: 0,
    });
  expect(decide("(217) 555")).toBe("lakehouse truth decide w:1 pay '(217) 555' --actor Ann --reason Called");
  expect(decide(21)).toBe("lakehouse truth decide w:1 pay 21 --number --actor Ann --reason Called");
  expect(decide(null)).toBe("lakehouse truth decide w:1 pay --none --actor Ann --reason Called");
  expect(
    asCli({
      operation: TRUTH.putRule,
      input: { attribute: "pay", sources: ["Ann B", "crm"], majority: true },
      at: 0,
    }),
  ).toBe("lakehouse truth rules pay --sources 'Ann B,crm' --majority");
  expect(asCli({ operation: JOURNAL_STREAMS.tail, input: { subject: "f-1" }, at: 0 })).toBe(
    "lakehouse journal tail --subject f-1",
  );
  expect(asCurl({ operation: TRUTH.entity, input: { entity: "worker:a b/c" }, at: 0 }, BASE, false)).toBe(
    "curl 'http://127.0.0.1:3110/v1/truth/entities/worker%3Aa%20b/c'",
  );
});

test("what is copied is one shell word for each value, whatever it holds", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !text.includes("\0")),
      (text) => {
        const { stdout } = Bun.spawnSync([
          "sh",
          "-c",
          `set -- ${asCli(sent("open", { order_text: text }))}; printf %s "$4"`,
        ]);
        expect(stdout.toString()).toBe(text);
      },
    ),
    { numRuns: 25 },
  );
});
