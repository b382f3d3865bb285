// Clients of a house that record what was acknowledged: objects, files, vectors, events, a corpus, each write with a number
// of its own. After whatever befell the house, everything that was acknowledged must be there and nothing torn be
// seen; what was not answered is sent again, as its client would, and must then count once.

import type { Random } from "#lib/random";

/** The longest that clients write before something befalls the house. */
export const WRITING_MS_MAX = 500;
/** What a house may take to answer again, corpora and SQL included. */
const READY_MS_MAX = 20_000;
const ROWS_A_FILE = 3;
const WRITERS_A_KIND = 2;
/** Ids in one question for vectors. */
const IDS_MAX = 1000;
/** Old objects that are read again in each round beside the new ones. */
const OLD_OBJECTS = 50;

export interface Ledger {
  /** Next number of each kind. */
  next: number;
  readonly objects: Set<number>;
  readonly files: Set<number>;
  readonly vectors: Set<number>;
  readonly events: Set<number>;
  /** Those whose response never came. */
  readonly openFiles: Set<number>;
  readonly openVectors: Set<number>;
  readonly openObjects: Set<number>;
  readonly openEvents: Set<number>;
  corpus: boolean;
}

export function newLedger(): Ledger {
  return {
    next: 0,
    objects: new Set(),
    files: new Set(),
    vectors: new Set(),
    events: new Set(),
    openFiles: new Set(),
    openVectors: new Set(),
    openObjects: new Set(),
    openEvents: new Set(),
    corpus: false,
  };
}

export function acknowledgedIn({ objects, files, vectors, events }: Ledger): number {
  return objects.size + files.size + vectors.size + events.size;
}

export function unansweredIn({ openFiles, openVectors, openObjects, openEvents }: Ledger): number {
  return openFiles.size + openVectors.size + openObjects.size + openEvents.size;
}

export const contentOf = (n: number): string => `object ${n}\n`.repeat(200 + (n % 5000));
const csvOf = (n: number): string =>
  `id,city,role\n${Array.from({ length: ROWS_A_FILE }, (_, row) => `f${n}r${row},Houston,forklift driver`).join("\n")}\n`;
const vectorOf = (n: number): number[] =>
  Array.from({ length: 4 }, (_, i) => Math.fround(Math.sin(n * 4 + i) + 2));

export async function send(url: string, path: string, init: RequestInit): Promise<Response> {
  return fetch(url + path, { ...init, signal: AbortSignal.timeout(READY_MS_MAX) });
}

const put = (url: string, n: number): Promise<Response> =>
  send(url, `/v1/storage/kill/${n}`, { method: "PUT", body: contentOf(n) });
const load = (url: string, n: number): Promise<Response> =>
  send(url, "/v1/ingest?dataset=roster", {
    method: "POST",
    body: csvOf(n),
    headers: { "idempotency-key": `file-${n}` },
  });
const upsert = (url: string, n: number): Promise<Response> =>
  send(url, "/v1/vectors/kill/upsert", {
    method: "POST",
    body: JSON.stringify({ items: [{ id: `v${n}`, vector: vectorOf(n), metadata: { n } }] }),
  });
/** Two events that belong together; every few of them are sealed at once, so that a kill meets that too. */
const record = async (url: string, n: number): Promise<Response> => {
  if (n % 10 === 0) void send(url, "/v1/journal/seal", { method: "POST", body: "{}" }).catch(() => undefined);
  return send(url, "/v1/journal/events", {
    method: "POST",
    body: JSON.stringify(
      [0, 1].map((half) => ({ type: "order.received", subject: `kill-${n}`, data: { n, half } })),
    ),
    headers: { "idempotency-key": `events-${n}` },
  });
};
const define = (url: string): Promise<Response> =>
  send(url, "/v1/matrix/corpora/roster", {
    method: "PUT",
    body: JSON.stringify({ dataset: "roster", id: "id", text: "{role} in {city}" }),
  });

/** What must be there before any write; the same again changes nothing. */
export async function prepare(url: string, { files, corpus }: Ledger): Promise<void> {
  const shape = JSON.stringify({ dimension: 4 });
  await untilOk(() => send(url, "/v1/vectors/kill", { method: "PUT", body: shape }));
  if (files.size > 0 && !corpus) await untilOk(() => define(url));
}

