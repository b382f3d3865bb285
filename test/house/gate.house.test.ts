// No record crosses roles, in either topology: a share of `npm run faults -- gate`.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Searched } from "#contracts/matrix";
import { addKey } from "#edge/access/key-file";
import { seeded } from "#lib/random";
import { prepareGate, recordAtRandom, ROLES_TRIED, tryGate } from "../fault/gate.ts";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const SEED = 20_261_129;
/** Of a role that the actor records nothing for. */
const OTHER_ROLE = `5 ${ROLES_TRIED[5]?.name}s in Reno, NV`;

describe.each([...TOPOLOGIES])("a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology, { check_outputs: false });
    await prepareGate(house);
  }, 240_000);
  afterAll(() => house.close(), 30_000);

  test("one actor's records for one role change nothing for another", async () => {
    await recordAtRandom(house, seeded(SEED), { records: 0, flood: 200 });
    const ask = (more: object): Promise<Searched> =>
      house.json<Searched>("/v1/matrix/search", { query_text: OTHER_ROLE, k: 50, ...more });
    const [found, plain] = [await ask({}), await ask({ use_playbook: false })];
    expect(found.hits.length).toBeGreaterThan(10);
    expect(found.hits).toEqual(plain.hits);
    const [open] = [await ask({ gate: "off" })];
    expect(open.hits).toEqual(plain.hits);
  });

  test("random records lift nobody of another role, whatever the gate, and act all the same", async () => {
    const random = seeded(SEED);
    await recordAtRandom(house, random, { records: 400, flood: 0 });
    const report = await tryGate(house, random, 2000);
    expect(report.wrong, `seed ${SEED}`).toEqual([]);
    expect(report.lifted).toBeGreaterThan(10);
    expect(report.blocked).toBeGreaterThan(100);
  }, 240_000);
});

test("only the scope admin may open the gate", async () => {
  const house = await startHouse("together");
  try {
    const keys = join(house.settings.data, "keys.json");
    const read = await addKey(keys, { name: "reader", scope: "read" });
    const admin = await addKey(keys, { name: "owner", scope: "admin" });
    const again = await house.restart();
    const ask = (authorization: string, gate: string): Promise<Response> =>
      again.ask("/v1/matrix/search", {
        method: "POST",
        headers: { authorization: `Bearer ${authorization}` },
        body: JSON.stringify({ query_text: "welders", gate }),
      });
    expect(await codeOf(await ask(read, "off"))).toBe("forbidden");
    // There is no corpus; the gate is looked at first.
    expect(await codeOf(await ask(read, "adjacent"))).toBe("not_found");
    expect(await codeOf(await ask(admin, "off"))).toBe("not_found");
  } finally {
    await house.close();
  }
}, 30_000);
