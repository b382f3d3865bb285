// `lakehouse up`: starts a house and serves until a signal stops it.

import { counted, duration } from "../terminal/plain-text.ts";
import { HOUSE_ARGS, OUTPUT_ARG, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { formatOf, isForPeople, jsonText, pairLines } from "../terminal/output.ts";
import { logOf, startHouse, urlsOf } from "../run-house.ts";
import { ReaderGone, say, write } from "../terminal/terminal.ts";

export const up = command({
  name: "up",
  summary: "Start a house and serve until Ctrl-C",
  details:
    "All data is kept in the data folder. Ctrl-C (or `lakehouse down` in another terminal) completes requests in progress before it stops; a second Ctrl-C aborts them.\n\nWith --take-over it replaces the house that runs over the folder, at the same address: the new process holds requests until the old one has completed those in progress and released the folder, and no request fails. Where no house runs it starts as usual.",
  args: {
    ...HOUSE_ARGS,
    apart: {
      type: "boolean",
      description: "One daemon per service instead of one process (LAKEHOUSE_APART)",
    },
    "take-over": {
      type: "boolean",
      description: "Replace the house that runs over the folder, without a failed request",
    },
    log: {
      type: "string",
      valueHint: "LEVEL",
      description: "Lowest level that is logged: debug, info, warn or error (LAKEHOUSE_LOG)",
    },
    ...OUTPUT_ARG,
  },
  examples: [
    "lakehouse up",
    "lakehouse up --data /srv/lakehouse --port 8080",
    "lakehouse up --apart",
    "lakehouse up --data /srv/lakehouse --take-over",
    "lakehouse up -o json > house.json &",
  ],
  run: async (args) => {
    const settings = settingsOf(args);
    const started = performance.now();
    const { readPidfile } = await import("#topology/pidfile");
    const before = args["take-over"] === true ? await readPidfile(settings.data) : undefined;
    if (before !== undefined) say(`Taking over from process ${before.pid}.`);
    const house = await startHouse(settings, logOf(settings), before !== undefined);
    const { untilStopped } = await import("#topology/lifecycle");
    const ended = untilStopped(house, () =>
      say("Stopping: requests in progress are completed. Ctrl-C again aborts them."),
    );
    const tookMs = performance.now() - started;
    const urls = urlsOf(house.url);
    if (!isForPeople(formatOf(args.output))) {
      await announce(
        jsonText({ ...urls, pid: process.pid, data_dir: settings.data, started_ms: Math.round(tookMs) }),
      );
    } else {
      await announce(
        `${pairLines([
          ["Console", urls.console],
          ["Gateway", urls.gateway],
          ["API page", urls.docs],
          ["Health", urls.health],
          ["Data", settings.data],
        ]).join("\n")}\n`,
      );
      const { SERVICE_NAMES } = await import("#contracts/services");
      const how = settings.apart ? "a process each" : "one process";
      say(
        `Ready in ${duration(tookMs)}: ${counted(SERVICE_NAMES.length, "service")}, ${how}. Ctrl-C stops it.`,
      );
    }
    const replaced = house.replaced.then(() => "Another process has taken over.");
    say(await Promise.race([ended.then(() => "Stopped."), replaced]));
  },
});

/** A house serves whether or not what it says of itself finds room: its output may be a file on the disk that is full. */
async function announce(text: string): Promise<void> {
  try {
    await write(text);
  } catch (error) {
    if (error instanceof ReaderGone) throw error;
    say(`The addresses of the house could not be printed: ${String(error)}`);
  }
}
