// Shell completion: `completion SHELL` prints a script that the shell loads once, and that script calls `complete` with the
// words typed so far. Both are generated from the commands by @bomb.sh/tab.

import tab, { type OptionHandler, script } from "@bomb.sh/tab";
import { type Command, type Entry, command } from "../command.ts";
import { UsageProblem } from "../failure.ts";
import { didYouMean } from "#lib/nearest";
import { LAUNCHER } from "../program.ts";
import { write } from "../terminal/terminal.ts";

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
  run: async ({ shell }) => {
    if (!SHELLS.some((known) => known === shell)) {
      throw new UsageProblem(
        `There is no completion for ${shell}.${didYouMean(shell, SHELLS)} Available: ${SHELLS.join(", ")}.`,
      );
    }
    if (shell === "bash") await write(BASH_WORDS);
    // The launcher by its full path: it need not be in PATH for Tab to work.
    script(
      shell,
      "lakehouse",
      shell === "powershell"
        ? `& '${LAUNCHER.replaceAll("'", "''")}'`
        : `'${LAUNCHER.replaceAll("'", `'\\''`)}'`,
    );
  },
});

/** Replaces the bash-completion package where it is not installed: the words of the line, split at blanks only. */
const BASH_WORDS = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        local line=\${COMP_LINE:0:COMP_POINT}
        read -ra words <<< "$line"
        [[ $line == *[[:space:]] ]] && words+=("")
        cword=$(( \${#words[@]} - 1 ))
        cur=\${words[cword]}
        prev=\${words[cword - 1]}
    }
fi
`;

/** The hidden command that prints completions, over all commands. */
export function completeOf(entries: Readonly<Record<string, Entry>>): Command {
  return {
    name: "complete",
    summary: "Completions for a shell",
    args: {},
    examples: ["lakehouse complete -- ingest --mo"],
    run: async (rawArgs) => {
      const visible = Object.entries(entries).filter(([, { hidden }]) => hidden !== true);
      const loaded = await Promise.all(visible.map(([, { load }]) => load()));
      for (const each of loaded) describe(each);
      tab.parse(rawArgs.slice(rawArgs.indexOf("--") + 1));
      return 0;
    },
  };
}

/** Registers a command and its subcommands with `tab`. An option with a handler takes a value; a fixed choice completes it. */
function describe({ name, summary, args, commands = {} }: Command): void {
  const known = tab.command(name, summary);
  for (const [flag, { type, description, alias, options = [] }] of Object.entries(args)) {
    if (type === "positional") known.argument(flag);
    else if (type === "boolean") known.option(flag, description, alias);
    else {
      const choices: OptionHandler = (give) => {
        for (const choice of options) give(choice, "");
      };
      known.option(flag, description, choices, alias);
    }
  }
  for (const below of Object.values(commands)) describe(below);
}
