// Every fault that a contract lists for an operation is provoked here, over the wire. A code that the contract lists and
// the tables of `faults/` do not, or the reverse, fails.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { request as httpRequest } from "node:http";
import { wire as contracts } from "#contracts/house";
import { type Contract, servedOps } from "#rpc/contract";
import type { FaultCode } from "#rpc/fault";
import { FAULTS } from "#rpc/fault";
import { ELSEWHERE, NEED_HARM } from "./faults/elsewhere.ts";
import { prepare, send } from "./faults/fixture.ts";
import { LAKE } from "./faults/lake.ts";
import type { Provocation, Provocations } from "./faults/provocation.ts";
import { RECORDS } from "./faults/records.ts";
import { SEARCHES } from "./faults/search.ts";
import { WORK } from "./faults/work.ts";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const PROVOCATIONS: Provocations = { ...LAKE, ...SEARCHES, ...RECORDS, ...WORK };

test("the table has every code of every operation, and no other", () => {
  const listed = (Object.entries(contracts) as [string, Contract][]).flatMap(([service, contract]) =>
    servedOps(contract)
      .filter(([, operation]) => operation.internal !== true && operation.reply !== "events")
      .flatMap(([name, { errors }]) =>
        errors.filter((code) => !NEED_HARM.has(code)).map((code) => `${service}.${name} ${code}`),
      ),
  );
  const provoked = Object.entries(PROVOCATIONS)
    .filter(([name]) => !name.endsWith("Events"))
    .flatMap(([name, codes]) => Object.keys(codes).map((code) => `${name} ${code}`));
  expect([...provoked, ...Object.values(ELSEWHERE).flat()].sort()).toEqual(listed.sort());
});

describe.each([...TOPOLOGIES])("a house %s", (topology) => {
  let house: TestHouse;
  let trace: string;
  beforeAll(async () => {
    house = await startHouse(topology, {}, { processes: true });
    trace = await prepare(house);
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const cases = Object.entries(PROVOCATIONS).flatMap(([name, codes]) =>
    Object.entries(codes).map(([code, provocation]): [string, FaultCode, Provocation] => [
      name,
      code as FaultCode,
      provocation,
    ]),
  );
  test.each(cases)("%s gives %s", async (name, code, provocation) => {
    const { method, headers, first } = provocation;
    const path = provocation.path.replace("{trace}", trace);
    if (headers?.["content-length"] !== undefined) {
      expect(await statusOf(house.url + path, method, headers)).toBe(FAULTS[code].status);
      return;
    }
    if (first !== undefined) expect((await send(house, first)).ok).toBe(true);
    const reply = await send(house, { ...provocation, path });
    if (name.endsWith("Events")) {
      expect(await reply.text()).toContain(`"code":"${code}"`);
      return;
    }
    expect(reply.status).toBe(FAULTS[code].status);
    if (method !== "HEAD") expect(await codeOf(reply)).toBe(code);
  });
});

function statusOf(url: string, method: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, { method, headers }, (reply) => {
      resolve(reply.statusCode ?? 0);
      asked.destroy();
    });
    asked.on("error", reject);
    asked.write("x");
  });
}
