// A journal on disk, of some full segments and one that is written, one of whose files is damaged. Each reading has a copy
// of the folder, since a journal that opens writes to it: to open it must find the damage by itself, and so must a
// verification of the same bytes.

import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { Fault } from "#rpc/fault";
import { prepareEvent } from "#services/journald/events/chained-event";
import { readPage } from "#services/journald/query";
import { verifyJournal } from "#services/journald/verify";
import type { Artefact } from "./mutations.ts";
import { eventsOf, journalIn } from "./writers/journald.ts";

const STEPS = 9;

/** The newest file of that name; with `killed` the folder is as it is while the journal is open, which is what kill -9 leaves. */
export function journalArtefact(
  file: RegExp,
  ending: "closed" | "killed" = "closed",
): (folder: string) => Promise<Artefact> {
  return async (folder) => {
    const [whole, tried, live] = [join(folder, "whole"), join(folder, "tried"), join(folder, "live")];
    const journal = await journalIn(live);
    for (let n = 0; n < STEPS; n += 1)
      await journal.append(eventsOf(n).map((event) => prepareEvent(event, systemClock.now(), "")));
    if (ending === "killed") cpSync(live, whole, { recursive: true });
    await journal.close();
    if (ending === "closed") cpSync(live, whole, { recursive: true });
    const names = readdirSync(join(whole, "journal")).filter((entry) => file.test(entry));
    const name = names.sort().at(-1) ?? "missing";
    return {
      path: join(whole, "journal", name),
      read: async () => {
        rmSync(tried, { recursive: true, force: true });
        cpSync(whole, tried, { recursive: true });
        const found = await verifyJournal(join(tried, "journal"), undefined, new AbortController().signal);
        const copy = await journalIn(tried).catch((error: unknown) => {
          // What opening refuses, verification must find too; a damaged index is nothing that either needs.
          if (found.ok) throw new Error(`it verifies, and does not open: ${String(error)}`);
          throw error;
        });
        try {
          if (!found.ok) throw new Error(`it opens, and does not verify: ${found.problem}`);
          const all = await readPage(copy, {}, 0, 1000);
          const one = await readPage(copy, { subject: "order-1" }, 0, 1000);
          return JSON.stringify([all.events, one.events, copy.end]);
        } finally {
          await copy.close();
        }
      },
      named: (error) => error instanceof Fault && error.message.includes("damaged"),
      close: () => Promise.resolve(),
    };
  };
}
