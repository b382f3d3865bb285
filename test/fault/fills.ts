// Coordinators whose house is killed while fifty proposals run at once: nobody is booked twice, whatever was acknowledged is
// there, and the fills, the fold of their events and the datasets say the same. The folder lives through all rounds.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateWorkers, toCsv } from "#cli/demo/sample/sample";
import type { Fill, Shortlist } from "#contracts/fill";
import type { journal } from "#contracts/journal";
import { systemClock } from "#lib/clock";
import { type Random, seeded } from "#lib/random";
import type { Service } from "#rpc/contract";
import { Ledger } from "#services/filld/state/ledger";
import { viewOf } from "#services/filld/state/view";
import { type HouseProcess, startHouseProcess } from "./house-process.ts";
import type { Death, KillReport } from "./kill.ts";
import { send, until, untilOk } from "./ledger.ts";
import { PEOPLE_CORPUS } from "../people-corpus.ts";

/** Enough forklift operators in one place that most proposals find somebody, and few enough that they meet. */
const WORKERS = 600;
const FILLS_A_ROUND = 25;
const PROPOSALS_A_FILL = 2;
/** The house is killed after so many acknowledgements of a round at most, which is in the middle of it. */
const KILLED_AFTER_MAX = 25;

const ORDER = {
  order_text: "Need 2 forklift operators in Springfield, IL Friday 6a-2p $30",
  order: { client_id: "acme" },
  now: "2026-11-29T15:00:00Z",
};
/** Those whose death a proposal meets; the others only make it slower. */
const DAEMONS = ["filld", "journald", "validatord", "matrixd"] as const;

/** What was acknowledged: the fill had this version, and these people were on it. */
interface Acknowledged {
  readonly fillId: string;
  readonly version: number;
  readonly people: string;
}

export async function killFills(seed: number, rounds: number, death: Death): Promise<KillReport> {
  const data = mkdtempSync(join(tmpdir(), "fault-fills-"));
  const random = seeded(seed);
  const wrong: string[] = [];
  const acknowledged: Acknowledged[] = [];
  let unanswered = 0;
  let house = await startHouseProcess(data, death !== "together");
  try {
    await prepareRoster(house.url);
    for (let round = 0; round < rounds && wrong.length === 0; round += 1) {
      const opened = await Promise.all(Array.from({ length: FILLS_A_ROUND }, () => openFill(house.url)));
      const work = opened.flatMap((fill) =>
        Array.from({ length: PROPOSALS_A_FILL }, (_, n) =>
          proposeAndConfirm(house.url, fill, n === 0, random, (one) => acknowledged.push(one)).then(
            (isOpen) => {
              if (isOpen) unanswered += 1;
            },
          ),
        ),
      );
      const proposing = { isDone: false };
      const done = Promise.all(work).finally(() => (proposing.isDone = true));
      const enough = acknowledged.length + random.below(KILLED_AFTER_MAX);
      while (!proposing.isDone && acknowledged.length <= enough) await Bun.sleep(2);
      if (death === "daemons") house.killDaemon(random.pick(DAEMONS));
      else await house.kill();
      await done;
      if (death !== "daemons") house = await startHouseProcess(data, death === "apart");
      const found = await checkFills(house, acknowledged).catch((error: unknown) => [
        `the house does not answer: ${error instanceof Error ? error.message : String(error)}`,
      ]);
      wrong.push(...found.map((line) => `round ${round}: ${line}`));
    }
    return { rounds, acknowledged: acknowledged.length, unanswered, wrong };
  } finally {
    await house.kill();
    if (wrong.length === 0) rmSync(data, { recursive: true, force: true });
    else wrong.push(`the folder is kept: ${data}`);
  }
}

async function prepareRoster(url: string): Promise<void> {
  const body = [...toCsv([...generateWorkers({ seed: 11, count: WORKERS, today: "2026-11-21" })])].join("");
  await untilOk(() => send(url, "/v1/ingest?dataset=workers", { method: "POST", body }));
  await untilOk(() =>
    send(url, "/v1/matrix/corpora/workers", { method: "PUT", body: JSON.stringify(PEOPLE_CORPUS) }),
  );
  await until(async () => {
    const reply = await send(url, "/v1/matrix/corpora/workers", { headers: { accept: "application/json" } });
    return ((await reply.json()) as { status?: string }).status === "ready";
  });
}

type Opened = Fill & Shortlist;

async function openFill(url: string): Promise<Opened> {
  let opened: Opened | undefined;
  await until(async () => {
    const reply = await send(url, "/v1/fills", { method: "POST", body: JSON.stringify(ORDER) });
    const text = await reply.text();
    if (reply.ok) opened = JSON.parse(text) as Opened;
    return reply.ok || text.slice(0, 300);
  });
  if (opened === undefined) throw new Error("no fill was opened");
  return opened;
}

