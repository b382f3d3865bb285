// `lakehouse cutover`: without a house over the ledger's file, and with one that holds to it, in the process of a shell.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OlderSide, startOlderSide } from "../../test/cutover/older-side.ts";
import { type Ended, run, start } from "./spawned.testing.ts";

describe("lakehouse cutover", () => {
  const data = mkdtempSync(join(tmpdir(), "cutover-cli-"));
  const lakehouse = (...words: string[]): Promise<Ended> =>
    run(words[1] === "log" ? words : [...words, "--data", data]);
  let house: ReturnType<typeof start> | undefined;
  let url = "";
  let older: OlderSide | undefined;
  afterAll(async () => {
    await older?.stop();
    house?.kill("SIGTERM");
    await house?.exited;
    rmSync(data, { recursive: true, force: true });
  });

  test("an upstream without a scheme refuses the start and names the variable", async () => {
    const env = { GO_LAKEHOUSE_URL: "127.0.0.1:4110", LAKEHOUSE_DATA: data, LAKEHOUSE_PORT: "0" };
    const { exitCode, err } = await run(["up"], { env });
    expect(exitCode).not.toBe(0);
    expect(err).toContain("GO_LAKEHOUSE_URL=127.0.0.1:4110: must be an address with http://");
  });

  test("without a house: states, upstreams and gates are kept, and what cannot be judged needs force and a reason", async () => {
    expect((await lakehouse("cutover", "native", "rust")).exitCode).toBe(0);
    expect(
      (await lakehouse("cutover", "upstream", "add", "old", "http://127.0.0.1:9/api", "--dialect", "go"))
        .exitCode,
    ).toBe(0);
    const refused = await lakehouse("cutover", "flip", "go:embed.embed", "--to", "primary");
    expect([refused.exitCode === 0, refused.err]).toEqual([
      false,
      expect.stringContaining("nothing was compared"),
    ]);
    const unknown = await lakehouse("cutover", "flip", "go:embed.embd", "--to", "shadow");
    expect(unknown.err).toContain("Did you mean go:embed.embed?");
    const forced = ["--to", "primary", "--force", "--why", "a drill", "--actor", "ann"];
    expect((await lakehouse("cutover", "flip", "go:embed.embed", ...forced)).exitCode).toBe(0);
    expect((await lakehouse("cutover", "gates", "--hours", "24")).err).toContain("after 24 hours");
    const { routes, upstreams } = JSON.parse((await lakehouse("cutover", "status", "--json")).out) as {
      routes: { route: string; state: string; actor: string; reason: string }[];
      upstreams: { name: string }[];
    };
    expect(routes.map(({ route, state }) => `${route} ${state}`)).toEqual([
      "go:* pass-through",
      "rust:* primary",
      "go:embed.embed primary",
    ]);
    expect(routes[2]).toMatchObject({ actor: "ann", reason: "a drill" });
    expect(upstreams.map(({ name }) => name)).toEqual(["old"]);
  }, 120_000);

  test("a house holds to it from the start, and to a command within a second", async () => {
    house = start(["up", "--port", "0", "--data", data]);
    const { value } = await house.stdout.getReader().read();
    url = /http:\/\/[\d.:]+/.exec(new TextDecoder().decode(value))?.[0] ?? "";
    expect(await (await fetch(`${url}/api/health`)).text()).toBe("lakehouse ok");
    expect((await fetch(`${url}/_go/health`)).status).toBe(502);
    // Through the house, which holds to it when the command returns.
    expect((await lakehouse("cutover", "flip", "rust:*", "--to", "off", "--why", "done")).exitCode).toBe(0);
    expect((await fetch(`${url}/api/health`)).status).toBe(503);
    const refused = await lakehouse("cutover", "flip", "go:query.sql", "--to", "canary", "--percent", "5");
    expect(refused.err).toContain("nothing was compared");
    expect((await lakehouse("cutover", "report")).out).toContain("Nothing was compared yet.");
    // By the file alone, as another process does it.
    expect((await lakehouse("cutover", "upstream", "rm", "old")).exitCode).toBe(0);
    const end = Date.now() + 30_000;
    let status = 502;
    while (status === 502 && Date.now() < end) status = (await fetch(`${url}/_go/health`)).status;
    expect(status).toBe(503);
  }, 240_000);

  test("a write that was acknowledged reaches the second side after the house was killed; parity, record and replay say what differs", async () => {
    older = await startOlderSide("go");
    const second = ["cutover", "upstream", "add", "old", older.url, "--dialect", "go"];
    expect((await lakehouse(...second)).exitCode).toBe(0);
    const dual = await lakehouse("cutover", "dual", "on", "go:storage.put", "--why", "a drill");
    expect([dual.exitCode, dual.err]).toEqual([0, expect.stringContaining("go to both sides")]);
    const flip = ["cutover", "flip", "go:storage.put", "--to", "primary", "--force", "--why", "a drill"];
    expect((await lakehouse(...flip)).exitCode).toBe(0);
    await older.set({ refused_writes: 1_000_000 });
    const put = await fetch(`${url}/_go/v1/storage/kept`, { method: "PUT", body: "kept" });
    expect([put.status, put.headers.get("x-lakehouse-backend")]).toEqual([201, "native"]);
    expect((await lakehouse("cutover", "dual", "-o", "table")).err).toContain("1 write waiting");
    house?.kill("SIGKILL");
    await house?.exited;
    await older.set({ refused_writes: 0 });
    house = start(["up", "--port", "0", "--data", data]);
    const { value } = await house.stdout.getReader().read();
    url = /http:\/\/[\d.:]+/.exec(new TextDecoder().decode(value))?.[0] ?? "";
    let held = 404;
    const end = Date.now() + 60_000;
    while (held === 404 && Date.now() < end) held = (await fetch(`${older.url}/v1/storage/kept`)).status;
    expect(held).toBe(200);
    const reports = ["--report", join(data, "reports")];
    const same = await lakehouse("cutover", "reconcile", ...reports);
    expect([same.exitCode, same.out]).toEqual([0, expect.stringContaining("**same**")]);

    const recorded = join(data, "calls.jsonl");
    const recording = lakehouse("cutover", "record", "--for", "2s", "--out", recorded);
    const ended = { yet: false };
    void recording.then(() => (ended.yet = true));
    while (!ended.yet) await fetch(`${url}/_go/health`);
    expect([(await recording).exitCode, (await recording).out]).toEqual([0, `${recorded}\n`]);
    const replay = [
      "cutover",
      "replay",
      recorded,
      "--against",
      "native",
      "--rate",
      "50x",
      "--compare",
      ...reports,
    ];
    const replayed = await lakehouse(...replay);
    expect([replayed.exitCode, replayed.out]).toEqual([0, expect.stringContaining("| go:health |")]);

    const parity = ["parity", "embed", "--count", "5", "--seed", "7", ...reports];
    expect((await lakehouse(...parity)).exitCode).toBe(0);
    await older.set({ broken: true });
    const differs = await lakehouse(...parity);
    expect([differs.exitCode, differs.out]).toEqual([3, expect.stringContaining("500 there, 200 here")]);
    const log = JSON.parse((await lakehouse("parity", "log", ...reports, "-o", "json")).out) as object[];
    expect(log).toEqual([
      expect.objectContaining({ endpoint: "POST /v1/embed", verdict: "different", seed: 7 }),
    ]);
  }, 240_000);
});
