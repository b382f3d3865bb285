// Histories of the catalog: several catalogds over one database and one store, clients that append, replace,
// read and drop through whichever of them, calls that fail before or after they are applied, instances that
// crash between any two steps. A client whose call failed does not know whether it was applied, and sends it
// again under the same commit id, as ingestd does.
//
// What must hold at the end, whatever the order was: an acknowledged append is in the table's history once, no
// commit is there twice, sequence numbers and versions go up by the rules, and every snapshot can be read.

import { sqliteState, type State } from "#adapters/state";
import type { catalog } from "#contracts/catalog";
import { type Random, seeded } from "#lib/random";
import { type Call, LOCAL_CALLER } from "#rpc/call";
import type { Handlers, OutputOf } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { splitChecksum } from "#services/catalogd/tables/checksum";
import type { Ids } from "#services/catalogd/commits/files";
import { catalogd } from "#services/catalogd/service";
import { type Instance, type Outcome, stateOf, storageOf, World } from "./world.ts";

/** `commits`: appends and replaces alone. `drops`: datasets are dropped, with and without their files, too. */
type Scenario = "commits" | "drops";

const INSTANCES_MAX = 3;
/** Most histories are short, because a short one shows nearly everything; every eighth is long. */
const SIZES = { short: { clientsMax: 3, commitsMax: 1 }, long: { clientsMax: 4, commitsMax: 3 } } as const;
const LONG_EVERY = 8;
/** A client whose answers are lost this often in a row stops asking. */
const TRIES_MAX = 12;

interface Running {
  readonly instance: Instance;
  readonly opened: Promise<Handlers<typeof catalog>>;
}

interface Done {
  readonly commitId: string;
  readonly snapshotId: number;
  readonly startedAt: number;
  readonly rows: number;
  readonly mode: "append" | "replace";
}

// One database for all histories of this process: opening one costs more than a history.
const database = sqliteState(":memory:");
const call: Call = {
  signal: new AbortController().signal,
  deadline: Number.MAX_SAFE_INTEGER,
  requestId: "simulation",
  caller: LOCAL_CALLER,
};
const clock = { now: () => 1_800_000_000_000 };

/** Ids in the order in which they are asked for; nobody else has them, and a seed gives the same ones again. */
function idsFrom(random: Random): Ids {
  return {
    uuid: () =>
      `00000000-0000-4000-8000-${Math.floor(random.next() * 2 ** 48)
        .toString(16)
        .padStart(12, "0")}`,
    bytes: () => Uint8Array.from({ length: 8 }, () => random.below(256)),
  };
}

/** `plant` puts a fault into the database's statements, to see that the simulation would find it. */
export async function simulateCatalog(
  seed: number,
  scenario: Scenario,
  plant: (sql: string) => string = (sql) => sql,
): Promise<Outcome> {
  const random = seeded(seed);
  // Some seeds have no faults at all: order alone must not matter either.
  const failPercent = random.pick([0, 0, 2, 6, 15]);
  const crashPermille = random.pick([0, 0, 5, 20]);
  const world = new World(random, { failPercent, crashPermille });
  await emptied();
  const instances = Array.from({ length: 1 + random.below(INSTANCES_MAX) }, () => start(world, plant));
  const history = new History(seed);
  let crashes = 0;
  const { clientsMax, commitsMax } = SIZES[random.below(LONG_EVERY) === 0 ? "long" : "short"];
  const clients = Array.from({ length: 2 + random.below(clientsMax - 1) }, (_, n) =>
    client(world, instances, history, { scenario, name: `c${n}`, random, commitsMax }),
  );
  const violations: string[] = [];
  try {
    await world.run(Promise.all(clients), () => {
      history.step += 1;
      if (random.below(1000) >= crashPermille) return;
      const at = random.below(instances.length);
      instances[at]?.instance.crash();
      world.trace.push(`crash ${instances[at]?.instance.number}`);
      instances[at] = start(world, plant);
      crashes += 1;
    });
    world.calm = true;
    for (const running of instances) running.instance.crash();
    violations.push(...(await history.check(await start(world, plant).opened)));
  } catch (error) {
    violations.push(error instanceof Error ? error.message : String(error));
  }
  return { violations, trace: world.trace, acknowledged: history.done.length, crashes };
}