/** A proposal by hand or by rank and, where it is taken, the first person's yes. True when a reply never came. */
async function proposeAndConfirm(
  url: string,
  { fill_id, shortlist }: Opened,
  auto: boolean,
  random: Random,
  acknowledge: (one: Acknowledged) => void,
): Promise<boolean> {
  const ids = shortlist.map(({ worker_id }) => worker_id);
  const named = { worker_ids: [random.pick(ids)] };
  const post = async (call: string, body: object): Promise<Fill | undefined> => {
    const reply = await send(url, `/v1/fills/${fill_id}/${call}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    const text = await reply.text();
    if (!reply.ok) return undefined;
    const fill = JSON.parse(text) as Fill;
    acknowledge({ fillId: fill_id, version: fill.version, people: peopleOf(fill) });
    return fill;
  };
  try {
    const proposed = await post("propose", { version: 1, ...(auto ? { auto } : named) });
    const [first] = proposed?.seats ?? [];
    if (proposed !== undefined && first !== undefined) {
      await post("outcomes", { version: proposed.version, worker_id: first.worker_id, result: "confirmed" });
    }
    return false;
  } catch {
    return true;
  }
}

function peopleOf({ seats }: Fill): string {
  return seats
    .map(({ worker_id, status }) => `${worker_id} ${status}`)
    .sort()
    .join(", ");
}

async function checkFills(house: HouseProcess, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const { url } = house;
  const wrong: string[] = [];
  await untilOk(() => send(url, "/v1/fills", {}));
  const board = await allFills(url);
  const byId = new Map(board.map((fill) => [fill.fill_id, fill]));
  // The fold of the events, made here from the journal.
  const ledger = new Ledger({
    journal: journalAt(url),
    clock: systemClock,
    ignored: ({ seq, type }) => void wrong.push(`event ${seq}, a ${type}, does not follow`),
  });
  const folded = await ledger.current();
  for (const state of folded.fills.values()) {
    const there = byId.get(state.fillId);
    if (!Bun.deepEquals(there, viewOf(state)))
      wrong.push(`fill ${state.fillId} is not the fold of its events`);
  }
  if (folded.fills.size !== board.length)
    wrong.push(`${board.length} fills, ${folded.fills.size} in the journal`);
  for (const { fillId, version, people } of acknowledged) {
    const now = byId.get(fillId);
    if (now === undefined || now.version < version) {
      wrong.push(`version ${version} of ${fillId} was acknowledged and is gone`);
    } else if (now.version === version && peopleOf(now) !== people) {
      wrong.push(`version ${version} of ${fillId} was acknowledged with other people`);
    }
  }
  // All orders are for the same hours: a person may be on one of them.
  const taken = new Map<string, string>();
  for (const { fill_id, seats } of board) {
    for (const { worker_id, status } of seats) {
      if (status !== "proposed" && status !== "contacted" && status !== "confirmed") continue;
      const other = taken.get(worker_id);
      if (other !== undefined) wrong.push(`${worker_id} is booked by ${other} and by ${fill_id}`);
      taken.set(worker_id, fill_id);
    }
  }
  return [...wrong, ...(await checkDatasets(url, board))];
}

async function checkDatasets(url: string, board: readonly Fill[]): Promise<string[]> {
  await untilOk(() => send(url, "/v1/fill-publish", { method: "POST", body: "{}" }));
  const rowsOf = async (sql: string): Promise<string> => {
    let rows: unknown;
    await until(async () => {
      const reply = await send(url, "/v1/sql", {
        method: "POST",
        body: JSON.stringify({ sql, limit: 100_000 }),
      });
      const answer = (await reply.json()) as { rows?: unknown };
      ({ rows } = answer);
      return reply.ok || JSON.stringify(answer).slice(0, 300);
    });
    return JSON.stringify(rows);
  };
  const wrong: string[] = [];
  const fills = board
    .map(({ fill_id, version, status, short }) => ({ fill_id, version, status, short }))
    .sort((a, b) => (a.fill_id < b.fill_id ? -1 : 1));
  if (
    (await rowsOf("SELECT fill_id, version, status, short FROM fills ORDER BY fill_id")) !==
    JSON.stringify(fills)
  )
    wrong.push("the dataset fills is not the board");
  const seats = board
    .flatMap(({ fill_id, seats: all }) =>
      all.map(({ worker_id, status }) => ({ fill_id, worker_id, status })),
    )
    .sort((a, b) => (`${a.fill_id}/${a.worker_id}` < `${b.fill_id}/${b.worker_id}` ? -1 : 1));
  const sql = "SELECT fill_id, worker_id, status FROM assignments ORDER BY fill_id || '/' || worker_id";
  if (seats.length > 0 && (await rowsOf(sql)) !== JSON.stringify(seats))
    wrong.push("the dataset assignments is not the board");
  return wrong;
}

/** Asks until the house is there again. */
async function read(url: string, path: string): Promise<unknown> {
  let body: unknown;
  await until(async () => {
    const reply = await send(url, path, { headers: { accept: "application/json" } });
    body = await reply.json();
    return reply.ok || JSON.stringify(body).slice(0, 300);
  });
  return body;
}

async function allFills(url: string): Promise<Fill[]> {
  const fills: Fill[] = [];
  let cursor: string | undefined;
  do {
    const path = `/v1/fills?limit=1000${cursor === undefined ? "" : `&cursor=${cursor}`}`;
    const page = (await read(url, path)) as { fills: Fill[]; next_cursor?: string };
    fills.push(...page.fills);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return fills;
}

/** The journal of a house, as far as folding needs it. */
function journalAt(url: string): Service<typeof journal> {
  const events = (input: object): Promise<unknown> => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(input)) query.set(name, String(value));
    return read(url, `/v1/journal/events?${query}`);
  };
  return { events, status: () => read(url, "/v1/journal") } as unknown as Service<typeof journal>;
}
