import { expect, test } from "bun:test";
import { createLog } from "./log.ts";

const collect = (readable: boolean, level: "debug" | "warn" = "debug") => {
  const lines: string[] = [];
  return { lines, log: createLog({ level, readable, write: (line) => void lines.push(line) }) };
};

test("one JSON object a line, with the fields of the log and of the call", () => {
  const { lines, log } = collect(false);
  log.with({ service: "x" }).warn("went wrong", { count: 3, error: new Error("why") });
  const line = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  expect(line).toMatchObject({ level: "warn", message: "went wrong", service: "x", count: 3 });
  expect(String(line["error"])).toContain("Error: why");
  expect(lines[0]?.endsWith("\n")).toBe(true);
});

test("an error over text that could not be parsed does not quote the text", () => {
  const { lines, log } = collect(false);
  for (const text of ['{"key": sk_4711}', "[ann@secret.example]", '{"phone": +1555}']) {
    try {
      JSON.parse(text);
    } catch (error) {
      log.error("bug", { error });
    }
  }
  expect(lines).toHaveLength(3);
  expect(lines.join("")).toContain("SyntaxError: what was read is malformed");
  expect(lines.join("")).toContain("log.test.ts");
  expect(lines.join("")).not.toMatch(/sk_4711|secret|1555/);
});

test("what is below the level is not written", () => {
  const { lines, log } = collect(true, "warn");
  log.debug("no");
  log.info("no");
  log.error("yes", { code: "x" });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/ error yes code=x\n$/);
});
