// `lakehouse demo`: all services in one process, on a sample or on the user's own files, through the public HTTP API. Steps
// run in order; each prints what was done, how much and how long it took. A second run over the same folder does not load
// or build again what is there. The steps are in demo/steps.ts.

import { resolve } from "node:path";
import { Fault, toFault } from "#rpc/fault";
import type { RunningHouse } from "#topology/together";
import { HOUSE_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import type { Stage, StepDetail, StepReport } from "../demo/stage.ts";
import { STEPS } from "../demo/steps.ts";
import { EXIT, failureOf } from "../failure.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { jsonText } from "../terminal/output.ts";
import { duration } from "../terminal/plain-text.ts";
import { programName } from "../program.ts";
import { dataFlag, urlsOf } from "../run-house.ts";
import { columnsOf, type Paint, paintOut, paintTalk, say, stdoutIsTty, write } from "../terminal/terminal.ts";
import { wrapped } from "../terminal/wrap.ts";

interface StepRecord {
  readonly name: string;
  readonly ok: boolean;
  readonly took_ms: number;
  readonly detail: StepDetail;
}

const DATA_STANDARD = resolve("./lakehouse-data");

export const demo = command({
  name: "demo",
  summary: "See it work: sample data, SQL, search and an order's life, in one process",
  details:
    "Starts a house, loads 5,000 made-up workers and 500 orders (or your files), runs a SQL query, builds a corpus and searches it six times, and fills an order: people who may not be sent are refused, drafts of a model are corrected, an outcome moves the next ranking. The model is scripted unless LAKEHOUSE_CHAT_MODEL names one. Then it serves until Ctrl-C, for you to try.",
  args: {
    workers: {
      type: "string",
      valueHint: "FILE",
      description:
        "Your workers instead of the sample: CSV or Parquet with an id, a role, a city and a state",
    },
    orders: {
      type: "string",
      valueHint: "FILE",
      description: "Your orders instead of the sample: CSV or Parquet",
    },
    once: { type: "boolean", description: "Exit after the last step instead of serving" },
    json: { type: "boolean", description: "Print one JSON object on stdout; progress goes to stderr" },
    ...HOUSE_ARGS,
  },
  examples: [
    "lakehouse demo",
    "lakehouse demo --once --json",
    "lakehouse demo --workers people.csv --orders orders.parquet --data ./mine",
    "lakehouse demo --port 0",
  ],
  run: async (args) => {
    const settings = settingsOf({ ...args, apart: false, workers: undefined, orders: undefined });
    const json = args.json === true;
    const paint = json ? paintTalk : paintOut;
    const print = json
      ? (line: string): Promise<void> => Promise.resolve(say(line))
      : (line: string): Promise<void> => write(`${line}\n`);
    const width = json ? columnsOf(process.stderr) : stdoutIsTty ? columnsOf(process.stdout) : 120;
    const interrupt = watchInterrupt();
    const stage: Stage = {
      settings,
      own: { workers: args.workers, orders: args.orders },
      startedAt: performance.now(),
      signal: interrupt.signal,
      width,
      paint,
    };
    await print(`${paint("bold", "Lakehouse demo.")} Everything runs on this machine, in this one process.`);
    const { records, failure } = await runSteps(stage, print);
    const { house } = stage;
    const urls = house === undefined ? null : urlsOf(house.url);
    if (json)
      await write(jsonText({ ok: failure === undefined, steps: records, urls, data_dir: settings.data }));
    if (failure !== undefined || args.once === true || house === undefined) {
      await house?.close();
      interrupt.stop();
      if (failure !== undefined) throw failure;
      if (!json)
        await print(
          `\nDone in ${duration(performance.now() - stage.startedAt)}. Run it without --once to keep it serving.`,
        );
      return EXIT.ok;
    }
    for (const line of nextLines(house, stage.fillPage, dataFlag(settings, DATA_STANDARD), paint))
      await print(line);
    await serveUntilStopped(house, interrupt.stop);
    return EXIT.ok;
  },
});

async function runSteps(
  stage: Stage,
  print: (line: string) => Promise<void>,
): Promise<{ records: StepRecord[]; failure?: unknown }> {
  const records: StepRecord[] = [];
  const total = Object.keys(STEPS).length;
  for (const [name, step] of Object.entries(STEPS)) {
    const started = performance.now();
    const took = (): number => Math.round((performance.now() - started) * 10) / 10;
    try {
      if (stage.signal.aborted) throw new Fault("cancelled", "Interrupted.");
      const { detail, report } = await step(stage);
      records.push({ name, ok: true, took_ms: took(), detail });
      for (const line of stepLines(`${records.length}/${total}`, report, took(), stage)) await print(line);
    } catch (thrown) {
      const failure = stage.signal.aborted ? new Fault("cancelled", "Interrupted.") : thrown;
      const { code } = toFault(failure);
      const message = failureOf(failure).lines.join(" ");
      records.push({ name, ok: false, took_ms: took(), detail: { error: { code, message } } });
      await print(
        `\n${stage.paint("red", `${records.length}/${total}`)}  ${stage.paint("bold", `The step ${name} failed`)}`,
      );
      return { records, failure };
    }
  }
  return { records };
}

function stepLines(
  number: string,
  { title, lines }: StepReport,
  tookMs: number,
  { width, paint }: Stage,
): string[] {
  const time = duration(tookMs);
  const head = `${number}  ${title}`;
  const space = Math.max(2, Math.min(width, 78) - Bun.stringWidth(head) - time.length);
  return [
    "",
    `${paint("green", number)}  ${paint("bold", title)}${" ".repeat(space)}${paint("dim", time)}`,
    ...lines.map((line) => `     ${line}`.trimEnd()),
  ];
}

function nextLines(
  { url }: RunningHouse,
  fillPage: string | undefined,
  data: string,
  paint: Paint,
): string[] {
  const rows = [
    ["Console", url, "the fill desk and the board"],
    ...(fillPage === undefined ? [] : [["An order", fillPage, "to fill in the browser"]]),
    ["API page", `${url}/docs`, "every operation, to read and try"],
    ["Health", `${url}/v1/health`, ""],
  ];
  const program = programName();
  const tries = [
    `${program} search 'two welders Cleveland OH nights'${data}`,
    `${program} sql 'SELECT role, count(*) AS people FROM workers GROUP BY role'${data}`,
    `${program} ingest yours.csv --dataset yours${data}`,
  ];
  return [
    "",
    paint("bold", "It is ready and serves until Ctrl-C."),
    ...rows.map(
      ([name = "", address = "", what = ""]) =>
        `     ${name.padEnd(10)}${address}${what === "" ? "" : `  ${paint("dim", what)}`}`,
    ),
    "",
    "     In another terminal:",
    ...tries.map((line) => `       ${line}`),
  ];
}

async function serveUntilStopped(house: RunningHouse, stopWatching: () => void): Promise<void> {
  const { untilStopped } = await import("#topology/lifecycle");
  const ended = untilStopped(house, () =>
    say("\nStopping: requests in progress are completed. Ctrl-C again aborts them."),
  );
  stopWatching();
  await ended;
  for (const line of wrapped(
    "Stopped. The data stays in the data folder for the next start.",
    columnsOf(process.stderr),
  ))
    say(line);
}
