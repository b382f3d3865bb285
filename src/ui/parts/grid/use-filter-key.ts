// "/" goes to the filter of the first table of the page.

import { useCommands } from "../../shell/commands.ts";

export function useFilterKey(): void {
  useCommands([
    {
      name: "Filter the table",
      keys: "/",
      run: () => document.querySelector<HTMLInputElement>(".grid-find")?.focus(),
    },
  ]);
}
