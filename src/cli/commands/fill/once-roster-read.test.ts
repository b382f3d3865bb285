// A call is made again only where whoever has the rosters refused it: another one may have been done.

import { expect, test } from "bun:test";
import { fills } from "#contracts/fill";
import type { House } from "#contracts/house";
import { Fault } from "#rpc/fault";
import { remote } from "#rpc/remote";
import { onceRosterIsRead } from "./once-roster-read.ts";

const LOADING = { validatord: { rosters: () => Promise.resolve({ rosters: [{ status: "loading" }] }) } };
const house = LOADING as unknown as Pick<House, "validatord">;

test("a call that the roster's owner refused is made again", async () => {
  let calls = 0;
  const given = await onceRosterIsRead(house, () => {
    calls += 1;
    if (calls === 1) throw new Fault("unavailable", "The roster is being read.", { origin: "validatord" });
    return Promise.resolve("opened");
  });
  expect([given, calls]).toEqual(["opened", 2]);
});

test("a call that broke off between two services is not", async () => {
  let calls = 0;
  const given = onceRosterIsRead(house, () => {
    calls += 1;
    return Promise.reject(new Fault("unavailable", "filld cannot be reached.", { origin: "filld" }));
  });
  await expect(given).rejects.toThrow("filld cannot be reached.");
  expect(calls).toBe(1);
});

test("an order whose request arrived and whose reply did not is opened no second time", async () => {
  let requests = 0;
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket, bytes) => {
        if (bytes.toString("latin1").startsWith("POST /v1/fills")) requests += 1;
        socket.terminate();
      },
    },
  });
  try {
    const address = { url: `http://127.0.0.1:${server.port}` };
    const { open } = remote(fills, address, { origin: "the house" });
    const opened = onceRosterIsRead(house, () =>
      open({ order_text: "2 welders in Springfield, IL tomorrow at 6" }),
    );
    await expect(opened).rejects.toMatchObject({ code: "unavailable" });
    expect(requests).toBe(1);
  } finally {
    server.stop(true);
  }
});
