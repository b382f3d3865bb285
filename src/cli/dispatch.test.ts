import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION } from "#topology/version";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { commandHelp } from "./help.ts";
import { keepProcess, type KeptProcess } from "./kept-process.testing.ts";
import { type Ended, run } from "./spawned.testing.ts";

let folder = "";
let commands: KeptProcess;
const told = (words: readonly string[]): Promise<Ended> => commands.run(words);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lakehouse-cli-"));
  commands = keepProcess({ LAKEHOUSE_DATA: folder });
});
afterAll(async () => {
  await commands.stop();
  await rm(folder, { recursive: true, force: true });
});

const STACK = /\n\s+at |\.ts:\d+:\d+/;

test("--json is JSON for every command that has an output, and no flag of the others", async () => {
  const env = { LAKEHOUSE_DATA: folder };
  for (const words of [["version"], ["config", "list"]]) {
    const { exitCode, out } = await run([...words, "--json"], { env });
    expect(exitCode).toBe(0);
    expect(typeof JSON.parse(out)).toBe("object");
  }
  expect((await run(["completion", "bash", "--json"], { env })).exitCode).toBe(2);
});

test.each([["corpus"], ["playbook"], ["budget"], ["datasets"]])("%s ls and list are one", async (name) => {
  const [ls, list] = await Promise.all([told([name, "ls"]), told([name, "list"])]);
  expect(ls).toEqual(list);
  expect(ls.err).not.toContain("There is no command");
});

test.each([
  [["backup", "elsewhere"]],
  [["repair", "--dry-run"]],
  [["repair", "--yes"]],
  [["models", "ls"]],
  [["config", "keys"]],
  [["config", "change-key", "a", "--scope", "read"]],
  [["config", "rm-key", "a", "--yes"]],
  [["cutover", "status"]],
  [["cutover", "flip", "go:*", "--to", "off", "--why", "a reason"]],
  [["distill", "materialize"]],
])("%p says that its data folder is not there, and makes none", async (words) => {
  const data = join(folder, "not-there");
  const { exitCode, err } = await told([...words, "--data", data]);
  expect(err).toStartWith(`lakehouse: There is no folder ${data}. Say where the house keeps its data`);
  expect(exitCode).toBe(4);
  expect(await stat(data).catch(() => "not there")).toBe("not there");
});

test("backups are not looked for in a folder that is not there", async () => {
  const place = join(folder, "no-backups");
  for (const words of [["--list"], ["--data", join(folder, "again")]]) {
    const { exitCode, err } = await told(["restore", place, ...words]);
    expect(err).toContain(`There is no folder ${place}.`);
    expect(exitCode).toBe(4);
  }
  expect(await stat(place).catch(() => "not there")).toBe("not there");
});

test("a key that is made for a folder that is not there says that the folder is new", async () => {
  const data = join(folder, "new-house");
  const add = (name: string): Promise<Ended> =>
    told(["config", "add-key", name, "--scope", "read", "--data", data]);
  expect((await add("first")).err).toContain(`The folder ${data} is new.`);
  expect((await add("second")).err).not.toContain("is new");
});

describe("words that are not commands", () => {
  test.each([
    [["stauts"], "There is no command stauts. Did you mean lakehouse status?"],
    [["frobnicate"], "There is no command frobnicate.\n"],
    [["tables"], "There is no command tables. Did you mean lakehouse datasets?"],
    [["corpus", "delete"], "There is no command corpus delete. Did you mean lakehouse corpus rm?"],
    [["playbook", "rm"], "There is no command playbook rm. Did you mean lakehouse playbook remove?"],
    [["distill", "ls"], "There is no command distill ls. Did you mean lakehouse distill runs?"],
    [["corpus", "biuld"], "There is no command corpus biuld. Did you mean lakehouse corpus build?"],
    [["status", "--outptu", "json"], "There is no flag --outptu. Did you mean --output?"],
    [["status", "extra"], "extra is one word too many."],
    [["status", "-o", "jsno"], "Did you mean json?"],
    [["status", "--data"], "--data needs a value."],
    [["demo", "--once=maybe"], "--once takes no value."],
    [["ingest", "people.csv"], "--dataset is missing."],
    [["ingest", "--dataset", "people"], "FILE is missing."],
    [["ingest", "a.csv", "-d", "x", "--mode", "upsert"], "--key id"],
    [["ingest", "a.csv", "-d", "x", "--types", "zip"], "--types is name=value"],
    [["search", "cook", "--filter", "{bad"], "--filter is not valid JSON"],
    [["search", "cook", "--filter", "[1]"], "--filter is a JSON object"],
    [["search", "cook", "--near", "Springfield"], "--near is a city with its state"],
    [["search", "cook", "-k", "many"], "-k is a whole number"],
    [["serve", "catalogs"], "Did you mean catalogd?"],
    [["completion", "bsh"], "Did you mean bash?"],
    [["config", "add-key", "a b", "--scope", "read"], "is not a name for a key"],
  ])("%p", async (words, said) => {
    const { exitCode, out, err } = await told(words);
    expect(err).toContain(said);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err).not.toMatch(STACK);
  });

  test("all problems of the configuration are reported together", async () => {
    const { exitCode, err } = await run(["up", "--port", "abc"], {
      env: { LAKEHOUSE_LOG: "loud", LAKEHOUSE_DATA: folder },
    });
    expect(exitCode).toBe(2);
    expect(err).toContain("--port=abc");
    expect(err).toContain("LAKEHOUSE_LOG=loud");
  });

  test("a wrong key is not repeated", async () => {
    const { err } = await run(["status"], { env: { LAKEHOUSE_KEY: "se cret", LAKEHOUSE_DATA: folder } });
    expect(err).toContain("LAKEHOUSE_KEY");
    expect(err).not.toContain("cret");
  });
});

