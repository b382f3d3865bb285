// What a command is: data (name, summary, flags, examples) and a function. `command` forgets the types of the flags,
// so that dispatch, help and completion treat all commands alike. citty reads the flags; before that they are checked
// here, because citty lets unknown flags, missing values and surplus words pass in silence.

import { parseArgs as readTokens } from "node:util";
import { type ArgsDef, type ParsedArgs, parseArgs } from "citty";
import { didYouMean } from "#lib/nearest";
import { UsageProblem } from "./failure.ts";

export interface Command {
  /** As typed after `lakehouse`: `corpus build`. */
  readonly name: string;
  readonly summary: string;
  /** Paragraphs below the summary, in `--help`. */
  readonly details?: string;
  readonly examples: readonly string[];
  readonly args: ArgsDef;
  /** The last positional takes all the words that are left. */
  readonly many?: boolean;
  /** Commands below this one; `fallback` names the one that is meant when none is named. */
  readonly commands?: Readonly<Record<string, Command>>;
  readonly fallback?: string;
  /** Resolves with the exit code. */
  run(rawArgs: readonly string[]): Promise<number>;
}

/** A command that is loaded only when it is asked for. */
export interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
  /** Not for people. */
  readonly hidden?: boolean;
}

/** What citty's result leaves out. */
export interface Given {
  /** All positional words. */
  readonly words: readonly string[];
  /** Every value of a flag that may be repeated, in order. */
  all(flag: string): readonly string[];
}

interface CommandSpec<A extends ArgsDef> extends Omit<Command, "run" | "args" | "commands" | "fallback"> {
  readonly args: A;
  /** Resolves with the exit code, 0 when with nothing. */
  readonly run: (args: ParsedArgs<A>, given: Given) => Promise<number | void>;
}

export function command<const A extends ArgsDef>(spec: CommandSpec<A>): Command {
  return {
    ...spec,
    run: async (rawArgs) => {
      const given = checked(spec, rawArgs);
      let args: ParsedArgs<A>;
      try {
        args = parseArgs<A>([...rawArgs], spec.args);
      } catch (error) {
        throw new UsageProblem(`${cittyMessage(error)}${seeHelp(spec.name)}`);
      }
      return (await spec.run(args, given)) ?? 0;
    },
  };
}

/** A command that only holds others. */
export function group(
  spec: Pick<Command, "name" | "summary" | "examples"> & {
    readonly commands: Readonly<Record<string, Command>>;
    readonly fallback: string;
  },
): Command {
  return { ...spec, args: {}, run: () => Promise.reject(new UsageProblem(`${spec.name} needs a command.`)) };
}

export function seeHelp(name: string): string {
  return `\nSee: lakehouse ${name} --help`;
}

/** citty says "Missing required positional argument: NAME", in colours. */
function cittyMessage(error: unknown): string {
  const message = Bun.stripANSI((error as Error).message);
  const missing = /^Missing required (?:positional )?argument: (.+)$/.exec(message);
  if (missing !== null) return `${missing[1]} is missing.`;
  const wrong = /^Invalid value for argument: (\S+) \((.*)\)\. Expected one of: (.*)\.$/.exec(message);
  if (wrong === null) return message;
  const [, flag = "", value = "", options = ""] = wrong;
  return `${flag} is one of ${options}; not ${value}.${didYouMean(value, options.split(", "))}`;
}

/** Refuses what the command does not know, and collects what citty would drop. */
function checked(spec: Pick<Command, "name" | "args" | "many">, rawArgs: readonly string[]): Given {
  const flags = flagsOf(spec.args);
  const { tokens } = readTokens({
    args: [...rawArgs],
    options: Object.fromEntries(
      [...flags].flatMap(([name, { type, short }]) => [
        [name, { type, multiple: true, ...(short === undefined ? {} : { short }) }] as const,
      ]),
    ),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const words: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const flag = flags.get(token.name) ?? flags.get(token.name.replace(/^no-/, ""));
    if (flag === undefined) throw unknownFlag(spec.name, token.rawName, flags.keys());
    if (flag.type === "string") {
      if (token.value === undefined)
        throw new UsageProblem(`${token.rawName} needs a value.${seeHelp(spec.name)}`);
      values.set(token.name, [...(values.get(token.name) ?? []), token.value]);
    } else if (token.value !== undefined && token.value !== "true" && token.value !== "false") {
      throw new UsageProblem(`${token.rawName} takes no value.${seeHelp(spec.name)}`);
    }
  }
  const positionals = Object.values(spec.args).filter(({ type }) => type === "positional").length;
  const surplus = spec.many === true ? undefined : words[positionals];
  if (surplus !== undefined) throw new UsageProblem(`${surplus} is one word too many.${seeHelp(spec.name)}`);
  return { words, all: (flag) => values.get(flag) ?? [] };
}

interface Flag {
  readonly type: "string" | "boolean";
  readonly short: string | undefined;
}

function flagsOf(args: ArgsDef): Map<string, Flag> {
  const flags = new Map<string, Flag>();
  for (const [name, arg] of Object.entries(args)) {
    if (arg.type === "positional") continue;
    const short = shortOf(arg);
    flags.set(name, { type: arg.type === "boolean" ? "boolean" : "string", short });
  }
  return flags;
}

/** The one-letter name of a flag. */
export function shortOf(arg: ArgsDef[string]): string | undefined {
  return "alias" in arg && typeof arg.alias === "string" ? arg.alias : undefined;
}

function unknownFlag(name: string, rawName: string, known: Iterable<string>): UsageProblem {
  const guess = didYouMean(
    rawName.replace(/^-+/, ""),
    [...known].map((flag) => flag),
  ).replace("mean ", "mean --");
  return new UsageProblem(`There is no flag ${rawName}.${guess}${seeHelp(name)}`);
}
