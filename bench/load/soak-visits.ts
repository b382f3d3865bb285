// What the clients of a soak do, over and over: every main route, what is wrong on purpose, requests that are given
// up and streams that are left. A visit takes away what it brings, or replaces what it brought last time, so that
// the house holds as much after a hundred thousand of them as after the first hundred. What grows then leaks.

import { csvOf, QUERIES, roster, TEMPLATE } from "../data/roster.ts";
import type { Visitor } from "./soak-visitor.ts";

export interface Visit {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  run(visitor: Visitor): Promise<void>;
}

const WORKERS = 200;
/** Of the vectors that visitors write. */
const DIMENSION = 32;
/** Vectors that a visitor writes again and again. */
const VECTORS = 200;
const ITEMS = 10;
/** After so many replacements a table is dropped with its files: each replacement is a snapshot, which is data. */
const REPLACED_MAX = 5;
const OBJECT_BYTES_MAX = 200_000;

const ARROW = "application/vnd.apache.arrow.stream";
const NDJSON = "application/x-ndjson";
const MANY_ROWS = "SELECT range AS id, 'name ' || range AS name FROM range(20000)";
const ENDLESS_ROWS = "SELECT range AS id, 'name ' || range AS name FROM range(100000000)";
const ENDLESS = "SELECT count(*) FROM range(1000000000000) a, range(1000) b WHERE a.range % 7 = b.range";

/** Brings in what the visits work on. */
export async function furnish({ ask }: Visitor): Promise<void> {
  await ask("/v1/ingest?dataset=workers", { body: csvOf(roster(WORKERS)) });
  await ask("/v1/matrix/corpora/workers", { method: "PUT", body: corpusOver("workers") });
  await built(ask, "workers");
}

function corpusOver(dataset: string): object {
  return { dataset, id: "worker_id", text: TEMPLATE, fields: { role: "keyword", state: "keyword" } };
}

/** The events of a build end with it. */
async function built(ask: Visitor["ask"], corpus: string): Promise<void> {
  await ask(`/v1/matrix/corpora/${corpus}`, { headers: { accept: "text/event-stream" } });
}

function sentence({ random, name, next }: Visitor): string {
  return `${random.pick(QUERIES)}, order ${name}-${next()}`;
}

function vectorOf({ random }: Visitor): number[] {
  return Array.from({ length: DIMENSION }, () => random.next() - 0.5);
}

