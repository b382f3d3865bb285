// The fault bench's command. Each part prints its figure last, and exits with 1 on a violation after printing the
// command that makes it again. `--help` lists the parts; README.md says what their last lines mean.

import { parseArgs } from "node:util";
import {
  type Compared,
  compareVariants,
  VARIANT_KINDS,
  type VariantKind,
} from "#services/ingestd/variants/judge.testing";
import { seeded } from "#lib/random";
import { startHouse, TOPOLOGIES } from "../house/house.ts";
import { HISTORIES, HISTORY_NAMES, type HistoryName, type Ran, runHistories } from "./histories.ts";
import { oneByteChunks } from "./chunks.ts";
import { firewall, killRuns } from "./distill.ts";
import { killFills } from "./fills.ts";
import { type Death, DEATHS, killRounds } from "./kill.ts";
import { prepareGate, recordAtRandom, tryGate } from "./gate.ts";
import { KIND_NAMES, KINDS, type KindName, mutate } from "./mutations.ts";
import { type Line, LINES, networkRounds } from "./network.ts";
import { PAIRS, racedKeys, twoOwners, waysHere } from "./owners.ts";
import { s3Soak } from "./s3-soak.ts";
import { canMount, withFullDisk } from "./space.ts";
import { ERRORS, FAILED_AT, hasStrace, type Injection, KILLED_AT, runAt, sweep } from "./syscalls.ts";
import { WRITER_NAMES, type WriterName } from "./writers.ts";

const HELP = `Faults on purpose, and what the house makes of them. Each part ends with a line of figures; a violation
is a line that begins with WRONG, and the exit code is then 1.

  npm run faults -- PART [options]

  simulate  seeded histories of catalogd's commits and vectord's log       --seeds 100000 --from 0 --processes 2
            over disks, stores and networks that fail; 5 minutes            --only commits|drops|log
  kill      kill -9 of a house, or a daemon of it, while clients write;     --rounds 200 --seed S
            1 to 3 s a round                                                --only together|apart|daemons
  fills     kill -9 among fifty proposals at once; some 10 s a round        --rounds 200 --seed S
                                                                            --only together|apart|daemons
  syscalls  each writer dies, or is refused, at each system call that       --every 1 --only WRITER
            changes the disk; minutes a writer; needs strace
  room      a disk that fills up and gets room again; seconds;              --only WRITER
            needs the right to mount
  mutate    damage to every kind of file; 1 to 150 ms each                  --count 2000 --seed S --only KIND
  owners    every pair of processes that would own one folder, by its     --only up|"up --apart"|serve
            path, a link and a bind mount; keys that are changed at once;
            3 s a pair
  chunks    bodies in chunks of one byte to each kind of route; seconds     --count 4000000 (bytes a body)
  network   lines between daemons, and to S3, that fail; 1 to 2 s a round   --rounds 200 --seed S --only daemons|s3
  ingest-variants                                                           --files 100000 --from 1 --processes 2
            generated files against a reference: CSV of every dialect       --only csv|sifted|json|parquet|xlsx
            with odd values (20 ms a file), large CSV whose odd rows alone
            are read by our parser (1 s), JSON, Parquet, workbooks
  gate      random records and queries, of which none may cross roles,      --count 100000 (pairs) --seed S
            in both topologies, one actor with 10,000 records; minutes      --records 3000 --only together|apart
  firewall  generated rows that must train no model, through every export     --rows 100000 --seed S
            for every trainer; minutes
  distill   kill -9 of distill run at drawn moments; 1 s a round              --rounds 100 --seed S
  s3        clients of an S3 server that fails; 3 ms an operation           --count 2000 --seed S
  all       all of these, one after the other

  trace     one history, step by step                                       --from SEED --only commits|drops|log
  syscall   one run of a writer:  syscall WRITER CALLS N INJECTION

  WRITER is one of: ${WRITER_NAMES.join(", ")}.
  KIND is one of: ${KIND_NAMES.join(", ")}.`;

const OPTIONS = {
  help: { type: "boolean", default: false },
  rounds: { type: "string", default: "200" },
  seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
  only: { type: "string" },
  every: { type: "string", default: "1" },
  count: { type: "string", default: "2000" },
  seeds: { type: "string", default: "100000" },
  from: { type: "string", default: "0" },
  processes: { type: "string", default: "2" },
  files: { type: "string", default: "100000" },
  rows: { type: "string", default: "100000" },
  records: { type: "string" },
} as const;

