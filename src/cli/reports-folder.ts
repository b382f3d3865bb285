// The folder for the reports of a long command, made before the work: afterwards its figures would be lost with it.

import { makeFolder } from "#lib/durable";
import { UsageProblem } from "./failure.ts";

/** Throws a UsageProblem where no report could be written to `folder`, which `flag` named. */
export async function reportsFolder(flag: string, folder: string): Promise<string> {
  try {
    await makeFolder(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" || code === "ENOTDIR" ? "a file is in its place" : (error as Error).message;
    throw new UsageProblem(`${flag} ${folder} cannot hold reports: ${why}. Name another folder.`);
  }
  return folder;
}