describe("nothing runs", () => {
  test.each([
    [["status"]],
    [["datasets"]],
    [["sql", "SELECT 1"]],
    [["search", "cook"]],
    [["corpus", "ls"]],
    [["embed", "cook"]],
  ])("%p says so, with what to do", async (words) => {
    const { exitCode, err } = await told([...words, "--data", folder]);
    expect(exitCode).toBe(5);
    expect(err).toContain(`No house runs over ${folder}`);
    expect(err).toContain("lakehouse up");
  });

  test("down is content", async () => {
    const { exitCode, out } = await told(["down", "--data", folder]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ stopped: false });
  });

  test("an unreachable address is reported", async () => {
    const free = Bun.serve({ port: 0, fetch: () => new Response("") });
    const url = `http://127.0.0.1:${free.port}`;
    await free.stop(true);
    const { exitCode, err } = await told(["status", "--url", url]);
    expect(exitCode).toBe(5);
    expect(err).toContain(url);
  });

  test("an address of another server is reported", async () => {
    using other = Bun.serve({ port: 0, fetch: () => new Response("hello") });
    const { exitCode, err } = await told(["status", "--url", `http://127.0.0.1:${other.port}`]);
    expect(exitCode).toBe(5);
    expect(err).toContain("is not a Lakehouse gateway");
  });
});

describe("files", () => {
  test("one that is not there", async () => {
    const { exitCode, err } = await run(["ingest", "missing.csv", "-d", "x"], { cwd: folder });
    expect(exitCode).toBe(4);
    expect(err).toContain("There is no file missing.csv");
  });

  test("a folder, and an empty file", async () => {
    const empty = join(folder, "empty.csv");
    await writeFile(empty, "");
    expect((await told(["ingest", folder, "-d", "x"])).err).toContain("is a folder");
    expect((await told(["ingest", empty, "-d", "x"])).err).toContain("is empty");
  });

  // The super-user may read everything.
  test.skipIf(process.getuid?.() === 0)("one without rights", async () => {
    const secret = join(folder, "secret.csv");
    await writeFile(secret, "a\n1\n");
    await chmod(secret, 0o000);
    const { exitCode, err } = await run(["ingest", secret, "-d", "x"]);
    expect(exitCode).toBe(1);
    expect(err).toContain("may not be read by this user");
  });

  test.skipIf(process.getuid?.() === 0)("a data folder without rights", async () => {
    const closed = join(folder, "closed");
    await mkdir(closed);
    await chmod(closed, 0o500);
    const { exitCode, err } = await run(["up", "--data", join(closed, "data"), "--port", "0"]);
    expect(exitCode).toBe(1);
    expect(err).toContain("may not be written to by this user");
  });

  test("a data folder that is a file", async () => {
    const file = join(folder, "not-a-folder");
    await writeFile(file, "x");
    const { exitCode, err } = await run(["up", "--data", file, "--port", "0"]);
    expect(exitCode).toBe(2);
    expect(err).toContain("is not a folder");
  });
});

async function leaves(command: Command): Promise<Command[]> {
  const below = await Promise.all(Object.values(command.commands ?? {}).map(leaves));
  return [command, ...below.flat()];
}

describe("help", () => {
  test("of the whole names every command", async () => {
    const { exitCode, out, err } = await run([]);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    for (const [name, { hidden }] of Object.entries(COMMANDS)) {
      if (hidden !== true) expect(out).toMatch(new RegExp(`^ {2}${name} +\\S`, "m"));
    }
  });

  test.each(Object.keys(COMMANDS))("of %s shows usage, flags and examples, and so below it", async (name) => {
    const commands = await leaves(await (COMMANDS[name]?.load() ?? Promise.reject(new Error(name))));
    // The first and the last, which is found below it; what they print is the text of all.
    const asked = new Set([commands[0], commands.at(-1)]);
    for (const command of commands) {
      const { name: full, summary, args, examples } = command;
      const out = commandHelp(command, (text) => text);
      if (asked.has(command)) {
        expect(await told([...full.split(" "), "--help"])).toMatchObject({
          exitCode: 0,
          err: "",
          out: `${out}\n`,
        });
      }
      expect(out).toContain(summary);
      expect(out).toContain(`lakehouse ${full}`);
      for (const [flag, { type }] of Object.entries(args))
        if (type !== "positional") expect(out).toContain(`--${flag}`);
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) expect(example).toContain(`lakehouse ${full.split(" ")[0]}`);
    }
  });

  test("is the same by --help, help and -h", async () => {
    const { out } = await told(["sql", "--help"]);
    expect((await told(["help", "sql"])).out).toBe(out);
    expect((await told(["sql", "-h"])).out).toBe(out);
  });
});

