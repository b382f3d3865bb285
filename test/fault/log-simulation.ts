// Histories of vectord's log over a disk that tears, fails, reorders and forgets (simulated-disk.ts): writers that
// append at once, snapshots that begin segments and drop old ones, and lives that end in order, by a kill or by
// a power cut, between any two calls to the disk. The log is there when the first life begins: in a service it comes
// into being whole, with its folder.
//
// What must hold at each opening, whatever came before: everything that was acknowledged is there under its
// sequence, what is there is whole and there once, sequences have no gaps, and nothing is taken for damage. Over a disk
// that lies about its flushes the newest writes may be lost; losing an acknowledged one silently, torn or doubled
// writes are still violations, and a log that is found damaged ends the history, since only a repair opens it again.

import { join } from "node:path";
import type { Disk } from "#lib/disk";
import { writeDurably } from "#lib/durable";
import { type Random, seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { Log } from "#adapters/wal/log";
import { createLog } from "#adapters/wal/recovery";
import { SimulatedDisk } from "./simulated-disk.ts";
import { type Instance, type Outcome, World } from "./world.ts";

const LIVES_MAX = 4;
const WRITERS_MAX = 3;
const APPENDS_MAX = 3;
/** Records beyond a sector, so that one can be torn inside. */
const LARGE_BYTES_MAX = 2000;
/** A disk that fails now and then lets an opening through within so many tries. */
const OPENINGS_MAX = 200;
const FOLDER = "/index";
const SNAPSHOT = join(FOLDER, "snapshot");

export interface Plan {
  /** The one step before which the process dies, or the machine; chosen by the seed unless given. */
  readonly crash?: { readonly at: number; readonly power: boolean };
  /** Puts a fault into the disk, to see that the simulation would find it. */
  readonly plant?: (disk: Disk) => Disk;
}

export interface LogOutcome extends Outcome {
  readonly steps: number;
}

export async function simulateLog(seed: number, { crash: planned, plant }: Plan = {}): Promise<LogOutcome> {
  const random = seeded(seed);
  const failPercent = random.pick([0, 0, 2, 6, 15]);
  const crashPermille = planned === undefined ? random.pick([5, 20, 60]) : 0;
  const liePercent = random.below(12) === 0 ? 30 : 0;
  const world = new World(random, { failPercent, crashPermille });
  const disk = new SimulatedDisk(world, liePercent);
  const history = new History(world, liePercent > 0);
  let instance = world.instance();
  let steps = 0;
  let crashes = 0;
  const crash = (power: boolean): void => {
    instance.crash();
    if (power) disk.powerLoss();
    world.trace.push(power ? "the power goes" : "killed");
    crashes += 1;
  };
  const diskOf = (owner: Instance): Disk => (plant ?? unchanged)(disk.of(owner));
  try {
    const lives = async (): Promise<void> => {
      world.calm = true;
      await createLog(disk.of(instance), FOLDER, 0);
      world.calm = false;
      for (let life = 0; life < LIVES_MAX; life += 1) {
        instance = world.instance();
        await Promise.race([live(diskOf(instance), history, random), instance.crashed]).catch(ifCrashed);
        if (history.given) return;
      }
    };
    await world.run(lives(), () => {
      if (world.calm) return;
      steps += 1;
      if (steps === planned?.at) crash(planned.power);
      else if (random.below(1000) < crashPermille) crash(random.below(2) === 0);
    });
    world.calm = true;
    if (!history.given) {
      const last = await opened(diskOf(world.instance()), history).catch(ifCrashed);
      await last?.log.close();
    }
  } catch (error) {
    history.violations.push(error instanceof Error ? error.message : String(error));
  }
  const { violations, acked } = history;
  return { violations, trace: world.trace, acknowledged: acked.size, crashes, steps };
}

const unchanged = (disk: Disk): Disk => disk;

function ifCrashed(error: unknown): undefined {
  if (!(error instanceof Fault) || error.message !== "The connection broke.") throw error;
}

class History {
  readonly world: World;
  readonly lying: boolean;
  readonly violations: string[] = [];
  /** Texts by sequence, as they were acknowledged. */
  readonly acked = new Map<number, string>();
  readonly tried = new Set<string>();
  /** Set when what a lying disk lost cannot be gone on from. */
  given = false;

  constructor(world: World, lying: boolean) {
    this.world = world;
    this.lying = lying;
  }

  check(state: ReadonlyMap<number, string>, sequence: number): void {
    const texts = [...state.values()].filter((text) => text !== "");
    if (new Set(texts).size !== texts.length) this.violations.push("a write is there twice");
    for (const text of texts)
      if (!this.tried.has(text)) this.violations.push(`nothing wrote ${JSON.stringify(text.slice(0, 40))}`);
    for (let at = 1; at <= sequence; at += 1)
      if (!state.has(at)) this.violations.push(`there is no write ${at} of ${sequence}`);
    if (state.size > sequence) this.violations.push(`there are ${state.size} writes of ${sequence}`);
    if (this.lying) {
      // What it lost may be written again under the same sequences.
      for (const [at, text] of this.acked) if (state.get(at) !== text) this.acked.delete(at);
      return;
    }
    if (texts.length < state.size) this.violations.push("a write is there as lost");
    for (const [at, text] of this.acked)
      if (state.get(at) !== text)
        this.violations.push(
          `write ${at} (${text.slice(0, 8)}) was acknowledged and is ${state.get(at)?.slice(0, 8) ?? "gone"}`,
        );
  }
}

interface Opened {
  readonly log: Log;
  readonly state: Map<number, string>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Opens as a daemon does: again while the disk fails. */
async function opened(disk: Disk, history: History): Promise<Opened> {
  for (let tries = 0; tries < OPENINGS_MAX; tries += 1) {
    try {
      const state = await readSnapshot(disk);
      const replay = ({ sequence, record }: { sequence: number; record: Uint8Array }): void => {
        state.set(sequence, decoder.decode(record));
      };
      const log = await Log.open({ dir: FOLDER, disk, after: state.size, replay });
      history.check(state, log.sequence);
      return { log, state };
    } catch (error) {
      if (error instanceof Fault && error.code === "unavailable") continue;
      const said = error instanceof Error ? error.message : String(error);
      if (!(error instanceof Fault)) throw new Error(`an opening failed by a bug: ${said}`, { cause: error });
      if (!history.lying) throw new Error(`an opening failed: ${said}`, { cause: error });
      // What a lying disk lost is found at every opening, until the log is repaired.
      history.given = true;
      throw new Fault("unavailable", "The connection broke.");
    }
  }
  throw new Error("the log never opened");
}

/** A snapshot here is all texts in order. */
async function readSnapshot(disk: Disk): Promise<Map<number, string>> {
  let bytes: Uint8Array;
  try {
    bytes = await disk.read(SNAPSHOT);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return new Map();
    throw new Fault("unavailable", "The snapshot cannot be read just now.", { cause: error });
  }
  try {
    return new Map(JSON.parse(decoder.decode(bytes)) as [number, string][]);
  } catch (error) {
    throw new Fault("internal", "The snapshot is damaged.", { cause: error });
  }
}

async function live(disk: Disk, history: History, random: Random): Promise<void> {
  const { log, state } = await opened(disk, history);
  const writers = Array.from({ length: 1 + random.below(WRITERS_MAX) }, () =>
    write(log, state, history, random),
  );
  if (random.below(2) === 0) writers.push(takeSnapshots(log, state, disk, history, random));
  await Promise.all(writers);
  if (random.below(2) === 0) await log.close().catch(passDiskFault);
}

/** A disk that fails is reported by a fault or by its own code; everything else is a bug. */
function passDiskFault(error: unknown): void {
  const { code = "" } = error as { code?: string };
  if (error instanceof Fault ? code !== "unavailable" : !/^E[A-Z]+$/.test(code)) throw error;
}

async function write(log: Log, state: Map<number, string>, history: History, random: Random): Promise<void> {
  const appends = 1 + random.below(APPENDS_MAX);
  for (let n = 0; n < appends; n += 1) {
    await history.world.turn();
    const padding = random.below(3) === 0 ? random.below(LARGE_BYTES_MAX) : 0;
    const text = `w${history.tried.size} ${"x".repeat(padding)}`;
    history.tried.add(text);
    try {
      const sequence = await log.append(encoder.encode(text), (at) => {
        if (at !== state.size + 1) history.violations.push(`write ${at} is applied after ${state.size}`);
        state.set(at, text);
      });
      history.acked.set(sequence, text);
    } catch (error) {
      passDiskFault(error);
    }
  }
}

async function takeSnapshots(
  log: Log,
  state: Map<number, string>,
  disk: Disk,
  history: History,
  random: Random,
): Promise<void> {
  const count = 1 + random.below(2);
  for (let n = 0; n < count; n += 1) {
    await history.world.turn();
    try {
      const { sequence, content } = await log.rotate((at) => ({
        sequence: at,
        content: JSON.stringify([...state]),
      }));
      await writeDurably(SNAPSHOT, content, disk);
      await log.drop(sequence);
    } catch (error) {
      passDiskFault(error);
    }
  }
}
