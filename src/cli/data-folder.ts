// Folders that a command works on and that must be there. A typing error in --data would otherwise look like a house that
// holds nothing, whose keys, damage and backup are none, and would leave a folder of that name behind.

import { stat } from "node:fs/promises";
import type { Settings } from "#config";
import { Fault } from "#rpc/fault";
import { settingsOf } from "./args.ts";

/** The settings of a data folder that is there. Throws `not_found` where it is not. */
export async function settingsOver(args: { readonly data?: string | undefined }): Promise<Settings> {
  const settings = settingsOf({ data: args.data });
  await requireFolder(settings.data, "Say where the house keeps its data, with --data or LAKEHOUSE_DATA.");
  return settings;
}

/** Throws `not_found` with `next`, what to do, where there is no such folder. */
export async function requireFolder(path: string, next: string): Promise<void> {
  if (await isFolder(path)) return;
  throw new Fault("not_found", `There is no folder ${path}. ${next}`);
}

/** Throws `forbidden` where that cannot be told: a folder without rights is not one that is missing. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw new Fault(
      "forbidden",
      `The folder ${path} cannot be looked at (${code}). Correct its permissions.`,
      {
        cause: error,
      },
    );
  }
}