export function startWriters(
  url: string,
  ledger: Ledger,
  random: Random,
  writing: () => boolean,
): Promise<void>[] {
  const loop = async (
    acked: Set<number>,
    open: Set<number>,
    write: (url: string, n: number) => Promise<Response>,
  ): Promise<void> => {
    while (writing()) {
      const n = (ledger.next += 1);
      open.add(n);
      try {
        const reply = await write(url, n);
        // A response counts when it is complete.
        await reply.arrayBuffer();
        if (!reply.ok) {
          await Bun.sleep(5);
          continue;
        }
        open.delete(n);
        acked.add(n);
      } catch {
        await Bun.sleep(5);
      }
    }
  };
  const corpus = async (): Promise<void> => {
    await Bun.sleep(random.below(WRITING_MS_MAX / 2));
    if (ledger.files.size === 0 || !writing()) return;
    const reply = await define(url).catch(() => undefined);
    if (reply?.ok === true) ledger.corpus = true;
  };
  const { objects, files, vectors, events, openObjects, openFiles, openVectors, openEvents } = ledger;
  return [
    ...Array.from({ length: WRITERS_A_KIND }, () => loop(objects, openObjects, put)),
    ...Array.from({ length: WRITERS_A_KIND }, () => loop(files, openFiles, load)),
    ...Array.from({ length: WRITERS_A_KIND }, () => loop(vectors, openVectors, upsert)),
    ...Array.from({ length: WRITERS_A_KIND }, () => loop(events, openEvents, record)),
    corpus(),
  ];
}

/** Waits until it holds; a house that starts, or whose daemon does, is `unavailable` for a moment. */
export async function until(holds: () => Promise<boolean | string>): Promise<void> {
  const end = performance.now() + READY_MS_MAX;
  for (;;) {
    const answer = await holds().catch((error: unknown) => String(error));
    if (answer === true) return;
    if (performance.now() > end) throw new Error(`not in time: ${answer}`);
    await Bun.sleep(20);
  }
}

/** Asks until the answer is good, and says what the last one was when none is. */
export function untilOk(ask: () => Promise<Response>): Promise<void> {
  return until(async () => {
    const reply = await ask();
    return reply.ok || `${reply.status} ${(await reply.text()).slice(0, 300)}`;
  });
}

export async function check(url: string, ledger: Ledger, firstNew: number): Promise<string[]> {
  return [
    ...(await checkObjects(url, ledger, firstNew)),
    ...(await checkRows(url, ledger)),
    ...(await checkVectors(url, ledger)),
    ...(await checkEvents(url, ledger)),
    ...(await checkCorpus(url, ledger)),
  ];
}

async function checkObjects(
  url: string,
  { objects, openObjects }: Ledger,
  firstNew: number,
): Promise<string[]> {
  await untilOk(() => send(url, "/v1/storage?limit=1", {}));
  const wrong: string[] = [];
  const old = [...objects].filter((n) => n <= firstNew).slice(-OLD_OBJECTS);
  for (const n of [...old, ...[...objects].filter((one) => one > firstNew)]) {
    const reply = await send(url, `/v1/storage/kill/${n}`, {});
    if (!reply.ok || (await reply.text()) !== contentOf(n))
      wrong.push(`object ${n} is gone or torn (${reply.status})`);
  }
  for (const n of openObjects) {
    const reply = await send(url, `/v1/storage/kill/${n}`, {});
    if (reply.status !== 404 && (await reply.text()) !== contentOf(n)) wrong.push(`object ${n} is torn`);
    await untilOk(() => put(url, n));
    objects.add(n);
  }
  openObjects.clear();
  return wrong;
}

/** Rows of each file by its number. */
async function rowsOf(url: string): Promise<Map<number, number>> {
  const counted = new Map<number, number>();
  const sql = "select id, count(*) n from roster group by id";
  let answer: { rows: { id: string; n: number }[] } | undefined;
  await until(async () => {
    const body = JSON.stringify({ sql, limit: 100_000 });
    const reply = await send(url, "/v1/sql", { method: "POST", body });
    if (reply.status === 404) answer = { rows: [] };
    else if (reply.ok) answer = (await reply.json()) as NonNullable<typeof answer>;
    return reply.ok || reply.status === 404 || reply.status + " " + (await reply.text()).slice(0, 300);
  });
  for (const { id, n } of answer?.rows ?? []) {
    const file = Number(/^f(\d+)r/.exec(id)?.[1]);
    counted.set(file, (counted.get(file) ?? 0) + n);
  }
  return counted;
}

async function checkRows(url: string, { files, openFiles }: Ledger): Promise<string[]> {
  const wrong: string[] = [];
  const before = await rowsOf(url);
  for (const [n, rows] of before) if (rows !== ROWS_A_FILE) wrong.push(`file ${n} has ${rows} rows`);
  for (const n of files) if (!before.has(n)) wrong.push(`file ${n} was acknowledged and is gone`);
  for (const n of openFiles) {
    await untilOk(() => load(url, n));
    files.add(n);
  }
  if (openFiles.size > 0) {
    const after = await rowsOf(url);
    for (const n of openFiles)
      if (after.get(n) !== ROWS_A_FILE) wrong.push(`file ${n}, sent twice, has ${after.get(n) ?? 0} rows`);
    openFiles.clear();
  }
  return wrong;
}

