// Asks before something is lost. Where nobody can be asked, --yes has to say it.

import { UsageProblem } from "../failure.ts";
import { mayAsk } from "./terminal.ts";

export const YES_ARG = {
  yes: { type: "boolean", alias: "y", description: "Do it without asking" },
} as const;

/** True when it may be done. */
export async function confirmed(question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true;
  if (!mayAsk) throw new UsageProblem(`${question} Nobody is here to be asked: add --yes to do it.`);
  const { confirm } = await import("@clack/prompts");
  return (await confirm({ message: question, initialValue: false, output: process.stderr })) === true;
}
