import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROLES, roleNamed } from "./roles.ts";

const DATA = join(import.meta.dir, "../../../shared/data");
const hasData = existsSync(join(DATA, "occupations.csv")) && existsSync(join(DATA, "role_titles_dev.csv"));

/** Enough of RFC 4180 for these files: quoted fields, no line breaks inside. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'),
  );
}

async function rowsOf(file: string): Promise<Map<string, string>[]> {
  const [head = "", ...lines] = (await Bun.file(join(DATA, file)).text()).split(/\r?\n/);
  const names = fieldsOf(head);
  return lines
    .filter((line) => line !== "")
    .map((line) => new Map(fieldsOf(line).map((value, index) => [names[index] ?? "", value])));
}

describe("the table", () => {
  const names = new Set(ROLES.map((role) => role.name));

  test("holds about 150 roles or more, in all families", () => {
    expect(ROLES.length).toBeGreaterThanOrEqual(150);
    expect(new Set(ROLES.map((role) => role.family)).size).toBe(18);
  });

  test("gives every title to exactly one role", () => {
    const owners = new Map<string, string[]>();
    for (const role of ROLES) {
      for (const title of [role.name.toLowerCase(), ...role.aliases]) {
        owners.set(title, [...(owners.get(title) ?? []), role.name]);
      }
    }
    expect([...owners].filter(([, roles]) => roles.length > 1)).toEqual([]);
  });

  test.each(ROLES)("$name is well formed", (role) => {
    expect(role.name).toMatch(/^[A-Z][A-Za-z/-]*( ([A-Z][A-Za-z/-]*|and))*$/);
    expect(role.soc).toMatch(/^\d\d-\d{4}$/);
    expect(role.aliases.length).toBeGreaterThanOrEqual(3);
    expect(role.aliases.length).toBeLessThanOrEqual(10);
    expect(
      role.aliases.filter((alias) => alias !== alias.toLowerCase().trim() || /[;,]/.test(alias)),
    ).toEqual([]);
    expect(role.adjacent.filter((name) => !names.has(name) || name === role.name)).toEqual([]);
    expect(role.adjacent.length).toBeGreaterThan(0);
    expect(new Set(role.adjacent).size).toBe(role.adjacent.length);
    // The sample writes certifications as "Name (exp 2027-03-01); Name (exp ...)".
    expect(role.certifications.filter((name) => name.trim() !== name || /[();]/.test(name))).toEqual([]);
    expect(role.pay[0]).toBeGreaterThan(10);
    expect(role.pay[1]).toBeGreaterThan(role.pay[0]);
  });

  test("keeps forklifts and machine tools apart, in both directions", () => {
    expect(roleNamed("Forklift Operator")?.adjacent).not.toContain("CNC Machinist");
    expect(roleNamed("CNC Machinist")?.adjacent).not.toContain("Forklift Operator");
  });
});

describe("roleNamed", () => {
  test.each([
    ["Forklift Operator", "Forklift Operator", "53-7051"],
    ["  REACH  truck Operator ", "Forklift Operator", "53-7051"],
    ["CNA", "Certified Nursing Assistant", "31-1131"],
    ["room attendant", "Housekeeper", "37-2012"],
    ["landscaper", "Landscape Laborer", "37-3011"],
    ["cook", "Line Cook", "35-2014"],
    ["cnc operator", "CNC Machinist", "51-9161"],
    ["crab picker", "Seafood Processor", "51-3022"],
  ])("%p is %s", (title, name, soc) => {
    expect(roleNamed(title)).toMatchObject({ name, soc });
  });

  test.each(["", "laborer", "forklift operators", "astronaut", "__proto__"])("%p is no role", (title) => {
    expect(roleNamed(title)).toBeUndefined();
  });
});

// Public occupation files that stand beside the checkout of some machines and are never part of the project.
describe.skipIf(!hasData)("against public files (skipped when they do not stand beside the checkout)", () => {
  test("every code is an occupation", async () => {
    const codes = new Set((await rowsOf("occupations.csv")).map((row) => row.get("code")?.slice(0, 7)));
    expect(codes.size).toBeGreaterThan(800);
    expect(ROLES.filter((role) => !codes.has(role.soc)).map((role) => `${role.name} ${role.soc}`)).toEqual(
      [],
    );
  });

  test("knows what employers call these jobs", async () => {
    let total = 0;
    let known = 0;
    for (const row of await rowsOf("role_titles_dev.csv")) {
      if (row.get("dictionary_status") !== "unique") continue;
      const orders = Number(row.get("orders"));
      const title = (row.get("title") ?? "").toLowerCase();
      const role = roleNamed(title) ?? roleNamed(title.replace(/s$/, ""));
      total += orders;
      if (role?.soc === row.get("soc2019_code")) known += orders;
    }
    process.stdout.write(
      `titles of ${known} of ${total} orders are known: ${((100 * known) / total).toFixed(1)} %\n`,
    );
    expect(total).toBeGreaterThan(10_000);
    expect(known / total).toBeGreaterThanOrEqual(0.85);
  });
});
