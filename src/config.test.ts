import { describe, expect, test } from "bun:test";
import { isAbsolute } from "node:path";
import { ConfigProblems, daemonEnvironment, OPTIONS, readSettings, unknownVariables } from "./config.ts";

function problemsOf(flags: Record<string, unknown>): readonly string[] {
  try {
    readSettings(flags);
  } catch (error) {
    if (error instanceof ConfigProblems) return error.problems;
    throw error;
  }
  return [];
}

describe("settings", () => {
  test("have defaults, which flags override, and say where each comes from", () => {
    const { settings, sources } = readSettings({ port: "4000", apart: true });
    expect([settings.port, settings.apart, settings.host]).toEqual([4000, true, "127.0.0.1"]);
    expect([sources.port, sources.host]).toEqual(["flag", "default"]);
    expect(isAbsolute(settings.data)).toBe(true);
    expect(Object.isFrozen(settings)).toBe(true);
  });

  test("all problems are told together, by the name the user gave", () => {
    const problems = problemsOf({ port: "99999", log: "loud", sql_workers: 0 });
    expect(problems).toHaveLength(3);
    expect(problems.join("\n")).toMatch(/--port=99999[\s\S]*--log=loud[\s\S]*--sql-workers=0/);
  });

  test("a daemon reads from its environment what its house was told", () => {
    const { settings } = readSettings({
      port: 0,
      apart: true,
      allow_hosts: "a.example, b.example",
      embed_cache_mib: 12,
    });
    const environment = daemonEnvironment(settings);
    for (const [name, { env }] of Object.entries(OPTIONS)) {
      if (environment[env] === undefined) continue;
      const again = OPTIONS[name as keyof typeof OPTIONS].schema.parse(environment[env]) as unknown;
      expect(again, name).toEqual(settings[name as keyof typeof settings]);
    }
    expect(environment["LAKEHOUSE_EMBED_CACHE_MIB"]).toBe("12");
  });
});

test("a variable that is no setting is named, with the setting that is meant", () => {
  const environment = {
    LAKEHOUSE_DATA: "/data",
    LAKEHOUSE_DATA_DIR: "/data",
    LAKEHOUSE_PROT: "1",
    LAKEHOUSE_TEST_ANYTHING: "1",
  };
  expect(unknownVariables(environment)).toEqual([
    "LAKEHOUSE_DATA_DIR is not a setting and has no effect. Did you mean LAKEHOUSE_DATA?",
    "LAKEHOUSE_PROT is not a setting and has no effect. Did you mean LAKEHOUSE_PORT?",
  ]);
});
