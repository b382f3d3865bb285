import { expect, test } from "bun:test";
import { join } from "node:path";
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

test("a line of another process's log is written in this one's format, and anything else as an error", () => {
  const daemon = collect(false);
  daemon.log.with({ service: "queryd" }).info("ready", { engines: 2 });
  const line = (daemon.lines[0] ?? "").trimEnd();
  const json = collect(false, "warn");
  json.log.relay(line);
  expect(json.lines).toEqual(daemon.lines);
  const readable = collect(true);
  for (const text of [line, "panic: no memory", '{"level":"odd"}', "{"]) readable.log.relay(text);
  expect(readable.lines.map((text) => text.slice("00:00:00.000 ".length))).toEqual([
    "info  ready service=queryd engines=2\n",
    "error panic: no memory\n",
    'error {"level":"odd"}\n',
    "error {\n",
  ]);
  expect(readable.lines[0]?.slice(0, 12)).toBe((JSON.parse(line) as { at: string }).at.slice(11, 23));
});

test.each(["throw new Error('lost')", "void Promise.reject(new Error('lost'))"])(
  "%s that nothing catches is one line of the log, and ends the process",
  async (statement) => {
    const script = `
      const { createLog, exitOnUncaught } = await import(${JSON.stringify(join(import.meta.dir, "log.ts"))});
      exitOnUncaught(createLog({ level: "warn", readable: false }));
      setTimeout(() => { ${statement}; }, 1);
      setTimeout(() => process.exit(0), 5000);`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "ignore", stderr: "pipe" });
    const lines = (await new Response(child.stderr).text()).trimEnd().split("\n");
    expect(await child.exited).toBe(1);
    expect(lines).toHaveLength(1);
    const entry = JSON.parse(lines[0] ?? "") as Record<string, string>;
    expect([entry["level"], entry["message"]]).toEqual(["error", "uncaught"]);
    expect(entry["error"]).toContain("lost");
  },
);
