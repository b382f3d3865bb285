import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES } from "#contracts/services";
import { PLAN, START_ORDER } from "./plan.ts";

test("every service starts once, after those that it needs", () => {
  expect([...START_ORDER].sort()).toEqual([...SERVICE_NAMES].sort());
  for (const [place, name] of START_ORDER.entries()) {
    const started = new Set(START_ORDER.slice(0, place));
    expect(PLAN[name].needs.filter((needed) => !started.has(needed))).toEqual([]);
  }
});

test("ARCHITECTURE.md has the same table", () => {
  const text = readFileSync(join(import.meta.dir, "../../ARCHITECTURE.md"), "utf8");
  const rows = [...text.matchAll(/^\| `(\w+d)`\s*\| ([^|]*?)\s*\|/gm)];
  const told = Object.fromEntries(
    rows.map(([, name = "", needs = ""]) => [name, needs === "nothing" ? [] : needs.split(", ").sort()]),
  );
  const planned = Object.fromEntries(SERVICE_NAMES.map((name) => [name, [...PLAN[name].needs].sort()]));
  expect(told).toEqual(planned);
});

test("deploy.md has a unit for every daemon", () => {
  const text = readFileSync(join(import.meta.dir, "../../docs/operating/deploy.md"), "utf8");
  const enabled = [...text.matchAll(/systemctl enable --now lakehouse@\{([^}]*)\}/g)];
  const units = enabled.flatMap(([, names = ""]) => names.split(","));
  expect(units.sort()).toEqual([...SERVICE_NAMES, "gateway"].sort());
});
