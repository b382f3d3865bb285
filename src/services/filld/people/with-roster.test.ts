import { expect, test } from "bun:test";
import { ROSTER_LOADING } from "#contracts/validate";
import type { Call } from "#rpc/call";
import { Fault } from "#rpc/fault";
import { withRoster } from "./with-roster.ts";

const reading = (): Fault => new Fault("unavailable", "It is being read.", { reason: ROSTER_LOADING });
const until = (deadline: number): Call => ({ deadline }) as Call;
const loaded: string[] = [];
const deps = {
  validate: {
    loadRoster: ({ roster }: { roster: string }) => {
      loaded.push(roster);
      return Promise.resolve({} as never);
    },
  },
};

test("a roster that is being read is waited for while there is time, and told when there is none", async () => {
  let asked = 0;
  const third = async (): Promise<string> => {
    asked += 1;
    if (asked < 3) throw reading();
    return "checked";
  };
  expect(await withRoster(deps, "workers", until(Date.now() + 3_600_000), third)).toBe("checked");
  asked = 0;
  const late = withRoster(deps, "workers", until(Date.now() + 1000), third);
  expect(await late.catch((fault: Fault) => [fault.code, fault.reason])).toEqual([
    "unavailable",
    ROSTER_LOADING,
  ]);
  expect([asked, loaded]).toEqual([1, []]);
});

test("one that could not be read is loaded once more, and another fault is left alone", async () => {
  let asked = 0;
  const second = async (): Promise<string> => {
    asked += 1;
    if (asked === 1) throw new Fault("unavailable", "It could not be loaded.");
    return "checked";
  };
  expect(await withRoster(deps, "workers", until(Infinity), second)).toBe("checked");
  expect(loaded).toEqual(["workers"]);
  const refused = withRoster(deps, "workers", until(Infinity), () =>
    Promise.reject(new Fault("rejected", "no")),
  );
  expect(await refused.catch((fault: Fault) => fault.code)).toBe("rejected");
});
