// Every command that sends requests, against a running house, in both topologies. What reads standard input, and what starts
// or stops the house, is a process of its own.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workbookBytes } from "#services/ingestd/xlsx/workbook.testing";
import { keepProcess, type KeptProcess } from "./kept-process.testing.ts";
import { type Ended, run, start } from "./spawned.testing.ts";

const START_MS_MAX = 240_000;

const WORKERS = [
  "worker_id,name,role,city,state,lat,lon,pay",
  "w-1,Ann Lee,Welder,Cleveland,OH,41.50,-81.69,24.5",
  "w-2,Bo Ray,Line Cook,Denver,CO,39.74,-104.99,19",
  "w-3,Cy Dee,Welder,Akron,OH,41.08,-81.52,22",
  "",
].join("\n");

describe.each([["together"], ["apart"]])("a house %s", (topology) => {
  let folder = "";
  let house: ReturnType<typeof start> | undefined;
  let workers = "";
  let commands: KeptProcess;
  const here = (words: readonly string[]): string[] => [...words, "--data", join(folder, "data")];
  const lakehouse = (words: readonly string[]): Promise<Ended> => commands.run(here(words));
  const withInput = (words: readonly string[], stdin: string): Promise<Ended> => run(here(words), { stdin });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "lakehouse-client-"));
    workers = join(folder, "workers.csv");
    await writeFile(workers, WORKERS);
    commands = keepProcess();
    house = start([
      "up",
      "--port",
      "0",
      "--data",
      join(folder, "data"),
      ...(topology === "apart" ? ["--apart"] : []),
    ]);
    // `up` prints its address once the house is ready.
    await house.stdout.getReader().read();
  }, START_MS_MAX);

  afterAll(async () => {
    house?.kill("SIGTERM");
    await house?.exited;
    await commands.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("status shows that every service is ok", async () => {
    const { exitCode, out } = await lakehouse(["status"]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ status: "ok", topology });
    const table = await lakehouse(["status", "-o", "table"]);
    expect(table.out).toMatch(/^part +status/);
    expect(table.out).toMatch(/^matrixd +ok/m);
  });

  test("health lists queues and caches, and keys the keys that there are", async () => {
    const { out } = await lakehouse(["health"]);
    const lines = JSON.parse(out) as Record<string, unknown>[];
    expect(lines).toContainEqual({
      service: "queryd",
      kind: "queue",
      of: "statements",
      used: 0,
      limit: 512,
      running: 0,
      at_once: expect.any(Number),
      hit_rate: null,
    });
    expect((await lakehouse(["health", "-o", "table"])).out).toMatch(/^embedd +cache +vectors of texts/m);
    expect(JSON.parse((await lakehouse(["keys"])).out)).toEqual([]);
  });

  test("open prints the address of the console, or of a fill in it", async () => {
    const url = (JSON.parse((await lakehouse(["open"])).out) as { url: string }).url;
    expect((await fetch(url)).headers.get("content-type")).toContain("text/html");
    const { out } = await lakehouse(["open", "f-7k3m9q2x", "-o", "table"]);
    expect(out.trim()).toBe(`${url}ui/fills/f-7k3m9q2x`);
  });

  test("the README's file loads as it says, and datasets are shown, renamed in, tagged, rolled back and dropped", async () => {
    const people = join(import.meta.dir, "../../docs/examples/people.csv");
    const loaded = JSON.parse((await lakehouse(["ingest", people, "--dataset", "people"])).out) as object;
    expect(loaded).toMatchObject({ rows_in: 6, rows_loaded: 5, rows_quarantined: 1 });
    const { snapshot_id: first } = loaded as { snapshot_id: number };
    const nulls = await lakehouse([
      "sql",
      "SELECT NULL AS nothing, '' AS empty FROM people LIMIT 1",
      "-o",
      "table",
    ]);
    expect(nulls.out).toMatch(/^ *NULL$/m);
    expect((await lakehouse(["datasets", "people", "-o", "table"])).out).toMatch(
      /^ *\d+ +worker_id +VARCHAR/m,
    );
    expect((await lakehouse(["datasets", "poeple"])).err).toContain("Did you mean people?");
    expect((await lakehouse(["datasets", "drpo", "people"])).err).toContain(
      "Did you mean lakehouse datasets drop?",
    );
    const renamed = await lakehouse(["datasets", "rename", "people", "available", "available_on"]);
    expect(JSON.parse(renamed.out)).toMatchObject({ name: "people" });
    expect((await lakehouse(["datasets", "tag", "people", "first"])).exitCode).toBe(0);
    const more = join(folder, "more.csv");
    await writeFile(
      more,
      "worker_id,name,role,city,state,pay,available_on\nw7,Gus Ito,Line Cook,Denver,CO,18.50,2026-11-28\n",
    );
    expect((await lakehouse(["ingest", more, "--dataset", "people"])).exitCode).toBe(0);
    const row = '{"worker_id":"w8","name":"Hal Orr","pay":21.5}\n';
    const append = ["datasets", "append", "people", "--idempotency-key", "w8"];
    for (const replayed of [false, true]) {
      const appended = await withInput(append, row);
      expect(JSON.parse(appended.out)).toMatchObject({ rows: 1, replayed });
    }
    const unfit = await withInput(append.slice(0, 3), '{"worker":"w9"}');
    expect([unfit.exitCode, unfit.err]).toEqual([3, expect.stringContaining("worker_id")]);
    const maintained = await lakehouse(["datasets", "maintain", "people", "--dry-run", "--keep-days", "7"]);
    expect(JSON.parse(maintained.out)).toMatchObject({ dry_run: true, expired: { snapshots: 0 } });
    expect((await lakehouse(["datasets", "rollback", "people", "monday"])).exitCode).toBe(2);
    const back = await lakehouse(["datasets", "rollback", "people", String(first), "-o", "table"]);
    expect(back.err).toContain(`people is at snapshot ${first}: 5 rows.`);
    expect((await lakehouse(["datasets", "drop", "people", "--purge"])).err).toContain("--yes");
    expect((await lakehouse(["datasets", "drop", "people", "--purge", "--yes"])).exitCode).toBe(0);
    expect((await lakehouse(["datasets", "people"])).exitCode).toBe(4);
  });

  test("a workbook is loaded by its sheet, and rows are replaced by key; messages name flags", async () => {
    const sheet = (name: string, pay: number) => ({
      name,
      rows: [
        ["id", "pay"],
        [1, pay],
        [2, pay + 1],
      ],
    });
    const book = join(folder, "pay.xlsx");
    await writeFile(book, workbookBytes({ sheets: [sheet("East", 10), sheet("West", 20)] }));
    const several = await lakehouse(["ingest", book, "-d", "pay"]);
    expect([several.exitCode, several.err]).toEqual([2, expect.stringContaining("with --sheet NAME")]);
    expect((await lakehouse(["ingest", book, "-d", "pay", "--sheet", "East"])).exitCode).toBe(0);
    const upsert = ["--mode", "upsert", "--key", "id"];
    const { exitCode, out, err } = await lakehouse(["ingest", book, "-d", "pay", "--sheet", "2", ...upsert]);
    expect(exitCode, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ rows_loaded: 2, rows_replaced: 2, rows_deduped: 0 });
    expect(err).toContain("2 rows of pay were replaced");
    const unknown = await lakehouse(["ingest", workers, "-d", "pay", "--mode", "upsert", "--key", "idd"]);
    expect([unknown.exitCode, unknown.err]).toEqual([
      2,
      expect.stringContaining("--key: the file has no column"),
    ]);
    const rows = await lakehouse(["sql", "SELECT sum(pay)::INT AS pay FROM pay"]);
    expect(JSON.parse(rows.out)).toMatchObject({ rows: [{ pay: 41 }] });
  });

  test("a likely rename is offered by commands that work as they stand", async () => {
    const roster = (first: number, head: string) =>
      `${head}\n${Array.from({ length: 24 }, (_, n) => `${first + n},${["Welder", "Cook", "Nurse"][n % 3]}`).join("\n")}\n`;
    const ingest = ["ingest", "-", "--dataset", "crew"];
    await withInput(ingest, roster(1, "id,role"));
    const later = roster(100, "id,trade");
    const loaded = JSON.parse((await withInput(ingest, later)).out) as { warnings: string[] };
    const [, rollback = "", rename = ""] =
      /run lakehouse (datasets rollback [^,]+), then lakehouse (datasets rename .+ --replace) \(/.exec(
        loaded.warnings.join(),
      ) ?? [];
    expect((await lakehouse(rollback.split(" "))).exitCode).toBe(0);
    expect((await lakehouse(rename.split(" "))).err).toContain("--yes");
    expect((await lakehouse([...rename.split(" "), "--yes"])).exitCode).toBe(0);
    const again = JSON.parse((await withInput(ingest, later)).out) as object;
    expect(again).toMatchObject({ rows_loaded: 24, replayed: false, schema_changes: [], warnings: [] });
    const { out } = await lakehouse([
      "sql",
      "SELECT trade, count(*)::INT AS n FROM crew GROUP BY 1 ORDER BY 1",
    ]);
    expect((JSON.parse(out) as { rows: object[] }).rows).toEqual(
      ["Cook", "Nurse", "Welder"].map((trade) => ({ trade, n: 16 })),
    );
  });

  test("what an agent asked before it closed its end of the pipe is answered", async () => {
    const asked = [
      {
        id: 1,
        method: "initialize",
        params: {
          protocolVersion: "2025-11-25",
          capabilities: {},
          clientInfo: { name: "test", version: "1" },
        },
      },
      { method: "notifications/initialized" },
      { id: 2, method: "tools/list", params: {} },
    ];
    const lines = asked.map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join("");
    const { exitCode, out } = await withInput(["mcp"], lines);
    expect(exitCode).toBe(0);
    const answers = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.find(({ id }) => id === 2)).toMatchObject({ result: { tools: expect.any(Array) } });
    expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([1, 2]));
  });

  test("a house that is not there is told with what to do, by every kind of call", async () => {
    const at = ["--url", "http://127.0.0.1:1"];
    for (const words of [
      ["status"],
      ["sql", "SELECT 1"],
      ["ingest", workers, "-d", "x"],
      ["fill", "board"],
    ]) {
      const { exitCode, err } = await commands.run([...words, ...at]);
      expect(exitCode).toBe(5);
      expect(err).toContain("The house at http://127.0.0.1:1 cannot be reached");
      expect(err).toContain("Start one with: lakehouse up");
    }
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    const { out } = await run(["mcp", ...at], { stdin: `${JSON.stringify(ping)}\n` });
    expect(JSON.parse(out)).toMatchObject({
      id: 1,
      error: { message: "The house at http://127.0.0.1:1 cannot be reached. Start it with: lakehouse up" },
    });
  });

  test("a proposal of nobody, and by nobody, is told the ways there are", async () => {
    for (const words of [[], ["w-1", "--auto"]]) {
      const { exitCode, err } = await lakehouse(["fill", "propose", "f-aaaaaaaa", ...words]);
      expect(exitCode).toBe(2);
      expect(err).toContain("or --auto, or --model MODEL.");
    }
  });

  test("what a service says of a field is told of the flag that was typed", async () => {
    const { exitCode, err } = await lakehouse(["fill", "show", "f-aaaaaaaa", "--as-of", "yesterday"]);
    expect(exitCode).toBe(2);
    expect(err).toStartWith("lakehouse: --as-of must be a time");
  });

  test("a word that is neither a command nor a thing is told as both", async () => {
    const { exitCode, err } = await lakehouse(["fill", "bord"]);
    expect(exitCode).toBe(4);
    expect(err).toContain("There is no fill bord.");
    expect(err).toContain("Did you mean lakehouse fill board?");
  });

  test("a second house over the folder is refused", async () => {
    const { exitCode, err } = await run(here(["up", "--port", "0"]));
    expect(exitCode).toBe(1);
    expect(err).toContain("A house runs over");
  });

  test("a file is looked at, loaded, and not loaded twice", async () => {
    const dry = await lakehouse(["ingest", workers, "--dataset", "workers", "--dry-run"]);
    expect(JSON.parse(dry.out)).toMatchObject({ rows_in: 3, dry_run: true });
    const first = await lakehouse(["ingest", workers, "--dataset", "workers"]);
    expect(JSON.parse(first.out)).toMatchObject({ rows_in: 3, rows_loaded: 3, replayed: false });
    const second = await lakehouse(["ingest", workers, "--dataset", "workers", "-o", "table"]);
    expect(second.out).toMatch(/^workers\.csv +workers +3 +3 +0 +0/m);
    expect(second.err).toContain("was loaded before");
  });

  test("standard input is a file too, and several files replace as one", async () => {
    const piped = await withInput(["ingest", "-", "--dataset", "notes"], "id,note\n1,first\n2,second\n");
    expect(JSON.parse(piped.out)).toMatchObject({ rows_loaded: 2 });
    const more = join(folder, "more.csv");
    await writeFile(
      more,
      "worker_id,name,role,city,state,lat,lon,pay\nw-4,Di Fox,Welder,Toledo,OH,41.65,-83.54,21\n",
    );
    const both = await lakehouse([
      "ingest",
      workers,
      more,
      "--dataset",
      "pair",
      "--mode",
      "replace",
      "-o",
      "jsonl",
    ]);
    expect(both.out.trim().split("\n")).toHaveLength(2);
    expect(JSON.parse((await lakehouse(["sql", "SELECT count(*) AS n FROM pair"])).out)).toMatchObject({
      rows: [{ n: 4 }],
    });
  });

  test("a type is held", async () => {
    const zips = join(folder, "zips.csv");
    await writeFile(zips, "zip,n\n01234,1\n99999,2\n");
    await lakehouse(["ingest", zips, "--dataset", "zips", "--types", "zip=string", "--types", "n=double"]);
    const { out } = await lakehouse(["sql", "SELECT min(zip) AS zip, typeof(min(n)) AS n FROM zips"]);
    expect(JSON.parse(out)).toMatchObject({ rows: [{ zip: "01234", n: "DOUBLE" }] });
  });

  test("datasets are listed and described, and a near name is offered", async () => {
    expect((await lakehouse(["datasets", "-o", "table"])).out).toMatch(/^workers +3 +8/m);
    const { columns, snapshots } = JSON.parse((await lakehouse(["datasets", "workers"])).out) as Record<
      string,
      unknown[]
    >;
    expect(columns).toHaveLength(8);
    expect(snapshots).toHaveLength(1);
    const wrong = await lakehouse(["datasets", "wokers"]);
    expect(wrong.exitCode).toBe(4);
    expect(wrong.err).toContain("Did you mean workers?");
  });

  test("SQL comes as a table, JSON, JSON lines and CSV, with parameters", async () => {
    const words = [
      "sql",
      "SELECT name, pay FROM workers WHERE state = ? AND pay < ? ORDER BY name",
      "-p",
      "OH",
      "-p",
      "23",
    ];
    expect((await lakehouse([...words, "-o", "table"])).out).toBe("name    pay\nCy Dee   22\n");
    expect(JSON.parse((await lakehouse(words)).out)).toMatchObject({
      rows: [{ name: "Cy Dee", pay: 22 }],
      row_count: 1,
    });
    expect(JSON.parse((await lakehouse([...words, "-o", "jsonl"])).out)).toEqual({ name: "Cy Dee", pay: 22 });
    expect((await lakehouse([...words, "-o", "csv"])).out.split(/\r?\n/)[0]).toBe("name,pay");
    const zoned = [
      "sql",
      "SELECT CAST(TIMESTAMPTZ '2026-01-01 03:00:00+00' AS VARCHAR) AS at, TIME '10:00' AS t",
      "--time-zone",
      "America/Chicago",
    ];
    const { out: day, err: remark } = await lakehouse(zoned);
    expect(JSON.parse(day)).toMatchObject({ rows: [{ at: expect.stringContaining("2025-12-31 21:00") }] });
    expect(remark).toContain("warning: Column t is a TIME");
    expect((await lakehouse([...zoned, "-o", "csv"])).err).toContain("warning: Column t is a TIME");
    const piped = await withInput(["sql"], "SELECT 'from stdin' AS said");
    expect(JSON.parse(piped.out)).toMatchObject({ rows: [{ said: "from stdin" }] });
  });

  test("streams are not capped, tables say that they are", async () => {
    const many = "SELECT range AS n FROM range(5000)";
    expect((await lakehouse(["sql", many, "-o", "jsonl"])).out.trim().split("\n")).toHaveLength(5000);
    expect((await lakehouse(["sql", many, "-o", "csv", "--limit", "7"])).out.trim().split("\n")).toHaveLength(
      8,
    );
    expect((await lakehouse(["sql", many, "-o", "table", "--limit", "7"])).err).toContain("there are more");
    expect((await lakehouse(["sql", many, "--parquet"])).out).toMatch(/^PAR1[^]*PAR1$/);
    expect((await lakehouse(["sql", many, "--parquet", "-o", "csv"])).exitCode).toBe(2);
  });

  test("a wrong statement is shown with its place, a forbidden one with its reason", async () => {
    const wrong = await lakehouse(["sql", "SELECT nam\nFROM workers"]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.err).toContain("\n  SELECT nam\n         ^");
    expect((await lakehouse(["sql", "SELECT * FROM wrkers"])).exitCode).toBe(4);
    expect((await lakehouse(["sql", "COPY workers TO 'x.csv'"])).exitCode).toBe(1);
  });

  test("the journal is shown, followed, verified, exported, and verified from its export", async () => {
    const recorded = JSON.stringify(
      ["order.received", "no_show", "order.received"].map((type, n) => ({
        type,
        subject: `order-${n}`,
        data: { n },
      })),
    );
    const { url } = JSON.parse(await readFile(join(folder, "data", "running.json"), "utf8")) as {
      url: string;
    };
    expect((await fetch(`${url}/v1/journal/events`, { method: "POST", body: recorded })).status).toBe(201);
    expect(JSON.parse((await lakehouse(["journal"])).out)).toMatchObject({ events: 3 });
    const tail = await lakehouse(["journal", "tail", "-n", "1", "--type", "order.received", "--no-follow"]);
    expect(JSON.parse(tail.out)).toMatchObject({ seq: 3, subject: "order-2" });
    const shown = await lakehouse(["journal", "tail", "--no-follow", "-o", "table"]);
    expect(shown.out).toMatch(/^2 .*no_show order-1 \{"n":1\}$/m);
    const file = join(folder, "events.jsonl");
    expect((await lakehouse(["journal", "export", file])).err).toContain("Wrote");
    expect((await lakehouse(["journal", "verify", "-o", "table"])).err).toContain("3 events verify");
    expect(JSON.parse((await lakehouse(["journal", "verify", file])).out)).toMatchObject({
      ok: true,
      events: 3,
    });
    await writeFile(file, (await readFile(file, "utf8")).replace("no_show", "no_shop"));
    const altered = await lakehouse(["journal", "verify", file, "-o", "table"]);
    expect([altered.exitCode, altered.err]).toEqual([1, expect.stringContaining("event 2 does not")]);
    expect(JSON.parse((await lakehouse(["journal", "seal"])).out)).toMatchObject({ sealed_seq: 3 });
    const follower = start(["journal", "tail", "-n", "0", "--data", join(folder, "data")]);
    const following = follower.stdout.getReader().read();
    // It says nothing until there is an event, so they are recorded until it has one.
    const nothing = Symbol("nothing yet");
    let got: typeof nothing | Awaited<typeof following> = nothing;
    while (got === nothing) {
      await fetch(`${url}/v1/journal/events`, { method: "POST", body: recorded });
      got = await Promise.race([following, Bun.sleep(50).then((): typeof nothing => nothing)]);
    }
    follower.kill("SIGINT");
    await follower.exited;
    expect(JSON.parse(new TextDecoder().decode(got.value).split("\n")[0] ?? "")).toMatchObject({ data: {} });
  });

  test("a corpus is built, shown, searched and removed", async () => {
    const plan = ["--dataset", "workers", "--id", "worker_id", "--text", "{role} in {city}, {state}"];
    const fields = [
      "name=keyword",
      "role=keyword",
      "city=keyword",
      "state=keyword",
      "pay=number",
      "location=geo",
    ];
    const built = await lakehouse([
      "corpus",
      "build",
      "people",
      ...plan,
      ...fields.flatMap((field) => ["--field", field]),
    ]);
    expect(JSON.parse(built.out)).toMatchObject({ name: "people", rows: 3, status: "ready" });
    expect((await lakehouse(["corpus", "build", "people"])).exitCode).toBe(0);
    expect((await lakehouse(["corpus", "ls", "-o", "table"])).out).toMatch(/^people +workers +ready +3/m);
    expect((await lakehouse(["corpus", "show", "people", "-o", "table"])).out).toContain(
      "{role} in {city}, {state}",
    );

    const search = ["search", "need 2 welders in Cleveland, OH", "-c", "people"];
    const { hits } = JSON.parse((await lakehouse(search)).out) as { hits: { id: string }[] };
    expect(hits.slice(0, 2).map(({ id }) => id)).toEqual(["w-1", "w-3"]);
    const table = await lakehouse([...search, "-k", "1", "-o", "table", "--explain"]);
    const [head = "", first = ""] = table.out.split("\n");
    expect(head).toMatch(/^rank +id .*miles +score .*why/);
    // Every field that the corpus was given, and ranks as in JSON.
    for (const field of ["name", "role", "city", "state", "pay"]) expect(head).toContain(field);
    expect(first).toMatch(/^ *0 +w-1 .*Ann Lee/);
    const expanded = await lakehouse([...search, "-k", "1", "-x"]);
    expect(expanded.out).toMatch(/^row 1\nrank +0\nid +w-1\n/);
    expect(table.err).toContain("Read as: Welder");
    const why = await lakehouse([...search, "-k", "1", "-o", "table", "--explain", "w-3"]);
    expect(why.err).toContain("below that of the last hit");
    const noted = await lakehouse([
      "playbook",
      "record",
      "need 2 welders in Cleveland, OH",
      "-c",
      "people",
      "--answer",
      "w-3",
      "-o",
      "table",
    ]);
    expect(noted.err).toMatch(/^pb_[0-9a-f]+, version 1: w-3 ranks higher for Welder\.$/m);
    const lifted = JSON.parse((await lakehouse(search)).out) as {
      hits: { id: string; boost?: { factor: number } }[];
    };
    expect(lifted.hits.find(({ id }) => id === "w-3")?.boost?.factor).toBeCloseTo(0.5, 5);
    const [{ playbook_id: playbook = "" } = {}] = JSON.parse((await lakehouse(["playbook", "list"])).out) as {
      playbook_id?: string;
    }[];
    expect((await lakehouse(["playbook", "show", playbook, "-o", "table"])).out).toContain("w-3 of people");
    expect((await lakehouse(["playbook", "ledger", "-o", "table"])).out).toMatch(/lift +active +1 /);
    expect((await lakehouse(["playbook", "disable", playbook, "-o", "table"])).err).toContain(
      "acts no longer",
    );
    const at = new Date(Date.now() - 500).toISOString();
    expect((await lakehouse([...search, "--at", "2999-01-01"])).err).toContain("has not come yet");
    expect((await lakehouse([...search, "--at", at])).exitCode).toBeDefined();
    expect((await lakehouse(["playbook", "remove", playbook, "--yes"])).exitCode).toBe(0);
    const cheap = await lakehouse([...search, "--filter", '{"pay":{"lt":23}}']);
    expect((JSON.parse(cheap.out) as { hits: { id: string }[] }).hits[0]?.id).toBe("w-3");
    const nearDenver = ["-c", "people", "--near", "Denver, CO", "--miles", "20"];
    const near = await lakehouse(["search", "a line cook", ...nearDenver]);
    expect((JSON.parse(near.out) as { hits: { id: string }[] }).hits.map(({ id }) => id)).toEqual(["w-2"]);
    const nobody = await lakehouse(["search", "2 welders", ...nearDenver, "-o", "table"]);
    expect(nobody.err).toContain("Nobody in people who meets the conditions is a Welder.");
    expect((await lakehouse([...search, "--filter", '{"pay":{"above":1}}'])).exitCode).toBe(2);

    const [index] = JSON.parse((await lakehouse(["vectors", "ls"])).out) as { name: string; rows: number }[];
    expect(index?.rows).toBe(3);
    const named = index?.name ?? "";
    const kept = await lakehouse(["vectors", "snapshot", named, "monday"]);
    expect(JSON.parse(kept.out)).toMatchObject({ name: "monday", count: 3 });
    expect((await lakehouse(["vectors", "snapshot", named, "monday"])).exitCode).not.toBe(0);
    expect((await lakehouse(["vectors", "snapshots", named, "-o", "table"])).out).toMatch(/^monday +3/m);
    expect((await lakehouse(["vectors", "restore", named, "monday"])).err).toContain("--yes");
    const restored = await lakehouse(["vectors", "restore", named, "monday", "--yes"]);
    expect(JSON.parse(restored.out)).toMatchObject({ name: named, count: 3 });
    expect((JSON.parse((await lakehouse(search)).out) as { hits: unknown[] }).hits).toHaveLength(3);
    expect((await lakehouse(["vectors", "repair", named])).err).toContain("--yes");
    const whole = await lakehouse(["vectors", "repair", named, "--yes"]);
    expect(JSON.parse(whole.out)).toMatchObject({ repaired: false, damage: [], lost: [], rows_lost: 0 });
    expect((await lakehouse(["vectors", "rm", named, "monday", "--yes"])).exitCode).toBe(0);
    expect(JSON.parse((await lakehouse(["vectors", "snapshots", named])).out)).toEqual([]);

    expect((await lakehouse(["corpus", "rm", "people"])).err).toContain("--yes");
    expect((await lakehouse(["corpus", "rm", "people", "--yes"])).exitCode).toBe(0);
    expect((await lakehouse(["corpus", "show", "people"])).exitCode).toBe(4);
  });

  test("texts are embedded in their order", async () => {
    const { out } = await lakehouse(["embed", "forklift operator", "line cook"]);
    const { dimension, vectors } = JSON.parse(out) as { dimension: number; vectors: number[][] };
    expect(vectors.map((vector) => vector.length)).toEqual([dimension, dimension]);
    const lines = await withInput(["embed", "-o", "jsonl"], "forklift operator\n\nline cook\n");
    expect(
      lines.out
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { vector: number[] }).vector),
    ).toEqual(vectors);
  });

  test("two sources are imported, shown, settled by a rule and a person, and written for SQL", async () => {
    await lakehouse(["ingest", workers, "--dataset", "crm"]);
    const other = join(folder, "payroll.csv");
    await writeFile(other, "id,pay,city\nw-1,24.75,Cleveland\nw-2,21,Boulder\n");
    await lakehouse(["ingest", other, "--dataset", "payroll"]);
    const importOf = (dataset: string, key: string, ...more: string[]): Promise<Ended> =>
      lakehouse([
        "truth",
        "import",
        dataset,
        "--key",
        key,
        "--prefix",
        "worker:",
        "--source",
        dataset,
        ...more,
      ]);
    expect((await importOf("crm", "worker_id", "-o", "table")).err).toMatch(
      /^21 claims of 3 rows recorded in/,
    );
    expect((await importOf("crm", "wroker_id")).err).toContain("Did you mean worker_id?");
    expect(
      JSON.parse((await importOf("payroll", "id", "--map", "pay=pay", "--map", "city=city")).out),
    ).toMatchObject({
      accepted: 4,
    });
    expect((await lakehouse(["truth", "-o", "table"])).out).toMatch(/^worker:w-2 +city +/m);
    await lakehouse(["truth", "rules", "pay", "--tolerance", "0.5", "--sources", "payroll,crm"]);
    expect((await lakehouse(["truth", "rules", "-o", "table"])).out).toMatch(/^pay +payroll > crm +/m);
    const refused = await lakehouse([
      "truth",
      "decide",
      "worker:w-2",
      "city",
      "--actor",
      "Dana",
      "--reason",
      "asked",
    ]);
    expect([refused.exitCode, refused.err.includes("--none")]).toEqual([2, true]);
    const decided = [
      "truth",
      "decide",
      "worker:w-2",
      "city",
      "Denver",
      "--actor",
      "Dana",
      "--reason",
      "asked",
    ];
    expect((await lakehouse([...decided, "-o", "table"])).err).toContain("city is Denver, as Dana decided.");
    const shown = (await lakehouse(["truth", "worker:w-2", "-o", "table"])).out;
    expect(shown).toMatch(/^city +Denver +decided +100 % +decision: crm +payroll Boulder/m);
    expect(shown).toMatch(/^pay +21 +resolved +/m);
    expect(JSON.parse((await lakehouse(["truth", "conflicts"])).out)).toEqual([]);
    expect((await lakehouse(["truth", "export"])).exitCode).toBe(0);
    const counted = await lakehouse([
      "sql",
      "SELECT count(*) AS n FROM truth WHERE status = 'decided'",
      "-o",
      "csv",
    ]);
    expect(counted.out).toBe("n\n1\n");
    expect((await lakehouse(["truth", "show", "worker:none"])).exitCode).toBe(4);
  });

  test("what happened is listed, followed and counted", async () => {
    const tail = start(["observe", "tail", "--source", "gateway", "--data", join(folder, "data")]);
    const reader = tail.stdout.getReader();
    const first = reader.read();
    const answered = { yet: false };
    void first.then(() => (answered.yet = true));
    while (!answered.yet) await lakehouse(["datasets"]);
    expect(JSON.parse(new TextDecoder().decode((await first).value).split("\n")[0] ?? "")).toMatchObject({
      source: "gateway",
    });
    tail.kill("SIGINT");
    await tail.exited;
    const events = await lakehouse(["observe", "--kind", "request", "-o", "table"]);
    expect(events.out).toMatch(/ info +gateway +request +catalogd\./m);
    expect((await lakehouse(["observe", "stats", "-o", "table"])).out).toMatch(/^gateway +\d+ events/m);
    expect((await lakehouse(["observe", "alerts", "-o", "table"])).err).toContain(
      "There are no alert rules yet.",
    );
  });

  test("down stops it, and says so", async () => {
    const { exitCode, out } = await run(here(["down"]));
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ stopped: true });
    expect(await house?.exited).toBe(0);
    expect((await run(here(["status"]))).exitCode).toBe(5);
  });
});
