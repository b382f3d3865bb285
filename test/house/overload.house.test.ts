// More than the house can do, and connections that never get to the point: accepted requests get right replies, the rest
// is refused with a retry delay, and other clients are not affected.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

/** Several times what is worked on at once for one caller. */
const QUESTIONS = 300;
/** Does not end by itself, so that whatever the machine can do is less than this. */
const ENDLESS = { sql: "select count(*) as n from range(1000000000000)", timeout_ms: 1500 };
/** More than any gate has room for. */
const SLOW_EACH = 75;

describe.each([...TOPOLOGIES])("a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology, { log: "error" });
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(house.url + path, { method: "POST", body: JSON.stringify(body) });

  test("works on what it can, refuses the rest, and is well again", async () => {
    const asked = Array.from({ length: QUESTIONS }, async (): Promise<string> => {
      const reply = await post("/v1/sql", ENDLESS);
      expect(reply.headers.get("x-request-id")).not.toBeNull();
      if (reply.status === 503) expect(reply.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
      return codeOf(reply);
    });
    expect((await house.ask("/health")).status).toBe(200);
    expect((await post("/v1/embed", { texts: ["cook"] })).status).toBe(200);
    const codes = await Promise.all(asked);
    const refused = codes.filter((code) => code === "unavailable").length;
    const worked = codes.filter((code) => code === "timeout").length;
    expect(worked).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(worked);
    expect(refused + worked).toBe(QUESTIONS);
    expect((await post("/v1/sql", { sql: "select 42 as n" })).status).toBe(200);
    const metrics = await (await house.ask("/metrics")).text();
    expect(metrics).toMatch(
      new RegExp(`lakehouse_refused_total\\{service="gateway",route="queryd\\.sql"\\} ${refused}\\b`),
    );
  }, 240_000);

  test("does not mind connections that send nothing, too little, or take nothing", async () => {
    expect(
      (await house.ask("/v1/storage/large", { method: "PUT", body: new Uint8Array(4 << 20) })).status,
    ).toBe(201);
    const { hostname, port } = new URL(house.url);
    const head = (line: string, length: number): string =>
      `${line} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-length: ${length}\r\n\r\n`;
    const starts = [
      "POST /v1/em",
      head("POST /v1/embed", 1000) + '{"texts":',
      head("POST /v1/sql", 1000) + '{"sql":',
      head("PUT /v1/storage/slow", 1_000_000) + "some",
      head("POST /v1/ingest?dataset=slow", 1_000_000) + "id\n1\n",
      head("GET /v1/storage/large", 0),
    ];
    const slow: Socket[] = [];
    for (const start of starts) {
      for (let one = 0; one < SLOW_EACH; one += 1) slow.push(await connected(hostname, Number(port), start));
    }
    try {
      const [embedded, counted, stored, loaded] = await Promise.all([
        post("/v1/embed", { texts: ["cook"] }),
        post("/v1/sql", { sql: "select 42 as n" }),
        house.ask("/v1/storage/quick", { method: "PUT", body: "here" }),
        house.ask("/v1/ingest?dataset=quick", { method: "POST", body: "id\n1\n" }),
      ]);
      expect([embedded.status, counted.status, stored.status, loaded.status]).toEqual([200, 200, 201, 201]);
      expect(await (await house.ask("/v1/storage/quick")).text()).toBe("here");
      expect(slow.filter(({ destroyed }) => destroyed).length).toBe(0);
    } finally {
      for (const socket of slow) socket.destroy();
    }
  }, 240_000);
});

/** A connection on which `start` was sent, and whose answer nobody reads. */
function connected(host: string, port: number, start: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(start, () => resolve(socket)));
    socket.pause();
    socket.on("error", reject);
  });
}