async function emptied(): Promise<void> {
  // Emptied and not dropped: statements that are known already stay so.
  for (const table of ["tables", "generations"]) await database.run(`delete from ${table}`).catch(() => 0);
}

function start(world: World, plant: (sql: string) => string): Running {
  const instance = world.instance();
  const planted: State = { ...database, run: (sql, values) => database.run(plant(sql), values) };
  const ids = idsFrom(world.random);
  const deps = { storage: storageOf(world, instance), state: stateOf(world, instance, planted), clock, ids };
  const opened = opening(deps);
  opened.catch(() => undefined);
  return { instance, opened };
}

/** A daemon whose start failed is started again by whoever watches it. */
async function opening(deps: Parameters<typeof catalogd>[0]): Promise<Handlers<typeof catalog>> {
  for (;;) {
    try {
      return (await catalogd(deps)).handlers;
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }
}

function isLost(error: unknown): boolean {
  return error instanceof Fault && (error.code === "timeout" || error.code === "unavailable");
}

interface Role {
  readonly scenario: Scenario;
  readonly name: string;
  readonly random: Random;
  readonly commitsMax: number;
}

async function client(world: World, instances: Running[], history: History, role: Role): Promise<void> {
  const { random, scenario, name, commitsMax } = role;
  const ask = async <T>(work: (handlers: Handlers<typeof catalog>) => Promise<T> | T): Promise<T> => {
    await world.turn();
    const running = random.pick(instances);
    const answer = running.opened.then(work);
    answer.catch(() => undefined);
    return Promise.race([answer, running.instance.crashed]);
  };
  const commits = 1 + random.below(commitsMax);
  for (let n = 0; n < commits; n += 1) {
    const dropping = scenario === "drops" && random.below(4) === 0;
    if (dropping) {
      const startedAt = history.step;
      const purge = random.below(2) === 0;
      history.dropping += 1;
      await ask((handlers) => handlers.drop({ dataset: DATASET, purge }, call) as Promise<null>).catch(
        ignoreFault,
      );
      history.dropping -= 1;
      history.drops.push({ startedAt, endedAt: history.step });
      continue;
    }
    await append(ask, history, `${name}-${n}`, random);
    if (random.below(4) === 0) {
      await ask((handlers) => handlers.scan({ dataset: DATASET }, call)).catch(ignoreFault);
    }
  }
}

const DATASET = "roster";
const COLUMNS = [{ name: "id", type: "BIGINT" }];

type Prepared = OutputOf<typeof catalog.prepare>;

type Ask = <T>(work: (handlers: Handlers<typeof catalog>) => Promise<T> | T) => Promise<T>;

/** Prepares and commits one file, again and again until it is acknowledged. */
async function append(ask: Ask, history: History, commitId: string, random: Random): Promise<void> {
  const startedAt = history.step;
  const rows = 1 + random.below(5);
  const mode = random.below(8) === 0 ? "replace" : "append";
  const sha256 = new Bun.CryptoHasher("sha256").update(commitId).digest("hex");
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    try {
      const { prefix, columns } = (await ask((handlers) =>
        handlers.prepare({ dataset: DATASET, columns: COLUMNS, mode, contract: "evolve" }, call),
      )) as Prepared;
      const files = [{ key: `${prefix}${sha256}.parquet`, rows, bytes: 100, sha256, stats: {} }];
      const { snapshot_id: snapshotId } = (await ask((handlers) =>
        handlers.commit({ dataset: DATASET, mode, columns, files, commit_id: commitId, summary: {} }, call),
      )) as { snapshot_id: number };
      history.done.push({ commitId, snapshotId, startedAt, rows, mode });
      return;
    } catch (error) {
      // The dataset was dropped between the two calls, or in the middle of one: it is prepared for again.
      const dropped = error instanceof Fault && (error.code === "conflict" || error.code === "not_found");
      if (!isLost(error) && !(dropped && history.drops.length + history.dropping > 0)) throw error;
    }
  }
}

