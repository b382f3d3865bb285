import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import { toFault } from "#rpc/fault";
import { KnownTitles } from "./known-titles.ts";

const MOWING = "37-3011";
const LEADING = "37-1012";
const log = createLog({ level: "error", readable: true, write: () => undefined });
const folders: string[] = [];
const opened: KnownTitles[] = [];

function folder(): string {
  folders.push(mkdtempSync(join(tmpdir(), "titles-")));
  return folders.at(-1) ?? "";
}

async function open(at: string): Promise<KnownTitles> {
  const clock = { now: () => Date.parse("2026-11-21T12:00:00Z") };
  const titles = new KnownTitles({ folder: at, clock, log, failures: new BackgroundFailures(log) });
  opened.push(titles);
  await titles.loaded();
  return titles;
}

const list = (...titles: [title: string, soc: string, count: number][]) => ({
  titles: titles.map(([title, soc, count]) => ({ title, soc, count })),
  occupations: [{ soc: "19-1234", title: "Wizards of Soil" }],
});

/** The code of the fault that work fails with. */
async function faultOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => toFault(error).code,
  );
}

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});

describe("titles that are learnt", () => {
  test("count at once, and after a restart as before", async () => {
    const at = folder();
    const titles = await open(at);
    expect(titles.exact("mow crew lead")).toBeUndefined();
    await titles.learn("learnt", list(["Mow Crew Leads", LEADING, 1]), false);
    expect(titles.exact("mow crew lead")).toEqual([[LEADING, 1]]);
    expect(titles.nameOf("19-1234")).toBe("Wizards of Soil");
    await titles.close();
    const again = await open(at);
    expect([again.exact("mow crew lead"), again.version, again.size]).toEqual([[[LEADING, 1]], 1, 1]);
    expect(again.nameOf("19-1234")).toBe("Wizards of Soil");
  });

  test("vote for titles that are only near, once a list is learnt", async () => {
    const titles = await open(folder());
    await titles.learn("list", list(["blorpt wrangler", MOWING, 50], ["blorpt handler", MOWING, 9]), true);
    const { shares, exact } = titles.vote("senior blorpt wrangler");
    expect([shares[0]?.soc, exact]).toEqual([MOWING, undefined]);
  });

  test("take a new count instead of the old one; the same again changes nothing", async () => {
    const titles = await open(folder());
    await titles.learn("learnt", list(["yard lead", LEADING, 2]), false);
    expect(await titles.learn("learnt", list(["yard lead", LEADING, 2]), false)).toMatchObject({ learnt: 0 });
    await titles.learn("learnt", list(["yard lead", LEADING, 7], ["yard lead", MOWING, 1]), false);
    expect(titles.exact("Yard Lead")).toEqual([
      [LEADING, 7],
      [MOWING, 1],
    ]);
  });

  test("are replaced as a whole, and forgotten as a whole, also on disk", async () => {
    const at = folder();
    const titles = await open(at);
    await titles.learn("a", list(["one title", MOWING, 1], ["shared title", MOWING, 1]), true);
    await titles.learn("b", list(["shared title", LEADING, 1]), true);
    await titles.learn("a", list(["other title", MOWING, 1]), true);
    await titles.forget("b");
    for (const seen of [titles, await (await titles.close(), open(at))]) {
      expect([seen.exact("one title"), seen.exact("shared title")]).toEqual([undefined, undefined]);
      expect(seen.sources().map(({ source, titles: count }) => [source, count])).toEqual([["a", 1]]);
      expect(seen.version).toBe(4);
    }
    expect(await faultOf((opened.at(-1) as KnownTitles).forget("b"))).toBe("not_found");
  });

  test("changes that come at once are made one after the other", async () => {
    const titles = await open(folder());
    const changes = Array.from({ length: 20 }, (_, at) =>
      titles.learn("learnt", list([`title number ${at}`, MOWING, 1]), false),
    );
    await Promise.all(changes);
    expect([titles.size, titles.version]).toEqual([20, 20]);
  });

  test("the shipped titles are those of the roles, without a file", async () => {
    const titles = await open(folder());
    expect(titles.exact("forklift drivers")?.[0]?.[0]).toBe("53-7051");
    expect([titles.size, titles.version, titles.sources()]).toEqual([0, 0, []]);
  });
});

describe("damage", () => {
  test("a folder that cannot be looked into is told, and is not taken for one without titles", async () => {
    const at = join(folder(), "file");
    writeFileSync(at, "");
    const titles = await open(at);
    expect(titles.damage?.code).toBe("internal");
    expect(await faultOf(titles.learn("list", list(["x y", MOWING, 1]), false))).toBe("internal");
  });

  test("of the file, or its loss, is told and stays until it is reset; what ships still reads", async () => {
    for (const harm of ["altered", "lost"]) {
      const at = folder();
      const titles = await open(at);
      await titles.learn("list", list(["mow crew lead", LEADING, 1], ["yard hand", MOWING, 3]), true);
      await titles.close();
      const file = join(at, "titles.sqlite");
      if (harm === "lost") for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
      else {
        rmSync(`${file}-wal`, { force: true });
        const bytes = readFileSync(file);
        bytes.fill(0x5a, 100, Math.min(bytes.length, 3000));
        writeFileSync(file, bytes);
      }
      const again = await open(at);
      expect([harm, again.damage?.code]).toEqual([harm, "internal"]);
      expect(again.exact("forklift driver")?.[0]?.[0]).toBe("53-7051");
      expect(await faultOf(again.learn("list", list(["x y", MOWING, 1]), false))).toBe("internal");
      await again.reset();
      expect(again.damage).toBeUndefined();
      await again.learn("list", list(["x y", MOWING, 1]), false);
      expect(again.exact("x y")).toEqual([[MOWING, 1]]);
      await again.close();
      expect((await open(at)).exact("x y")).toEqual([[MOWING, 1]]);
    }
  });

  test("is needed for a reset", async () => {
    const titles = await open(folder());
    expect(await faultOf(titles.reset())).toBe("conflict");
  });
});
