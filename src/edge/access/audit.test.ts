import { describe, expect, test } from "bun:test";
import { createLog } from "#lib/log";
import { createAudit, type Reply } from "./audit.ts";

const reply: Reply = {
  route: "queryd.sql",
  method: "POST",
  status: 200,
  caller: "dashboard",
  requestId: "r-1",
  tookMs: 1.2345,
  refused: undefined,
};
const denied: Reply = { ...reply, status: 403, refused: "scope" };
const unknown: Reply = { ...reply, status: 401, caller: undefined, refused: "unknown_key" };

function audited(accessLog: "off" | "refused" | "all"): Record<string, unknown>[] {
  const lines: string[] = [];
  const log = createLog({ level: "info", readable: false, write: (line) => void lines.push(line) });
  const audit = createAudit(accessLog, log);
  for (const one of [reply, denied, unknown, denied]) audit.record(one);
  expect(audit.refusals()).toEqual([
    { reason: "scope", caller: "dashboard", count: 2 },
    { reason: "unknown_key", caller: "anonymous", count: 1 },
  ]);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("calls are counted by reason and caller, and logged", () => {
  test("not at all, unless they are asked for", () => {
    expect(audited("off")).toEqual([]);
  });

  test("where they are refused, with who asked for what and nothing that was sent", () => {
    const [first, second] = audited("refused");
    expect(first).toMatchObject({
      message: "call refused",
      level: "info",
      route: "queryd.sql",
      method: "POST",
      status: 403,
      caller: "dashboard",
      reason: "scope",
      request_id: "r-1",
      took_ms: 1.23,
    });
    expect(second).toMatchObject({ caller: "anonymous", reason: "unknown_key" });
  });

  test("all of them", () => {
    expect(audited("all").map(({ message }) => message)).toEqual([
      "call",
      "call refused",
      "call refused",
      "call refused",
    ]);
  });
});