async function checkVectors(url: string, { vectors, openVectors }: Ledger): Promise<string[]> {
  const wrong: string[] = [];
  await untilOk(() => send(url, "/v1/vectors/kill", {}));
  const all = [...vectors, ...openVectors];
  for (let at = 0; at < all.length; at += IDS_MAX) {
    const ids = all.slice(at, at + IDS_MAX).map((n) => `v${n}`);
    const reply = await send(url, "/v1/vectors/kill/fetch", {
      method: "POST",
      body: JSON.stringify({ ids }),
    });
    const { items } = (await reply.json()) as {
      items: { id: string; vector: string; metadata: { n: number } }[];
    };
    const found = new Map(items.map((item) => [item.id, item]));
    for (const id of ids) {
      const n = Number(id.slice(1));
      const item = found.get(id);
      if (item === undefined) {
        if (vectors.has(n)) wrong.push(`vector ${n} was acknowledged and is gone`);
      } else if (item.vector !== base64Of(vectorOf(n)) || item.metadata.n !== n)
        wrong.push(`vector ${n} is another`);
    }
  }
  for (const n of openVectors) {
    await untilOk(() => upsert(url, n));
    vectors.add(n);
  }
  openVectors.clear();
  return wrong;
}

interface Recorded {
  readonly seq: number;
  readonly data: { readonly n: number; readonly half: number };
}

/** Every event, in its order. */
async function eventsAt(url: string): Promise<Recorded[]> {
  const found: Recorded[] = [];
  let next: string | undefined;
  do {
    const path = `/v1/journal/events?limit=1000${next === undefined ? "" : `&cursor=${next}`}`;
    let page: { events: Recorded[]; next_cursor?: string } = { events: [] };
    await until(async () => {
      const reply = await send(url, path, {});
      const text = await reply.text();
      if (reply.ok) page = JSON.parse(text) as typeof page;
      return reply.ok || `${reply.status} ${text.slice(0, 300)}`;
    });
    found.push(...page.events);
    next = page.next_cursor;
  } while (next !== undefined);
  return found;
}

async function checkEvents(url: string, { events, openEvents }: Ledger): Promise<string[]> {
  const wrong: string[] = [];
  for (const n of openEvents) {
    await untilOk(() => record(url, n));
    events.add(n);
  }
  openEvents.clear();
  const all = await eventsAt(url);
  const counts = new Map<number, number>();
  for (const [at, { seq, data }] of all.entries()) {
    if (seq !== at + 1) wrong.push(`event ${seq} stands at ${at + 1}`);
    counts.set(data.n, (counts.get(data.n) ?? 0) + 1);
  }
  for (const n of events)
    if (counts.get(n) !== 2) wrong.push(`the two events of ${n} are there ${counts.get(n) ?? 0} times`);
  const { ok, problem } = (await (await send(url, "/v1/journal/verify", {})).json()) as {
    ok: boolean;
    problem?: string;
  };
  if (!ok) wrong.push(`the journal does not verify: ${problem}`);
  await untilOk(() => send(url, "/v1/journal/seal", { method: "POST", body: "{}" }));
  if (all.length > 0) wrong.push(...(await checkSealed(url, all.length)));
  return wrong;
}

/** SQL sees each event once. */
async function checkSealed(url: string, events: number): Promise<string[]> {
  let rows: unknown;
  await until(async () => {
    const sql = "select count(*) n, count(distinct seq) d, max(seq) m from journal";
    const reply = await send(url, "/v1/sql", { method: "POST", body: JSON.stringify({ sql }) });
    const answer = (await reply.json()) as { rows?: unknown };
    ({ rows } = answer);
    return reply.ok || JSON.stringify(answer);
  });
  const expected = JSON.stringify([{ n: events, d: events, m: events }]);
  return JSON.stringify(rows) === expected ? [] : [`the dataset journal has ${JSON.stringify(rows)}`];
}

function base64Of(numbers: readonly number[]): string {
  return Buffer.from(Float32Array.from(numbers).buffer).toString("base64");
}

/** A corpus that was promised is built after all, from all rows, and answers. */
async function checkCorpus(url: string, ledger: Ledger): Promise<string[]> {
  if (!ledger.corpus) return [];
  let said = "";
  // The same definition again brings it up to date at once, which else happens within seconds.
  await untilOk(() => define(url));
  await until(async () => {
    const reply = await send(url, "/v1/matrix/corpora/roster", { headers: { accept: "application/json" } });
    said = await reply.text();
    const { status, rows } = JSON.parse(said) as { status?: string; rows?: number };
    return status === "ready" && rows === ledger.files.size * ROWS_A_FILE;
  }).catch(() => undefined);
  const { status, rows } = JSON.parse(said) as { status?: string; rows?: number };
  let hits: unknown[] | undefined;
  await until(async () => {
    const search = await send(url, "/v1/matrix/search", {
      method: "POST",
      body: JSON.stringify({ query_text: "forklift driver in Houston", corpora: ["roster"], k: 5 }),
    });
    ({ hits } = (await search.json()) as { hits?: unknown[] });
    return hits?.length === 5;
  }).catch(() => undefined);
  const whole = status === "ready" && rows === ledger.files.size * ROWS_A_FILE && hits?.length === 5;
  return whole
    ? []
    : [`the corpus has ${rows} of ${ledger.files.size * ROWS_A_FILE} rows: ${said.slice(0, 400)}`];
}
