// `lakehouse down`: stops the house that runs over a data folder. The process number in the pidfile may belong to another
// program by now, so the address is queried first and the process is stopped only when a gateway responds there.

import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connectTo } from "../connect.ts";
import { formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { duration } from "../terminal/plain-text.ts";
import { say, write } from "../terminal/terminal.ts";
import { Fault } from "#rpc/fault";
import { type Pidfile, isAlive, readPidfile } from "#topology/pidfile";
import { LOCK_WAIT_MS_MAX } from "#topology/lifecycle";

const LOOK_MS = 50;
/** As long as a take-over waits. */
const WAIT_MS_MAX = LOCK_WAIT_MS_MAX;

export const down = command({
  name: "down",
  summary: "Stop the house that runs over a data folder",
  details: "Requests in progress are completed first. Exits with 0 also when no house runs.",
  args: { ...DATA_ARG, ...OUTPUT_ARG },
  examples: ["lakehouse down", "lakehouse down --data /srv/lakehouse"],
  run: async (args) => {
    const settings = settingsOf(args);
    const format = formatOf(args.output);
    const pidfile = await readPidfile(settings.data);
    if (pidfile === undefined) {
      say(`No house runs over ${settings.data}: there is nothing to stop.`);
      if (!isForPeople(format)) await write(jsonText({ stopped: false, data_dir: settings.data }));
      return;
    }
    await checkIdentity(pidfile, settings.key);
    const started = performance.now();
    process.kill(pidfile.pid, "SIGTERM");
    while (isAlive(pidfile.pid)) {
      if (performance.now() - started > WAIT_MS_MAX) {
        throw new Fault(
          "timeout",
          `Process ${pidfile.pid} did not end within ${duration(WAIT_MS_MAX)}. End it with: kill -9 ${pidfile.pid}`,
        );
      }
      await Bun.sleep(LOOK_MS);
    }
    const tookMs = Math.round(performance.now() - started);
    say(`Stopped the house over ${settings.data} (process ${pidfile.pid}) in ${duration(tookMs)}.`);
    if (!isForPeople(format))
      await write(jsonText({ stopped: true, pid: pidfile.pid, took_ms: tookMs, data_dir: settings.data }));
  },
});

async function checkIdentity({ pid, url }: Pidfile, key: string): Promise<void> {
  const health =
    url === undefined
      ? undefined
      : await connectTo(url, key)
          .get("/health")
          .catch(() => undefined);
  if ((health as { service?: unknown } | undefined)?.service === "gateway") return;
  throw new Fault(
    "unavailable",
    `Process ${pid} is named in the pidfile, but does not respond as a house (${url ?? "it may be starting"}).\nLook at it with: ps -p ${pid} -- and if it is the house, stop it with: kill ${pid}`,
  );
}