const { values, positionals } = parseArgs({
  // Imported, it is asked with `faults`.
  args: import.meta.main ? process.argv.slice(2) : [],
  allowPositionals: true,
  options: OPTIONS,
});
const seed = Number(values.seed);
const [what = "all", ...words] = positionals;

function chosen<T extends string>(all: readonly T[]): readonly T[] {
  return all.filter((name) => values.only === undefined || name === values.only);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints what is wrong and how to see it again; true when nothing is. */
function judged(wrong: readonly string[], again: string): boolean {
  for (const line of wrong) say(`WRONG ${line}`);
  if (wrong.length > 0) say(`again: bun test/fault/run.ts ${again}`);
  return wrong.length === 0;
}

async function kill(): Promise<boolean> {
  let fine = true;
  for (const death of chosen<Death>(DEATHS)) {
    const started = performance.now();
    const report = await killRounds(seed, Number(values.rounds), death);
    fine = judged(report.wrong, `kill --rounds ${values.rounds} --seed ${seed} --only ${death}`) && fine;
    say(
      `kill ${death}, seed ${seed}: ${report.rounds} rounds, ${report.acknowledged} writes acknowledged, ${report.unanswered} unanswered, ${report.wrong.length} wrong, ${secondsSince(started)} s`,
    );
  }
  return fine;
}

async function fills(): Promise<boolean> {
  let fine = true;
  for (const death of chosen<Death>(DEATHS)) {
    const started = performance.now();
    const report = await killFills(seed, Number(values.rounds), death);
    fine = judged(report.wrong, `fills --rounds ${values.rounds} --seed ${seed} --only ${death}`) && fine;
    say(
      `fills ${death}, seed ${seed}: ${report.rounds} rounds, ${report.acknowledged} changes acknowledged, ${report.unanswered} unanswered, ${report.wrong.length} wrong, ${secondsSince(started)} s`,
    );
  }
  return fine;
}

async function syscalls(): Promise<boolean> {
  if (!hasStrace) {
    say("syscalls: strace is missing; install it with: apt-get install strace");
    return true;
  }
  let fine = true;
  const raw = new Set<string>();
  for (const writer of chosen<WriterName>(WRITER_NAMES)) {
    const started = performance.now();
    const injections: [string, Injection][] = [
      ...KILLED_AT.map((calls): [string, Injection] => [calls, "signal=SIGKILL"]),
      ...FAILED_AT.flatMap((calls) => ERRORS.map((error): [string, Injection] => [calls, `error=${error}`])),
    ];
    const total = { runs: 0, killed: 0, faults: 0 };
    for (const [calls, injection] of injections) {
      const done = await sweep(writer, calls, injection, Number(values.every));
      total.runs += done.runs;
      total.killed += done.killed;
      total.faults += done.faults;
      for (const line of done.raw) raw.add(line);
      fine = judged(done.wrong, `syscalls --only "${writer}"`) && fine;
    }
    say(
      `syscalls ${writer}: ${total.runs} runs, ${total.killed} killed, ${total.faults} failures told, ${secondsSince(started)} s`,
    );
  }
  for (const line of raw) say(`not yet a fault: ${line}`);
  return fine;
}

async function room(): Promise<boolean> {
  if (!canMount()) {
    say("room: this user may not mount a disk; run it as root");
    return true;
  }
  let fine = true;
  for (const writer of chosen<WriterName>(WRITER_NAMES)) {
    const { before, said, clear, wrong } = await withFullDisk(writer);
    fine = judged(wrong, `room --only "${writer}"`) && fine;
    say(`room ${writer}: full after ${before} steps, ${clear ? "fault" : "not yet a fault"}: ${said}`);
  }
  return fine;
}

async function mutations(): Promise<boolean> {
  let fine = true;
  for (const kind of chosen<KindName>(KIND_NAMES)) {
    const { found, harmless, silent, examples, bugs } = await mutate(kind, seed, Number(values.count));
    const wrong = KINDS[kind].checksummed ? [...bugs, ...examples] : bugs;
    fine = judged(wrong, `mutate --count ${values.count} --seed ${seed} --only "${kind}"`) && fine;
    if (!KINDS[kind].checksummed) for (const line of examples) say(`no checksum, ${kind}: ${line}`);
    say(
      `mutate ${kind}, seed ${seed}: ${values.count} mutations, ${found} found, ${harmless} harmless, ${silent} silent`,
    );
  }
  return fine;
}

/** The seeds of each kind of history, dealt to processes of one core each. */
async function simulation(): Promise<boolean> {
  const processes = Math.max(1, Number(values.processes));
  const share = Math.ceil(Number(values.seeds) / processes);
  let fine = true;
  for (const name of chosen<HistoryName>(HISTORY_NAMES)) {
    const started = performance.now();
    const shares = await Promise.all(
      Array.from({ length: processes }, (_, n) =>
        simulateApart(name, Number(values.from) + n * share, share),
      ),
    );
    const sum = (of: (ran: Ran) => number): number => shares.reduce((total, ran) => total + of(ran), 0);
    for (const { failed } of shares) {
      if (failed === undefined) continue;
      fine = judged(failed.outcome.violations, `trace --from ${failed.seed} --only ${name}`) && fine;
    }
    say(
      `simulate ${name}: ${sum(({ seeds }) => seeds)} seeds from ${values.from}, ${sum(({ acknowledged }) => acknowledged)} writes acknowledged, ${sum(({ crashes }) => crashes)} crashes, ${secondsSince(started)} s, ${shares.filter(({ failed }) => failed !== undefined).length} failed`,
    );
  }
  return fine;
}

async function simulateApart(name: HistoryName, from: number, seeds: number): Promise<Ran> {
  const program = [process.execPath, "--no-env-file", import.meta.path, "share", name];
  const child = Bun.spawn([...program, String(from), String(seeds)], { stdout: "pipe", stderr: "inherit" });
  return JSON.parse(await new Response(child.stdout).text()) as Ran;
}

/** Files that differ before a process stops: more are rarely of another kind. */
const DIFFERENCES_MAX = 100;
/** Rows of the largest generated files, up to some megabytes. */
const VARIANT_ROWS_MAX = 20_000;

/** Files of other kinds for one of CSV: their readers have fewer ways to read one. */
const VARIANT_SHARES: Readonly<Record<VariantKind, number>> = {
  csv: 1,
  sifted: 0.005,
  json: 0.2,
  parquet: 0.05,
  xlsx: 0.1,
};

async function ingestVariants(): Promise<boolean> {
  let fine = true;
  for (const kind of chosen<VariantKind>(VARIANT_KINDS)) {
    const files =
      values.only === undefined ? Number(values.files) * VARIANT_SHARES[kind] : Number(values.files);
    fine = (await variantsOf(kind, Math.ceil(files))) && fine;
  }
  return fine;
}

/** Files of one kind, dealt to processes of one core each, with a line on how far they are every few seconds. */
async function variantsOf(kind: VariantKind, files: number): Promise<boolean> {
  const started = performance.now();
  const processes = Math.max(1, Math.min(files, Number(values.processes)));
  const share = Math.ceil(files / processes);
  const first = Math.max(1, Number(values.from));
  const shares = Array.from({ length: processes }, (): Compared => NOTHING_COMPARED);
  const sum = (of: (compared: Compared) => number): number =>
    shares.reduce((total, compared) => total + of(compared), 0);
  const done = (): number => sum((compared) => compared.files);
  const differing = (): readonly string[] => shares.flatMap(({ differences }) => differences);
  const perSecond = (): string => ((done() * 1000) / (performance.now() - started)).toFixed(1);
  const found = new Set<string>();
  const told = setInterval(() => {
    say(
      `ingest-variants ${kind}: ${done()} of ${files} files, ${perSecond()} files/s, ${differing().length} differences`,
    );
  }, VARIANTS_TOLD_MS);
  try {
    await Promise.all(
      shares.map((_, n) =>
        variantsApart(kind, first + n * share, Math.min(share, files - n * share), (compared) => {
          shares[n] = compared;
          // A long run need not end before its first difference is looked at.
          for (const difference of compared.differences.filter((one) => !found.has(one))) {
            found.add(difference);
            say(`found: ${difference}`);
          }
        }),
      ),
    );
  } finally {
    clearInterval(told);
  }
  const again = /seed ([0-9]+)/.exec(differing()[0] ?? "")?.[1] ?? "1";
  const fine = judged(differing(), `ingest-variants --only ${kind} --files 1 --from ${again}`);
  say(
    `ingest-variants ${kind}: ${done()} files from ${first}, ${sum(({ rows }) => rows)} rows, ${Math.round(sum(({ bytes }) => bytes) / 1e6)} MB, ${secondsSince(started)} s, ${perSecond()} files/s, ${differing().length} differences`,
  );
  return fine;
}

const NOTHING_COMPARED: Compared = { files: 0, rows: 0, bytes: 0, differences: [] };
const VARIANTS_TOLD_MS = 5000;
/** A process tells how far it is so often, as a line of JSON. */
const SHARE_TOLD_MS = 1000;

async function variantsApart(
  kind: VariantKind,
  from: number,
  files: number,
  onCompared: (compared: Compared) => void,
): Promise<void> {
  const program = [process.execPath, "--no-env-file", import.meta.path, "variants"];
  const child = Bun.spawn([...program, kind, String(from), String(files)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onCompared(JSON.parse(line) as Compared);
  }
  if ((await child.exited) !== 0) throw new Error(`the files from ${from} ended with ${child.exitCode}`);
}

async function trace(): Promise<boolean> {
  for (const name of chosen<HistoryName>(HISTORY_NAMES)) {
    const outcome = await HISTORIES[name](Number(values.from));
    say(outcome.trace.join("\n"));
    for (const line of outcome.violations) say(`WRONG ${line}`);
    if (outcome.violations.length > 0) return false;
  }
  return true;
}

async function network(): Promise<boolean> {
  let fine = true;
  for (const line of chosen<Line>(LINES)) {
    const started = performance.now();
    const report = await networkRounds(seed, Number(values.rounds), line);
    fine = judged(report.wrong, `network --rounds ${values.rounds} --seed ${seed} --only ${line}`) && fine;
    say(
      `network ${line}, seed ${seed}: ${report.rounds} rounds, ${report.spoiled} connections spoiled, ${report.acknowledged} writes acknowledged, ${report.unanswered} unanswered, reads refused ${JSON.stringify(report.told)}, ${report.wrong.length} wrong, ${secondsSince(started)} s`,
    );
  }
  return fine;
}

async function owners(): Promise<boolean> {
  const started = performance.now();
  const wrong: string[] = [];
  let tried = 0;
  for (const [first, second] of PAIRS) {
    if (
      values.only !== undefined &&
      !(first === values.only || (values.only === "serve" && first.startsWith("serve")))
    )
      continue;
    for (const way of waysHere()) {
      wrong.push(...(await twoOwners(first, second, way)));
      tried += 1;
    }
  }
  const races = [await racedKeys(KEY_COMMANDS, false), await racedKeys(KEY_COMMANDS, true)];
  wrong.push(...races.flatMap((race) => race.wrong));
  const changes = races.reduce((sum, race) => sum + race.changes, 0);
  const fine = judged(wrong, "owners");
  say(
    `owners: ${tried} pairs (${waysHere().join(", ")}), ${changes} raced changes of keys, ${wrong.length} wrong, ${secondsSince(started)} s`,
  );
  return fine;
}

async function chunks(): Promise<boolean> {
  const started = performance.now();
  let fine = true;
  for (const apart of [false, true]) {
    // `--count` is 2000 for the parts that count calls.
    const bytes = values.count === OPTIONS.count.default ? CHUNKED_BYTES : Number(values.count);
    const report = await oneByteChunks(bytes, apart);
    fine = judged(report.wrong, `chunks --count ${bytes}`) && fine;
    say(
      `chunks ${apart ? "apart" : "together"}: ${report.bodies} bodies of ${report.chunks} chunks of one byte, /health answered ${report.health} times meanwhile, ${report.cpuS} s of the processor, grown by ${report.grownMib} MiB, ${report.wrong.length} wrong, ${secondsSince(started)} s`,
    );
  }
  return fine;
}

/** Records of the trial, and of one actor for one role. */
const GATE_RECORDS = { records: 3000, flood: 10_000 };
const GATE_PAIRS = 100_000;

async function gate(): Promise<boolean> {
  let fine = true;
  const drawn = { ...GATE_RECORDS, ...(values.records !== undefined && { records: Number(values.records) }) };
  for (const topology of chosen(TOPOLOGIES)) {
    const started = performance.now();
    const random = seeded(seed);
    const house = await startHouse(topology, { check_outputs: false });
    try {
      await prepareGate(house);
      await recordAtRandom(house, random, drawn);
      const pairsMin = values.count === OPTIONS.count.default ? GATE_PAIRS : Number(values.count);
      const { queries, pairs, lifted, blocked, wrong, p50Ms } = await tryGate(house, random, pairsMin);
      fine = judged(wrong, `gate --count ${pairsMin} --records ${drawn.records} --seed ${seed}`) && fine;
      const records = drawn.records + drawn.flood;
      say(
        `gate ${topology}, seed ${seed}: ${records} records, ${queries} queries, ${pairs} pairs, ${lifted} answers moved, ${blocked} records held back, a search of ${p50Ms.all.toFixed(1)} ms (p50; ${p50Ms.plain.toFixed(1)} without playbooks), ${wrong.length} leaks, ${secondsSince(started)} s`,
      );
    } finally {
      await house.close();
    }
  }
  return fine;
}

/** Enough that what is kept for each chunk shows. */
const CHUNKED_BYTES = 4_000_000;

/** Commands that change keys at the same time. */
const KEY_COMMANDS = 8;

async function s3(): Promise<boolean> {
  const started = performance.now();
  const report = await s3Soak(seed, Number(values.count));
  const fine = judged(report.wrong, `s3 --count ${values.count} --seed ${seed}`);
  say(
    `s3, seed ${seed}: ${report.operations} operations, ${report.injected} faults injected, ${report.acknowledged} writes acknowledged, told ${JSON.stringify(report.told)}, ${report.wrong.length} wrong, ${secondsSince(started)} s`,
  );
  return fine;
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 1000);
}

async function distillFirewall(): Promise<boolean> {
  const started = performance.now();
  const { rows, barred, exported, wrong } = await firewall(seed, Number(values.rows));
  const fine = judged(wrong, `firewall --rows ${values.rows} --seed ${seed}`);
  say(
    `firewall, seed ${seed}: ${rows} rows, ${barred} barred, ${exported} rows in all exports, ${wrong.length} leaks, ${secondsSince(started)} s`,
  );
  return fine;
}

async function distillKills(): Promise<boolean> {
  const started = performance.now();
  const { rounds, wrong } = await killRuns(seed, Number(values.rounds));
  const fine = judged(wrong, `distill --rounds ${values.rounds} --seed ${seed}`);
  say(`distill, seed ${seed}: ${rounds} runs killed, ${wrong.length} wrong, ${secondsSince(started)} s`);
  return fine;
}

const PARTS: Readonly<Record<string, () => Promise<boolean>>> = {
  kill,
  fills,
  syscalls,
  room,
  mutate: mutations,
  simulate: simulation,
  "ingest-variants": ingestVariants,
  network,
  owners,
  chunks,
  gate,
  firewall: distillFirewall,
  distill: distillKills,
  s3,
  trace,
  syscall: async () => {
    const [writer = "", calls = "", n = "1", injection = ""] = words;
    const run = await runAt(writer as WriterName, calls, Number(n), injection as Injection);
    say(JSON.stringify(run, null, 2));
    return run.wrong.length === 0;
  },
  share: async () => {
    const [name = "", from = "0", seeds = "0"] = words;
    say(JSON.stringify(await runHistories(name as HistoryName, Number(from), Number(seeds))));
    return true;
  },
  variants: async () => {
    const [kind = "csv", from = "1", files = "0"] = words;
    let told = performance.now();
    const onFile = (compared: Compared): void => {
      if (performance.now() - told < SHARE_TOLD_MS) return;
      told = performance.now();
      say(JSON.stringify(compared));
    };
    const limits = { rowsMax: VARIANT_ROWS_MAX, differencesMax: DIFFERENCES_MAX, onFile };
    say(JSON.stringify(await compareVariants(kind as VariantKind, Number(from), Number(files), limits)));
    return true;
  },
  all: async () => {
    let fine = true;
    for (const part of [
      simulation,
      ingestVariants,
      syscalls,
      room,
      mutations,
      s3,
      network,
      owners,
      chunks,
      gate,
      distillFirewall,
      distillKills,
      kill,
      fills,
    ])
      fine = (await part()) && fine;
    return fine;
  },
};

/** Runs a part by name. Resolves with the exit code: 1 when something is wrong, 2 when there is no such part. */
export async function faults(name: string): Promise<number> {
  if (values.help) {
    say(HELP);
    return 0;
  }
  const part = PARTS[name];
  if (part === undefined) {
    say(`There is no part ${name}. Known: ${Object.keys(PARTS).join(", ")}.`);
    return 2;
  }
  return (await part()) ? 0 : 1;
}

if (import.meta.main) process.exit(await faults(what));
