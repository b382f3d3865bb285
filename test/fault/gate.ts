// The gate tried out: random records and random queries through a whole house, and no person of another role than the
// query's may ever be lifted. Roles, answers and scores are drawn without regard for each other, so that most records
// cross roles; what is compared is the same query with playbooks and without.

import type { Playbook, Searched } from "#contracts/matrix";
import { ROLES } from "#domain/roles";
import type { Random } from "#lib/random";

/** What the trial asks of a house. */
export interface GateHouse {
  json<T>(path: string, body?: unknown, expected?: number): Promise<T>;
  ask(path: string, init?: RequestInit): Promise<Response>;
}

export interface GateReport {
  readonly records: number;
  readonly queries: number;
  /** A record and a query that met: the record was near, and let through or held back. */
  readonly pairs: number;
  readonly lifted: number;
  readonly blocked: number;
  readonly wrong: readonly string[];
  /** Of the searches, as the house says: with playbooks, each the first of its text, and then without. */
  readonly p50Ms: { readonly all: number; readonly plain: number };
}

const CITIES = ["Chicago, IL", "Denver, CO", "Austin, TX", "Reno, NV", "Tampa, FL"] as const;
const WORDS = [
  "",
  "nights",
  "urgent",
  "for the weekend",
  "first shift",
  "tomorrow 6am",
  "at the dock",
] as const;
/** Roles of the trial; each has this many people. */
export const ROLES_TRIED = ROLES.filter((_, at) => at % 4 === 0).slice(0, 20);
const PEOPLE_A_ROLE = 15;
/** People of one actor who records all it can for one role. */
const FLOOD_ACTOR = "flood";
const IMPORT_ROWS = 5000;

interface Person {
  readonly id: string;
  readonly role: string;
}

const PEOPLE: readonly Person[] = ROLES_TRIED.flatMap(({ name }, at) =>
  Array.from({ length: PEOPLE_A_ROLE }, (_, n) => ({ id: `p${at}-${n}`, role: name })),
);
const PERSON_ROLES = new Map(PEOPLE.map(({ id, role }) => [id, role]));

/** Loads people and builds the corpus that is searched. */
export async function prepareGate(house: GateHouse): Promise<void> {
  const rows = PEOPLE.map(({ id, role }, at) => {
    const [city = "", state = ""] = (CITIES[at % CITIES.length] ?? "").split(", ");
    return `${JSON.stringify({ worker_id: id, role, city, state })}\n`;
  });
  await house.ask("/v1/ingest?dataset=gate&format=ndjson", { method: "POST", body: rows.join("") });
  const plan = { dataset: "gate", id: "worker_id", text: "{role} in {city}, {state}" };
  await house.ask("/v1/matrix/corpora/gate", { method: "PUT", body: JSON.stringify(plan) });
  const built = await house.ask("/v1/matrix/corpora/gate", { headers: { accept: "text/event-stream" } });
  const events = await built.text();
  if (!events.includes("event: done")) throw new Error(`The corpus was not built: ${events.slice(-300)}`);
}

function orderOf(role: string, random: Random): string {
  return `${1 + random.below(9)} ${role}s in ${random.pick(CITIES)} ${random.pick(WORDS)}`.trim();
}

/** An order whose role nobody knows. */
function unreadable(random: Random): string {
  return `somebody for ${random.pick(CITIES)}`;
}

/** Records at random, and `flood` records of one actor for one role. */
export async function recordAtRandom(
  house: GateHouse,
  random: Random,
  { records, flood }: { readonly records: number; readonly flood: number },
): Promise<void> {
  const rows: object[] = [];
  for (let n = 0; n < records; n += 1) {
    const role = random.pick(ROLES_TRIED).name;
    rows.push({
      query_text: random.below(10) === 0 ? unreadable(random) : orderOf(role, random),
      // Half let the text say it, some say another role than the text does.
      ...(random.below(2) === 0
        ? {}
        : { role: random.below(4) === 0 ? random.pick(ROLES_TRIED).name : role }),
      answer_id: random.pick(PEOPLE).id,
      answer_corpus: "gate",
      score: random.below(101) / 100,
      ...(random.below(5) === 0 ? { outcome: { result: "bad" } } : {}),
      actor: `actor ${random.below(20)}`,
    });
  }
  const [flooded] = ROLES_TRIED;
  for (let n = 0; n < flood; n += 1) {
    rows.push({
      query_text: `${orderOf(flooded?.name ?? "", random)} ${n}`,
      answer_id: random.pick(PEOPLE).id,
      answer_corpus: "gate",
      score: 1,
      actor: FLOOD_ACTOR,
    });
  }
  for (let from = 0; from < rows.length; from += IMPORT_ROWS) {
    const body = rows.slice(from, from + IMPORT_ROWS).map((row) => JSON.stringify(row));
    const reply = await house.ask("/v1/matrix/playbooks/import", { method: "POST", body: body.join("\n") });
    const done = (await reply.json()) as { rejected: number };
    if (done.rejected !== 0) throw new Error(`records were refused: ${JSON.stringify(done).slice(0, 500)}`);
  }
}

