// For tests: the command line as a shell runs it, in a process of its own with pipes for all three streams.

import { join } from "node:path";

const MAIN = join(import.meta.dir, "../main.ts");

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

export interface Ended {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** The variables given, and none of the tests' own LAKEHOUSE variables. */
export function commandVariables(env: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return {
    PATH: Bun.env["PATH"],
    HOME: Bun.env["HOME"],
    TMPDIR: Bun.env["TMPDIR"],
    NODE_ENV: "production",
    ...env,
  };
}

/** Starts a command. */
export function start(words: readonly string[], { env = {}, stdin, cwd }: SpawnOptions = {}) {
  return Bun.spawn([process.execPath, "--no-env-file", MAIN, ...words], {
    env: commandVariables(env),
    stdin: stdin === undefined ? "ignore" : new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** Runs a command to its end. */
export async function run(words: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  const command = start(words, options);
  const [out, err] = await Promise.all([
    new Response(command.stdout).text(),
    new Response(command.stderr).text(),
  ]);
  return { exitCode: await command.exited, out, err };
}
