// `npm run bench [-- name ...] [--seconds N] [--rounds N] [--minutes N] [--topology T] [--rag FOLDER] [--json] [--accept]`: runs the
// benches of this folder, all or those whose names are, or contain, one of the given words, and prints what they found. What is slower
// than its bar is said, not punished: the command fails only when a bench could not run.

import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { accept, changeOf, type Machine, readBaseline } from "./report/baseline.ts";
import { ROUNDS_MIN } from "./report/rounds.ts";
import {
  type Bench,
  type Finding,
  type Settings,
  type Topology,
  TOPOLOGIES,
  verdictOf,
} from "./report/row.ts";
import { table } from "./report/table.ts";

/** Long beside a 10 ms tick of the CPU clock, short beside what a neighbour does to the machine. */
const SECONDS_DEFAULT = 1.5;
const ROUNDS_DEFAULT = 7;
/** Enough to see that a soak runs; what it finds is believed after twenty. */
const MINUTES_DEFAULT = 0.5;

const folder = dirname(fileURLToPath(import.meta.url));

async function benches(words: readonly string[]): Promise<Bench[]> {
  const names = [...new Bun.Glob("*.bench.ts").scanSync(folder)].sort();
  const whole = new Set(names.map((name) => name.replace(".bench.ts", "")));
  // `matrix` is a bench, and a part of another's name.
  const isMeant = (name: string, word: string): boolean =>
    whole.has(word) ? name === `${word}.bench.ts` : name.includes(word);
  const wanted = names.filter((name) => words.length === 0 || words.some((word) => isMeant(name, word)));
  if (wanted.length === 0)
    throw new Error(`No bench is called ${words.join(" or ")}. There are ${names.join(", ")}.`);
  return Promise.all(
    wanted.map(async (name) => ((await import(join(folder, name))) as { readonly bench: Bench }).bench),
  );
}

function number(text: string | undefined, name: string, fallback: number, min: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value >= min)) throw new Error(`--${name} takes a number, ${min} or more.`);
  return value;
}

function topologies(text: string | undefined): readonly Topology[] {
  if (text === undefined) return TOPOLOGIES;
  const wanted = TOPOLOGIES.filter((name) => name === text);
  if (wanted.length === 0) throw new Error(`--topology takes ${TOPOLOGIES.join(" or ")}.`);
  return wanted;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function help(): Promise<string> {
  const found = await benches([]);
  const width = Math.max(...found.map(({ name }) => name.length));
  const list = found.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `npm run bench -- [NAME ...] [options]

Runs the benches whose names contain one of the words, or all:
${list.join("\n")}

  --seconds N     of a measurement (${SECONDS_DEFAULT})
  --rounds N      measurements of a row (${ROUNDS_DEFAULT})
  --minutes N     of a soak (${MINUTES_DEFAULT})
  --topology T    ${TOPOLOGIES.join(" or ")}; both by default
  --rag FOLDER    retrieval over a RAG export (exports/rag/NAME), in place of the judged orders
  --json          the rows as JSON
  --accept        keep the figures as the baseline
`;
}

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: "string" },
      rounds: { type: "string" },
      minutes: { type: "string" },
      topology: { type: "string" },
      rag: { type: "string" },
      json: { type: "boolean", default: false },
      accept: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(await help());
    return 0;
  }
  const settings: Settings = {
    seconds: number(values.seconds, "seconds", SECONDS_DEFAULT, 0.1),
    rounds: Math.floor(number(values.rounds, "rounds", ROUNDS_DEFAULT, ROUNDS_MIN)),
    minutes: number(values.minutes, "minutes", MINUTES_DEFAULT, 0.1),
    topologies: topologies(values.topology),
    rag: values.rag,
  };
  const machine: Machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, bun: Bun.version };
  const loadBefore = loadavg()[0] ?? 0;
  const findings: Finding[] = [];
  const failures: { bench: string; error: string }[] = [];
  for (const bench of await benches(positionals)) {
    say(`${bench.name}: ${bench.summary}`);
    try {
      for (const row of await bench.rows(settings)) findings.push({ bench: bench.name, row });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      failures.push({ bench: bench.name, error: text });
      say(`${bench.name} could not run: ${text}`);
    }
  }
  const baseline = await readBaseline();
  if (values.accept) await accept(findings, machine);
  const rows = findings.map(({ bench, row }) => ({
    bench,
    ...row,
    verdict: verdictOf(row),
    change: changeOf(baseline, bench, row),
  }));
  const report = values.json
    ? JSON.stringify({ machine, load_average: loadBefore, settings, rows, failures }, null, 2)
    : `${table(findings, baseline)}\n\n${machine.cores} x ${machine.cpu}, Bun ${machine.bun}, load average ${loadBefore.toFixed(1)} before the run`;
  process.stdout.write(`${report}\n`);
  return failures.length === 0 ? 0 : 1;
}

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