function ignoreFault(error: unknown): void {
  if (!(error instanceof Fault) || error.code === "internal") throw error;
}

class History {
  readonly seed: number;
  step = 0;
  /** Drops under way. */
  dropping = 0;
  readonly done: Done[] = [];
  readonly drops: { readonly startedAt: number; readonly endedAt: number }[] = [];

  constructor(seed: number) {
    this.seed = seed;
  }

  /** What is wrong with the table as a fresh catalogd finds it. */
  async check(handlers: Handlers<typeof catalog>): Promise<string[]> {
    const wrong: string[] = [];
    const [row] = await database.all("select metadata from tables where name = $1", [DATASET]);
    const metadata =
      row === undefined ? undefined : (JSON.parse(splitChecksum(String(row["metadata"])).text) as Metadata);
    const snapshots = metadata?.snapshots ?? [];
    const ids = snapshots.map(({ summary }) => summary["lakehouse.commit-id"] ?? "none");
    if (new Set(ids).size !== ids.length) wrong.push(`a commit is there twice: ${ids.join(" ")}`);
    for (const { commitId, snapshotId, startedAt } of this.done) {
      if (this.drops.some(({ endedAt }) => endedAt >= startedAt)) continue;
      const found = snapshots[ids.indexOf(commitId)];
      if (found === undefined)
        wrong.push(`${commitId} was acknowledged and is gone; there are: ${ids.join(" ")}`);
      else if (found["snapshot-id"] !== snapshotId)
        wrong.push(`${commitId} was acknowledged as ${snapshotId} and is ${found["snapshot-id"]}`);
    }
    snapshots.forEach((snapshot, at) => {
      const before = snapshots[at - 1];
      if (snapshot["sequence-number"] !== (before?.["sequence-number"] ?? 0) + 1)
        wrong.push(`snapshot ${at} has sequence ${snapshot["sequence-number"]}`);
      if (snapshot["parent-snapshot-id"] !== before?.["snapshot-id"])
        wrong.push(`snapshot ${at} does not follow the one before it`);
    });
    // Old snapshots of every fourth history, the newest of all: reading is most of the work.
    await this.#checkContents(handlers, snapshots, this.seed % 4 === 0, wrong);
    return wrong;
  }

  /** Each snapshot holds what the one before held and its own file, or after a replace its own file alone. */
  async #checkContents(
    handlers: Handlers<typeof catalog>,
    snapshots: Snapshot[],
    all: boolean,
    wrong: string[],
  ): Promise<void> {
    let expected: string[] = [];
    for (const [at, snapshot] of snapshots.entries()) {
      const { operation, "lakehouse.commit-id": commitId = "" } = snapshot.summary;
      const own = new Bun.CryptoHasher("sha256").update(commitId).digest("hex");
      expected = operation === "append" ? [...expected, own] : [own];
      if (!all && at < snapshots.length - 1) continue;
      try {
        const { files } = (await handlers.scan({ dataset: DATASET, at: snapshot["snapshot-id"] }, call)) as {
          files: { sha256?: string }[];
        };
        const found = files.map(({ sha256 }) => sha256 ?? "").sort();
        if (found.join() !== expected.toSorted().join())
          wrong.push(`snapshot of ${commitId} holds ${found.length} files where ${expected.length} belong`);
      } catch (error) {
        wrong.push(
          `snapshot of ${commitId} cannot be read: ${error instanceof Error ? error.message : "unknown"}`,
        );
      }
    }
  }
}

interface Snapshot {
  readonly "snapshot-id": number;
  readonly "parent-snapshot-id"?: number;
  readonly "sequence-number": number;
  readonly summary: Readonly<Record<string, string>>;
}
interface Metadata {
  readonly snapshots: Snapshot[];
}
