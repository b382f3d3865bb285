// `--help`: generated from the same data as the parser of the flags, so that the two cannot differ.

import type { Arg, ArgsDef, Command } from "./command.ts";
import { programName } from "./program.ts";
import { wrapped } from "./terminal/wrap.ts";

const INDENT = "  ";
/** Lines longer than this are hard to read, however wide the terminal. */
const WIDTH_MAX = 100;
const LABEL_WIDTH_MAX = 30;

type Emphasis = (text: string) => string;

export function rootHelp(
  summaries: readonly (readonly [
    section: string,
    commands: readonly (readonly [name: string, summary: string])[],
  ])[],
  bold: Emphasis,
): string {
  const program = programName();
  const width = Math.max(...summaries.flatMap(([, commands]) => commands.map(([name]) => name.length)));
  const sections = summaries.map(([section, commands]) =>
    [bold(section), ...commands.map(([name, summary]) => `${INDENT}${name.padEnd(width)}  ${summary}`)].join(
      "\n",
    ),
  );
  return [
    "Lakehouse: SQL and search over the files of an operations team.",
    `${bold("Usage")}\n${INDENT}lakehouse COMMAND [options]`,
    ...sections,
    `${bold("First steps")}\n${INDENT}${program} demo  See it work on a sample, in one command\n${INDENT}${program} up    Start your own house; then, elsewhere: ${program} ingest people.csv --dataset people`,
    "Every command has --help, with examples. Data goes to stdout, messages to stderr; -o json is for scripts.\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 rejected, 4 not found, 5 unreachable, 130 interrupted.",
  ].join("\n\n");
}

export function commandHelp(command: Command, bold: Emphasis): string {
  const parts = [`${command.summary}.`];
  if (command.details !== undefined) parts.push(wrapped(command.details, WIDTH_MAX).join("\n"));
  parts.push(`${bold("Usage")}\n${INDENT}lakehouse ${usageOf(command)}`);
  if (command.commands !== undefined) parts.push(`${bold("Commands")}\n${commandLines(command.commands)}`);
  const { positionals, flags } = rowsOf(command.args);
  if (positionals.length > 0) parts.push(`${bold("Arguments")}\n${labelled(positionals)}`);
  parts.push(`${bold("Options")}\n${labelled([...flags, [`${INDENT}${INDENT}--help`, "Show this"]])}`);
  parts.push(`${bold("Examples")}\n${command.examples.map((line) => `${INDENT}${line}`).join("\n")}`);
  return parts.join("\n\n");
}

function usageOf({ name, args, many, commands }: Command): string {
  if (commands !== undefined) return `${name} COMMAND [options]`;
  const words: string[] = [];
  for (const [key, arg] of Object.entries(args)) {
    if (arg.type !== "positional") continue;
    const label = `${(arg.valueHint ?? key).toUpperCase()}${many === true ? "..." : ""}`;
    words.push(arg.required === false ? `[${label}]` : label);
  }
  for (const [key, arg] of Object.entries(args)) {
    if (arg.type !== "positional" && arg.required === true) words.push(`--${key} ${hintOf(key, arg)}`);
  }
  return [name, ...words, "[options]"].join(" ");
}

function commandLines(commands: Readonly<Record<string, Command>>): string {
  return labelled(Object.entries(commands).map(([name, { summary }]) => [name, summary] as const));
}

type Row = readonly [label: string, text: string];

function rowsOf(args: ArgsDef): { positionals: Row[]; flags: Row[] } {
  const positionals: Row[] = [];
  const flags: Row[] = [];
  for (const [key, arg] of Object.entries(args)) {
    const text = arg.description;
    if (arg.type === "positional") {
      positionals.push([(arg.valueHint ?? key).toUpperCase(), text]);
      continue;
    }
    const short = arg.alias;
    const hint = arg.type === "boolean" ? "" : ` ${hintOf(key, arg)}`;
    flags.push([`${short === undefined ? INDENT + INDENT : `-${short}, `}--${key}${hint}`, text]);
  }
  return { positionals, flags };
}

function hintOf(key: string, arg: Arg): string {
  return arg.valueHint ?? key.toUpperCase().replaceAll("-", "_");
}

function labelled(rows: readonly Row[]): string {
  const width = Math.min(LABEL_WIDTH_MAX, Math.max(...rows.map(([label]) => label.length)));
  const margin = INDENT.length + width + 2;
  return rows
    .flatMap(([label, text]) => {
      const [first = "", ...rest] = wrapped(text, WIDTH_MAX - margin);
      const head =
        label.length > width
          ? [`${INDENT}${label}`, `${" ".repeat(margin)}${first}`]
          : [`${INDENT}${label.padEnd(width)}  ${first}`];
      return [...head, ...rest.map((line) => " ".repeat(margin) + line)];
    })
    .map((line) => line.trimEnd())
    .join("\n");
}