const GATES = ["strict", "adjacent", "off"] as const;
const MODES = ["hybrid", "dense", "lexical"] as const;

/** Random queries, until so many pairs of a record and a query have met. */
export async function tryGate(house: GateHouse, random: Random, pairsMin: number): Promise<GateReport> {
  const wrong: string[] = [];
  let [queries, pairs, lifted, blocked] = [0, 0, 0, 0];
  const listed = await house.json<{ playbooks: Playbook[]; next_cursor?: string }>(
    "/v1/matrix/playbooks?limit=1000",
  );
  const took = { all: [] as number[], plain: [] as number[] };
  const roles = new Map(listed.playbooks.map(({ playbook_id, role }) => [playbook_id, role]));
  while (pairs < pairsMin && wrong.length === 0) {
    const role = random.pick(ROLES_TRIED).name;
    const query = {
      query_text: random.below(10) === 0 ? unreadable(random) : orderOf(role, random),
      mode: random.pick(MODES),
      gate: random.pick(GATES),
      k: 1 + random.below(60),
      playbook_top_k: 1 + random.below(20),
      playbook_max_distance: random.below(21) / 20,
    };
    const found = await house.json<Searched>("/v1/matrix/search", query);
    const plain = await house.json<Searched>("/v1/matrix/search", { ...query, use_playbook: false });
    took.all.push(found.took_ms);
    took.plain.push(plain.took_ms);
    const asked = found.query.role.role;
    const before = new Map(plain.hits.map(({ id, rank, score }) => [id, { rank, score }]));
    const say = (what: string): void => void wrong.push(`${what}: ${JSON.stringify(query)}`);
    for (const { id, boost, injected, score, rank } of found.hits) {
      const own = PERSON_ROLES.get(id);
      if (own === asked || asked === null) continue;
      if (boost !== undefined) say(`${id}, a ${own}, is moved by ${boost.playbook_id}`);
      if (injected === true) say(`${id}, a ${own}, is brought in`);
      const was = before.get(id);
      if (was !== undefined && score > was.score + 1e-9)
        say(`${id}, a ${own}, scores ${score} after ${was.score}`);
      // Only who is pushed down makes room.
      const room = found.hits.filter((hit) => (hit.boost?.factor ?? 1) > 1).length + pushedOut(found, plain);
      if (was !== undefined && rank < was.rank - room)
        say(`${id}, a ${own}, rose from ${was.rank} to ${rank}`);
    }
    // Those who agree what unknown words mean are of one role.
    const brought = new Set(
      found.hits.filter(({ injected }) => injected === true).map(({ id }) => PERSON_ROLES.get(id)),
    );
    if (asked === null && query.gate !== "off" && brought.size > 1)
      say(`people of ${[...brought].join(" and ")} are brought in`);
    for (const { id, boost } of found.hits) {
      const recorded = roles.get(boost?.playbook_id ?? "");
      if (boost === undefined || recorded === undefined || query.gate !== "strict") continue;
      if (recorded !== null && recorded !== asked) say(`${id} is moved by a record for a ${recorded}`);
    }
    const { matched, boosted, injected, blocked_by_gate } = found.playbook;
    queries += 1;
    pairs += matched + blocked_by_gate;
    lifted += boosted + injected;
    blocked += blocked_by_gate;
  }
  const p50Ms = { all: middle(took.all), plain: middle(took.plain) };
  return { records: roles.size, queries, pairs, lifted, blocked, wrong, p50Ms };
}

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

/** Hits of before that are not there any more. */
function pushedOut(found: Searched, plain: Searched): number {
  const ids = new Set(found.hits.map(({ id }) => id));
  return plain.hits.filter(({ id }) => !ids.has(id)).length;
}
