// From the command line to an exit code: finds the command, shows help, runs it, and prints what it throws as a message.

import { terminal } from "#config";
import type { Command } from "./command.ts";
import { COMMANDS, SECTIONS } from "./commands.ts";
import { Fault } from "#rpc/fault";
import { EXIT, failureOf, UsageProblem } from "./failure.ts";
import { commandHelp, rootHelp } from "./help.ts";
import { didYouMean } from "#lib/nearest";
import { safe } from "./terminal/plain-text.ts";
import { paintOut, paintTalk, ReaderGone, say, write } from "./terminal/terminal.ts";

const HELP = new Set(["--help", "-h"]);

export async function dispatch(words: readonly string[]): Promise<number> {
  try {
    return await run(words);
  } catch (thrown) {
    if (thrown instanceof ReaderGone) return EXIT.ok;
    return complain(thrown);
  }
}

/** Prints the failure and returns the exit code. */
export function complain(thrown: unknown): number {
  const { exitCode, lines } = failureOf(thrown);
  const [first = "", ...rest] = lines.map((line) => safe(line));
  say(`${paintTalk("red", "lakehouse:")} ${first}`);
  for (const line of rest) say(line);
  if (terminal.debug && thrown instanceof Error) say(thrown.stack);
  return exitCode;
}

async function run(words: readonly string[]): Promise<number> {
  const [word, ...rest] = words;
  if (word === undefined || HELP.has(word)) return showRoot();
  if (word === "help") return rest.length === 0 ? showRoot() : run([...rest.slice(0, 2), "--help"]);
  if (word === "--version" || word === "-v") return run(["version"]);
  const entry = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  if (entry === undefined) throw unknownCommand(word, "", visible());
  return runCommand(await entry.load(), rest);
}

async function runCommand(command: Command, rest: readonly string[]): Promise<number> {
  const { commands, fallback } = command;
  if (commands !== undefined) {
    const [word] = rest;
    if (word !== undefined && !word.startsWith("-")) {
      const below = Object.hasOwn(commands, word) ? commands[word] : listing(word, commands);
      if (below !== undefined) return runCommand(below, rest.slice(1));
      const unknown = unknownCommand(word, `${command.name} `, Object.keys(commands));
      const named = commands[command.takesName ?? ""];
      // Two words are a command and its argument, with a typing error in the first.
      if (named === undefined || (rest[1] !== undefined && !rest[1].startsWith("-"))) throw unknown;
      return runCommand(named, rest).catch((error: unknown) => {
        throw error instanceof Fault && error.code === "not_found" ? neither(error, unknown) : error;
      });
    }
    const usual = commands[fallback ?? ""];
    if (usual !== undefined && !asksHelp(rest)) return runCommand(usual, rest);
  }
  if (asksHelp(rest)) {
    await write(`${commandHelp(command, (text) => paintOut("bold", text))}\n`);
    return EXIT.ok;
  }
  const words = Object.hasOwn(command.args, "output")
    ? rest.map((word, at) => (isFlag(rest, at) ? (OUTPUT_FLAGS[word] ?? word) : word))
    : rest;
  return command.run(words).catch((error: unknown) => {
    throw error instanceof Fault && error.code === "invalid" ? inFlags(error, command) : error;
  });
}

/** A service names its fields, `as_of`; the person who typed `--as-of` is told of that. */
function inFlags(fault: Fault, { args }: Command): Fault {
  const { details = [], cause, origin, reason } = fault;
  const flags = details.flatMap(({ path }) => {
    const flag = path.replaceAll("_", "-");
    const isFlag = Object.hasOwn(args, flag) && args[flag]?.type !== "positional";
    return isFlag ? [[path, flag.length === 1 ? `-${flag}` : `--${flag}`] as const] : [];
  });
  if (flags.length === 0) return fault;
  const message = flags.reduce(
    (text, [path, flag]) => text.replaceAll(`${path}: `, `${flag} `),
    fault.message,
  );
  const named = new Map(flags);
  return new Fault("invalid", message, {
    details: details.map(({ path, message: text }) => ({ path: named.get(path) ?? path, message: text })),
    cause,
    origin,
    reason,
  });
}

/** A listing is called `ls` in some groups and `list` in others; either word is taken in both. */
function listing(word: string, { ls, list }: Readonly<Record<string, Command>>): Command | undefined {
  return word === "ls" || word === "list" ? (ls ?? list) : undefined;
}

/** A word that is no command and names nothing: which of the two was meant is not known, so both are told. */
function neither(fault: Fault, { message }: UsageProblem): Fault {
  const { details, cause, origin, reason } = fault;
  return new Fault("not_found", `${fault.message}\n${message}`, { details, cause, origin, reason });
}

/** Flags of other programs that correspond to an output format here. */
const OUTPUT_FLAGS: Readonly<Record<string, string>> = {
  "--json": "--output=json",
  "-x": "--output=expanded",
  "--expanded": "--output=expanded",
};

/** As a flag, and not as the value of another flag. */
function isFlag(words: readonly string[], at: number): boolean {
  return !words.slice(0, at).includes("--") && !TAKES_VALUE.has(words[at - 1] ?? "");
}

/** Flags whose value may be any text. */
const TAKES_VALUE = new Set(["-p", "--param"]);

function asksHelp(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return (end === -1 ? words : words.slice(0, end)).some((word) => HELP.has(word));
}

function visible(): string[] {
  return Object.entries(COMMANDS).flatMap(([name, { hidden }]) => (hidden === true ? [] : [name]));
}

/** Commands of other programs and their equivalents here. */
const LISTS = ["ls", "list", "board", "runs", "events", "conflicts", "status", "show", "keys"];
const REMOVES = ["rm", "remove", "drop", "forget", "rm-key", "retire", "close"];
const MEANT: Readonly<Record<string, readonly string[]>> = {
  tables: ["datasets"],
  query: ["sql"],
  load: ["ingest"],
  import: ["ingest"],
  start: ["up"],
  stop: ["down"],
  ls: LISTS,
  list: LISTS,
  rm: REMOVES,
  remove: REMOVES,
  drop: REMOVES,
  delete: REMOVES,
};

function unknownCommand(word: string, above: string, known: readonly string[]): UsageProblem {
  const what = word.startsWith("-") ? "flag" : "command";
  const meant = Object.hasOwn(MEANT, word) ? MEANT[word]?.find((one) => known.includes(one)) : undefined;
  const near = meant === undefined ? didYouMean(word, known) : ` Did you mean ${meant}?`;
  const guess = near.replace("mean ", `mean lakehouse ${above}`);
  return new UsageProblem(`There is no ${what} ${above}${word}.${guess}\nSee: lakehouse ${above}--help`);
}

async function showRoot(): Promise<number> {
  const sections = Object.entries(SECTIONS).map(
    ([section, entries]) =>
      [
        section,
        Object.entries(entries).flatMap(([name, { summary, hidden }]) =>
          hidden === true ? [] : [[name, summary] as const],
        ),
      ] as const,
  );
  await write(`${rootHelp(sections, (text) => paintOut("bold", text))}\n`);
  return EXIT.ok;
}
