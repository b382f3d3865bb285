// Asks for confirmation before data is lost. Without a terminal, --yes is required.

import { UsageProblem } from "../failure.ts";
import { isInteractive } from "./terminal.ts";

export const YES_ARG = {
  yes: { type: "boolean", alias: "y", description: "Do it without confirmation" },
} as const;

/** True when it is confirmed. */
export async function confirmed(prompt: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true;
  if (!isInteractive)
    throw new UsageProblem(`${prompt} There is no terminal to confirm in: add --yes to do it.`);
  const { confirm } = await import("@clack/prompts");
  return (await confirm({ message: prompt, initialValue: false, output: process.stderr })) === true;
}