describe("small commands", () => {
  test("version is plain text, and JSON with -o json", async () => {
    expect((await run(["version"])).out).toBe(`${VERSION}\n`);
    expect((await told(["--version"])).out).toBe(`${VERSION}\n`);
    expect(JSON.parse((await told(["version", "-o", "json"])).out)).toMatchObject({
      version: VERSION,
      bun: Bun.version,
    });
  });

  test("config list shows where values come from and hides the key", async () => {
    const { out } = await run(["config", "list", "-o", "jsonl"], {
      env: { LAKEHOUSE_PORT: "4444", LAKEHOUSE_KEY: "lk_secret", LAKEHOUSE_DATA: folder },
    });
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({ option: "port", value: 4444, source: "environment", env: "LAKEHOUSE_PORT" }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ option: "host", source: "default" }));
    expect(out).not.toContain("lk_secret");
  });

  test("keys are made, shown once, listed without themselves, and removed", async () => {
    const at = ["--data", join(folder, "keys")];
    const added = await told(["config", "add-key", "dash", "--scope", "read", ...at]);
    expect(added.out).toMatch(/^lk_[\w-]{43}\n$/);
    const listed = await told(["config", "keys", ...at]);
    expect(JSON.parse(listed.out)).toEqual([expect.objectContaining({ name: "dash", scope: "read" })]);
    expect(listed.out).not.toContain(added.out.trim());
    expect((await told(["config", "add-key", "dash", "--scope", "read", ...at])).exitCode).toBe(1);
    expect((await told(["config", "rm-key", "dash", ...at])).err).toContain("--yes");
    expect((await told(["config", "rm-key", "dash", "--yes", ...at])).exitCode).toBe(0);
    expect((await told(["config", "rm-key", "dash", "--yes", ...at])).exitCode).toBe(4);
  });

  test.each(["bash", "zsh", "fish", "powershell"])("completion for %s calls this program", async (shell) => {
    const { exitCode, out } = await run(["completion", shell]);
    expect(exitCode).toBe(0);
    expect(out).toContain("/lakehouse' complete");
  });

  test.each([
    [["da"], "datasets"],
    [["corpus", "b"], "build"],
    [["ingest", "--mo"], "--mode"],
    [["ingest", "--mode", "re"], "replace"],
  ])("Tab after %p offers %s", async (words, offered) => {
    const { out } = await run(["complete", "--", ...words]);
    expect(out.split("\n").map((line) => line.split("\t")[0])).toContain(offered);
  });

  test("Tab works in a bash without the bash-completion package", async () => {
    const { out } = await run(["completion", "bash"]);
    const line = "lakehouse datasets ro";
    const bash = Bun.spawn(["bash", "--norc", "--noprofile", "-s"], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    await bash.stdin.write(`${out}\nCOMP_LINE='${line}' COMP_POINT=${line.length}\n`);
    await bash.stdin.write('__lakehouse_complete; printf "%s\\n" "${COMPREPLY[@]}"\n');
    await bash.stdin.end();
    expect((await new Response(bash.stdout).text()).split("\n")).toContain("rollback");
  });

  test("a reader that has seen enough is no failure", async () => {
    const piped = Bun.spawn(
      [
        "sh",
        "-c",
        `"$0" --no-env-file "$1" completion bash | head -1`,
        process.execPath,
        join(import.meta.dir, "../main.ts"),
      ],
      {
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    const [out, err] = await Promise.all([
      new Response(piped.stdout).text(),
      new Response(piped.stderr).text(),
    ]);
    expect({ lines: out.trim().split("\n").length, err }).toEqual({ lines: 1, err: "" });
  });
});

describe("doctor", () => {
  test("finds this machine fit, and says so for each thing", async () => {
    const { exitCode, out } = await run(["doctor", "--port", "0", "--data", folder]);
    const { ok, checks } = JSON.parse(out) as {
      ok: boolean;
      checks: { check: string; status: string; detail: string; fix?: string }[];
    };
    expect({ exitCode, ok }).toEqual({ exitCode: 0, ok: true });
    expect(checks.map(({ check }) => check)).toEqual(
      expect.arrayContaining(["Bun", "SQL", "Vectors", "Data folder", "Port", "Clock"]),
    );
    for (const { status, detail, fix } of checks) {
      expect(detail).not.toBe("");
      if (status !== "ok") expect(fix).toBeString();
    }
  });

  test("fails when a port is taken, and says what to do", async () => {
    using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({}) });
    const { exitCode, out } = await run([
      "doctor",
      "--port",
      String(other.port),
      "--data",
      folder,
      "-o",
      "table",
    ]);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/^fail +Port +\d+ on 127\.0\.0\.1 is in use by another web server/m);
    expect(out).toContain("--port N");
  });
});
