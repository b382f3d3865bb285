// Completion on Tab: `completion SHELL` prints what a shell has to load once, and that script asks `complete` with the
// words typed so far. Both come from the commands themselves, by way of @bomb.sh/tab.

import tab, { type OptionHandler, script } from "@bomb.sh/tab";
import tabOf from "@bomb.sh/tab/citty";
import type { CommandDef } from "citty";
import { type Command, type Entry, command } from "../command.ts";
import { UsageProblem } from "../failure.ts";
import { didYouMean } from "#lib/nearest";
import { LAUNCHER } from "../program.ts";

const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

export const completion = command({
  name: "completion",
  summary: "Complete commands in your shell",
  args: { shell: { type: "positional", required: true, description: SHELLS.join(", ") } },
  examples: [
    "source <(lakehouse completion bash)             # add this to ~/.bashrc",
    "source <(lakehouse completion zsh)              # add this to ~/.zshrc",
    "lakehouse completion fish > ~/.config/fish/completions/lakehouse.fish",
    "lakehouse completion powershell | Out-String | Invoke-Expression",
  ],
  run: ({ shell }) => {
    if (!SHELLS.some((known) => known === shell)) {
      throw new UsageProblem(
        `There is no completion for ${shell}.${didYouMean(shell, SHELLS)} It is for ${SHELLS.join(", ")}.`,
      );
    }
    // The launcher by its full path: it need not be in PATH for Tab to work.
    script(
      shell,
      "lakehouse",
      shell === "powershell"
        ? `& '${LAUNCHER.replaceAll("'", "''")}'`
        : `'${LAUNCHER.replaceAll("'", `'\\''`)}'`,
    );
    return Promise.resolve();
  },
});

/** The command that answers a shell's Tab, over the commands there are. */
export function completeOf(entries: Readonly<Record<string, Entry>>): Command {
  return {
    name: "complete",
    summary: "What the shell asks on Tab",
    args: {},
    examples: ["lakehouse complete -- ingest --mo"],
    run: async (rawArgs) => {
      const visible = Object.entries(entries).filter(([, { hidden }]) => hidden !== true);
      const loaded = await Promise.all(
        visible.map(async ([name, { load }]) => [name, await load()] as const),
      );
      const commands = Object.fromEntries(loaded);
      await tabOf(
        { meta: { name: "lakehouse", description: "Lakehouse" }, subCommands: mapped(commands, cittyOf) },
        { subCommands: mapped(commands, handlersOf) },
      );
      const end = rawArgs.indexOf("--");
      tab.parse(rawArgs.slice(end + 1));
      return 0;
    },
  };
}

function mapped<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

function cittyOf({ name, summary, args, commands }: Command): CommandDef {
  return {
    meta: { name, description: summary },
    args,
    ...(commands === undefined ? {} : { subCommands: mapped(commands, cittyOf) }),
  };
}

interface Handlers {
  options: Record<string, OptionHandler>;
  subCommands: Record<string, Handlers>;
}

/** An option with a handler takes a value; those with a fixed choice complete it. */
function handlersOf({ args, commands = {} }: Command): Handlers {
  const options = Object.entries(args).flatMap(([flag, arg]): [string, OptionHandler][] => {
    if (arg.type === "positional" || arg.type === "boolean") return [];
    const choices = "options" in arg ? (arg.options ?? []) : [];
    return [
      [
        flag,
        (give) => {
          for (const choice of choices) give(choice, "");
        },
      ],
    ];
  });
  return { options: Object.fromEntries(options), subCommands: mapped(commands, handlersOf) };
}
