// A command as data (name, summary, flags, examples) and a function. `command` erases the types of the flags, so that
// dispatch, help and completion treat all commands alike. Flags are tokenised by `node:util` and checked here: an unknown
// flag, a missing value and a surplus word are usage errors.

import { parseArgs } from "node:util";
import { didYouMean } from "#lib/nearest";
import { UsageProblem } from "./failure.ts";

/** One flag or positional word of a command. */
export interface Arg {
  readonly type: "positional" | "string" | "boolean" | "enum";
  readonly description: string;
  /** Positionals are required unless they say false; flags are not unless they say true. */
  readonly required?: boolean;
  /** The one-letter name of a flag. */
  readonly alias?: string;
  readonly valueHint?: string;
  /** The values of an enum. */
  readonly options?: readonly string[];
  /** A flag that may stand without its value, which is then "". */
  readonly bare?: boolean;
}

export type ArgsDef = Readonly<Record<string, Arg>>;

type Value<A extends Arg> = A["type"] extends "boolean"
  ? boolean
  : A extends { readonly options: readonly (infer O)[] }
    ? O
    : string;

type IsRequired<A extends Arg> = A["type"] extends "positional"
  ? A extends { readonly required: false }
    ? false
    : true
  : A extends { readonly required: true }
    ? true
    : false;

export type ParsedArgs<D extends ArgsDef> = {
  readonly [K in keyof D]: IsRequired<D[K]> extends true ? Value<D[K]> : Value<D[K]> | undefined;
};

export interface Command {
  /** As typed after `lakehouse`: `corpus build`. */
  readonly name: string;
  readonly summary: string;
  /** Paragraphs below the summary, in `--help`. */
  readonly details?: string;
  readonly examples: readonly string[];
  readonly args: ArgsDef;
  /** The last positional takes all remaining words. */
  readonly many?: boolean;
  /** Subcommands; `fallback` names the default one. */
  readonly commands?: Readonly<Record<string, Command>>;
  readonly fallback?: string;
  /** The subcommand that takes a word that names none: `datasets people` is `datasets show people`. */
  readonly takesName?: string;
  /** Resolves with the exit code. */
  run(rawArgs: readonly string[]): Promise<number>;
}

/** A command that is loaded only when it is called. */
export interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
  /** Not listed in `--help`. */
  readonly hidden?: boolean;
}

/** What the last value of each flag does not show. */
export interface Given {
  /** All positional words. */
  readonly words: readonly string[];
  /** Every value of a flag that may be repeated, in order. */
  all(flag: string): readonly string[];
}

interface CommandSpec<A extends ArgsDef> extends Omit<Command, "run" | "args" | "commands" | "fallback"> {
  readonly args: A;
  /** Resolves with the exit code; undefined is 0. */
  readonly run: (args: ParsedArgs<A>, given: Given) => Promise<number | void>;
}

export function command<const A extends ArgsDef>(spec: CommandSpec<A>): Command {
  return {
    ...spec,
    run: async (rawArgs) => {
      const { args, given } = parsed(spec, rawArgs);
      return (await spec.run(args as ParsedArgs<A>, given)) ?? 0;
    },
  };
}

/** A command that only groups others. */
export function group(
  spec: Pick<Command, "name" | "summary" | "examples"> & {
    readonly commands: Readonly<Record<string, Command>>;
    readonly fallback: string;
    readonly takesName?: string;
    readonly details?: string;
  },
): Command {
  return { ...spec, args: {}, run: () => Promise.reject(new UsageProblem(`${spec.name} needs a command.`)) };
}

export function seeHelp(name: string): string {
  return `\nSee: lakehouse ${name} --help`;
}

interface Parsed {
  readonly args: Readonly<Record<string, string | boolean | undefined>>;
  readonly given: Given;
}

function parsed(
  { name, args: defined, many }: Pick<Command, "name" | "args" | "many">,
  rawArgs: readonly string[],
): Parsed {
  const flags = Object.entries(defined).filter(([, { type }]) => type !== "positional");
  const usage = (problem: string): UsageProblem => new UsageProblem(`${problem}${seeHelp(name)}`);
  const { tokens } = parseArgs({
    args: rawArgs.map((arg, at) => (mayStandBare(arg, rawArgs[at + 1], defined) ? `${arg}=` : arg)),
    options: Object.fromEntries(
      flags.map(([flag, { type, alias }]) => [
        flag,
        {
          type: type === "boolean" ? ("boolean" as const) : ("string" as const),
          ...(alias === undefined ? {} : { short: alias }),
        },
      ]),
    ),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const args: Record<string, string | boolean | undefined> = {};
  const words: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const negated = !Object.hasOwn(defined, token.name) && token.name.startsWith("no-");
    const flag = negated ? token.name.slice("no-".length) : token.name;
    const arg = flags.find(([known]) => known === flag)?.[1];
    if (arg === undefined || (negated && arg.type !== "boolean")) {
      throw unknownFlag(
        name,
        token.rawName,
        flags.map(([known]) => known),
      );
    }
    if (arg.type === "boolean") {
      if (token.value !== undefined && token.value !== "true" && token.value !== "false") {
        throw usage(`${token.rawName} takes no value.`);
      }
      args[flag] = negated !== (token.value !== "false");
      continue;
    }
    if (token.value === undefined) throw usage(`${token.rawName} needs a value.`);
    const { options } = arg;
    if (options !== undefined && !options.includes(token.value)) {
      const guess = didYouMean(token.value, options);
      throw usage(`--${flag} is one of ${options.join(", ")}; not ${token.value}.${guess}`);
    }
    args[flag] = token.value;
    values.set(flag, [...(values.get(flag) ?? []), token.value]);
  }
  const positionals = Object.entries(defined).filter(([, { type }]) => type === "positional");
  for (const [at, [positional, { required, valueHint }]] of positionals.entries()) {
    const word = words[at];
    if (word === undefined && required !== false)
      throw usage(`${(valueHint ?? positional).toUpperCase()} is missing.`);
    args[positional] = word;
  }
  for (const [flag, { required }] of flags) {
    if (required === true && args[flag] === undefined) throw usage(`--${flag} is missing.`);
  }
  const surplus = many === true ? undefined : words[positionals.length];
  if (surplus !== undefined) throw usage(`${surplus} is one word too many.`);
  return { args, given: { words, all: (flag) => values.get(flag) ?? [] } };
}

/** A flag that takes a value or none, and has no word behind it that could be one. */
function mayStandBare(arg: string, next: string | undefined, defined: ArgsDef): boolean {
  const isFlag = arg.startsWith("--") && defined[arg.slice(2)]?.bare === true;
  return isFlag && (next === undefined || next.startsWith("-"));
}

function unknownFlag(name: string, rawName: string, known: readonly string[]): UsageProblem {
  const guess = didYouMean(rawName.replace(/^-+/, ""), known).replace("mean ", "mean --");
  return new UsageProblem(`There is no flag ${rawName}.${guess}${seeHelp(name)}`);
}
