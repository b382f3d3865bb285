// `lakehouse serve`: one service as a process of its own, for a supervisor: `up --apart`, systemd, Kubernetes.

import { SERVICE_NAMES } from "#contracts/services";
import type { DaemonMessage, GatewayOrder } from "#topology/supervised-process";
import type { DaemonName } from "#topology/daemon-process";
import { HOUSE_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { UsageProblem } from "../failure.ts";
import { exitOnUncaught } from "#lib/log";
import { didYouMean } from "#lib/nearest";
import { logOf } from "../run-house.ts";

const NAMES: readonly DaemonName[] = ["gateway", ...SERVICE_NAMES];

export const serve = command({
  name: "serve",
  summary: "Run a single service of a house",
  details:
    "`lakehouse up --apart` does this for all of them. All services of one house need the same data folder: it is how they find each other.",
  args: {
    service: { type: "positional", required: true, description: `One of: ${NAMES.join(", ")}` },
    ...HOUSE_ARGS,
    "take-over": {
      type: "boolean",
      description: "For the gateway: replace the running one without a failed request",
    },
    log: {
      type: "string",
      valueHint: "LEVEL",
      description: "Lowest level that is logged: debug, info, warn or error (LAKEHOUSE_LOG)",
    },
  },
  examples: [
    "lakehouse serve storaged --data /srv/lakehouse",
    "lakehouse serve gateway --data /srv/lakehouse --port 3110",
  ],
  run: async (args) => {
    const name = NAMES.find((known) => known === args.service);
    if (name === undefined) {
      throw new UsageProblem(
        `There is no service ${args.service}.${didYouMean(args.service, NAMES)}\nServices: ${NAMES.join(", ")}`,
      );
    }
    const settings = settingsOf(args);
    const log = logOf(settings).with({ service: name });
    exitOnUncaught(log);
    const { serveDaemon } = await import("#topology/daemon-process");
    const { untilReplaced, untilStopped } = await import("#topology/lifecycle");
    const takeOver = args["take-over"] === true;
    const supervised = process.send !== undefined;
    const daemon = await serveDaemon(settings, name, log, { takeOver, supervised });
    const ends = [untilStopped(daemon, (reason) => log.info("stopping", { reason }))];
    const report = (message: DaemonMessage): void => void process.send?.(message);
    const { gateway } = daemon;
    if (gateway !== undefined) {
      // Under `up --apart` it waits for the other daemons to start; alone it uses those that run already.
      if (!supervised && takeOver) await gateway.open();
      process.on("message", (message) => {
        if (message === ("open" satisfies GatewayOrder)) void gateway.open();
      });
      const serveAgain = (): Promise<void> | void =>
        supervised ? report({ state: "successor_failed" }) : gateway.open();
      ends.push(untilReplaced(gateway, () => report({ state: "handed_over" }), serveAgain));
    }
    report({ state: "ready", address: daemon.address });
    log.info("ready", { address: daemon.address });
    await Promise.race(ends);
  },
});