export const VISITS: readonly Visit[] = [
  {
    name: "embed, cached",
    weight: 30,
    run: async ({ ask, random }) => {
      await ask("/v1/embed", { body: { texts: [random.pick(QUERIES)] } });
    },
  },
  {
    name: "embed, new",
    weight: 10,
    run: async (visitor) => {
      const texts = Array.from({ length: 4 }, () => sentence(visitor));
      await visitor.ask("/v1/embed", { body: { texts, encoding: "base64" } });
    },
  },
  {
    name: "search",
    weight: 15,
    run: async (visitor) => {
      const text = visitor.random.pick([...QUERIES, sentence(visitor)]);
      await visitor.ask("/v1/matrix/search", {
        body: { query_text: text, corpora: ["workers"], explain: true },
      });
      await visitor.ask("/v1/matrix/role", { body: { text } });
    },
  },
  {
    name: "sql, JSON",
    weight: 12,
    run: async ({ ask, next }) => {
      const sql =
        "SELECT role, count(*) AS n, avg(reliability) AS r FROM workers WHERE state <> ? GROUP BY role";
      await ask("/v1/sql", { body: { sql, params: [`s${next()}`] } });
      // A text of its own, so that whatever is kept by the text of a statement is kept anew.
      await ask("/v1/sql", {
        body: { sql: `SELECT count(*) AS n FROM workers WHERE reliability > 0.${next()}` },
      });
    },
  },
  {
    name: "sql, streams",
    weight: 2,
    run: async ({ ask }) => {
      for (const accept of [ARROW, NDJSON, "text/csv"])
        await ask("/v1/sql", { headers: { accept }, body: { sql: MANY_ROWS } });
    },
  },
  {
    name: "sql, streams left",
    weight: 1,
    run: async ({ leave, random }) => {
      await leave("/v1/sql", {
        headers: { accept: random.pick([ARROW, NDJSON]) },
        body: { sql: ENDLESS_ROWS },
      });
    },
  },
  {
    name: "sql, given up",
    weight: 0.3,
    run: async ({ giveUp, random }) => {
      await giveUp("/v1/sql", { body: { sql: ENDLESS } }, 5 + random.below(100));
    },
  },
  {
    name: "ingest",
    weight: 1,
    run: async (visitor) => {
      const { ask, name, next, random } = visitor;
      const table = `soak_${name}`;
      for (let replaced = 0; replaced < REPLACED_MAX; replaced += 1) {
        const rows = Array.from(
          { length: 50 },
          () => `${next()},${random.below(1000)},name ${random.below(99)}\n`,
        );
        await ask(`/v1/ingest?dataset=${table}&mode=replace`, { body: `id,n,name\n${rows.join("")}` });
        await ask("/v1/sql", { body: { sql: `SELECT sum(n) AS n FROM ${table}` } });
      }
      await ask(`/v1/catalog/datasets/${table}`);
      await ask(`/v1/catalog/datasets/${table}/snapshots`);
      await ask(`/v1/catalog/datasets/${table}?purge=true`, { method: "DELETE" });
    },
  },
  {
    name: "ingest, left",
    weight: 0.5,
    run: async ({ leave, name, next }) => {
      const body = `id,name\n${Array.from({ length: 2000 }, (_, row) => `${next()},name ${row}\n`).join("")}`;
      const headers = { accept: "text/event-stream" };
      await leave(`/v1/ingest?dataset=left_${name}&dry_run=true`, { headers, body });
    },
  },
  {
    name: "storage",
    weight: 8,
    run: async ({ ask, name, next, random }) => {
      const path = `/v1/storage/soak/${name}/${next()}`;
      const bytes = new Uint8Array(1 + random.below(OBJECT_BYTES_MAX)).fill(random.below(256));
      await ask(path, { method: "PUT", body: bytes });
      await ask(path);
      await ask(path, { headers: { range: "bytes=0-0" } });
      await ask(path, { method: "HEAD" });
      await ask(path, { method: "PUT", body: "x", headers: { "if-none-match": "*" }, expect: [409] });
      await ask(`/v1/storage?prefix=soak/${name}/`);
      await ask(path, { method: "DELETE" });
      await ask(path, { expect: [404] });
    },
  },
  {
    name: "storage, left",
    weight: 2,
    run: async ({ ask, leave, giveUp, name, random }) => {
      const path = `/v1/storage/left/${name}`;
      await ask(path, { method: "PUT", body: new Uint8Array(2_000_000) });
      await leave(path, {});
      await giveUp(path, { method: "PUT", body: new Uint8Array(2_000_000) }, random.below(5));
      await ask(path, { method: "DELETE" });
    },
  },
  {
    name: "vectors",
    weight: 8,
    run: async (visitor) => {
      const { ask, name, random } = visitor;
      const path = `/v1/vectors/soak-${name}`;
      const shape = { dimension: DIMENSION, fields: { city: "keyword" } };
      await ask(path, { method: "PUT", body: shape });
      const items = Array.from({ length: ITEMS }, () => ({
        id: `v${random.below(VECTORS)}`,
        vector: vectorOf(visitor),
        metadata: { city: random.pick(["Austin", "Dallas"]) },
      }));
      await ask(`${path}/upsert`, { body: { items } });
      await ask(`${path}/search`, { body: { vector: vectorOf(visitor), k: 5 } });
      await ask(`${path}/search`, { body: { vector: vectorOf(visitor), k: 5, filter: { city: "Austin" } } });
      await ask(`${path}/delete`, { body: { ids: items.slice(0, ITEMS / 2).map(({ id }) => id) } });
      if (random.below(50) === 0) await ask(path, { method: "DELETE" });
    },
  },
  {
    name: "corpus",
    weight: 0.2,
    run: async ({ ask, leave, name }) => {
      const path = `/v1/matrix/corpora/soak-${name}`;
      await ask(path, { method: "PUT", body: corpusOver("workers") });
      await leave(path, { headers: { accept: "text/event-stream" } });
      await built(ask, `soak-${name}`);
      await ask(path, { method: "DELETE" });
    },
  },
  {
    name: "bad input",
    weight: 6,
    run: async ({ ask, next }) => {
      const bad = [400];
      await ask("/v1/sql", { body: "{", expect: bad });
      await ask("/v1/sql", { body: { sql: `SELECT nothing_${next()} FROM workers` }, expect: bad });
      await ask("/v1/sql", { body: { sql: `SELECT * FROM nobody_${next()}` }, expect: [404] });
      await ask("/v1/sql", { body: { sql: "SELECT * FROM read_csv('/etc/passwd')" }, expect: [403] });
      await ask("/v1/embed", { body: { texts: [], stray: next() }, expect: bad });
      await ask("/v1/embed", { body: JSON.stringify({ texts: ["x".repeat(40_000)] }), expect: bad });
      await ask(`/v1/vectors/nobody-${next()}/search`, { body: { vector: [1] }, expect: [404] });
      await ask("/v1/matrix/search", {
        body: { query_text: "welder", corpora: [`n${next()}`] },
        expect: [404],
      });
      await ask("/v1/ingest?dataset=workers&mode=sideways", { body: "a,b\n1,2\n", expect: bad });
      await ask(`/v1/nothing/${next()}`, { expect: [404] });
      await ask("/v1/embed/models", { headers: { host: `host-${next()}.example` }, expect: [403] });
      await ask("/v1/embed/models", { headers: { origin: `https://o${next()}.example` }, expect: [403] });
    },
  },
  {
    name: "bodies broken off",
    weight: 3,
    run: async ({ breakOff, name }) => {
      await breakOff("POST", "/v1/sql", '{"sql":"SELECT');
      await breakOff("PUT", `/v1/storage/left/${name}`, "x".repeat(5000));
      await breakOff("POST", `/v1/ingest?dataset=left_${name}`, "id,name\n1,Ann\n");
      await breakOff("POST", "/v1/embed", '{"texts":["');
    },
  },
  {
    name: "given up",
    weight: 3,
    run: async (visitor) => {
      const { giveUp, random } = visitor;
      const texts = Array.from({ length: 50 }, () => sentence(visitor));
      await giveUp("/v1/embed", { body: { texts } }, random.below(3));
      await giveUp(
        "/v1/matrix/search",
        { body: { query_text: sentence(visitor), corpora: ["workers"] } },
        random.below(3),
      );
      await giveUp("/v1/metrics", { expect: [404] }, random.below(2));
    },
  },
  {
    name: "looks",
    weight: 3,
    run: async ({ ask, random }) => {
      const paths = ["/health", "/v1/health", "/metrics", "/openapi.json", "/docs", "/v1/embed/models"];
      const lists = ["/v1/catalog/datasets", "/v1/matrix/corpora", "/v1/vectors", "/v1/embed/stats"];
      await ask(random.pick(paths));
      await ask(random.pick(lists));
    },
  },
];
