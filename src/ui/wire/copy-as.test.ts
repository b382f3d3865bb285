import { expect, test } from "bun:test";
import fc from "fast-check";
import { asCli, asCurl, asTypeScript } from "./copy-as.ts";
import { FILLS } from "./operations.ts";

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
