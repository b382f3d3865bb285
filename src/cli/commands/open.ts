// `lakehouse open`: the console of a running house in the browser. Where no browser can be started, its address is all there
// is to give.

import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { fillUrl } from "../run-house.ts";
import { EXIT } from "../failure.ts";
import { formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { isInteractive, say, write } from "../terminal/terminal.ts";

export const open = command({
  name: "open",
  summary: "Open the console in the browser",
  details:
    "Prints the address of the console, or of one fill in it, and opens it in the browser of this machine when a person runs it on a terminal.",
  args: {
    fill: { type: "positional", required: false, description: "A fill's id: its page instead of the desk" },
    print: { type: "boolean", description: "Print the address only" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse open", "lakehouse open f-7k3m9q2x", "lakehouse open --print"],
  run: async (args) => {
    const { url, get } = await connect(settingsOf(args));
    await get("/health");
    const page = args.fill === undefined ? `${url}/` : fillUrl(url, args.fill);
    const opened = args.print !== true && isInteractive && openInBrowser(page);
    if (!isForPeople(formatOf(args.output))) {
      await write(jsonText({ url: page, opened }));
      return EXIT.ok;
    }
    await write(`${page}\n`);
    if (!opened && args.print !== true) say("Open it in a browser on this machine.");
    return EXIT.ok;
  },
});

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
  linux: ["xdg-open"],
};

/** Whether a browser was started: a machine without a screen has none. */
function openInBrowser(page: string): boolean {
  const [program, ...rest] = OPENERS[process.platform] ?? [];
  if (program === undefined || Bun.which(program) === null) return false;
  Bun.spawn([program, ...rest, page], { stdio: ["ignore", "ignore", "ignore"] }).unref();
  return true;
}
