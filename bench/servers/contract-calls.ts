// The cost of a call in process, in microseconds of CPU: a bare async function, the same with Zod, and
// `local()`. Run as a process of its own, so that nothing else is in its heap; prints its figures as JSON.

import "zod/compile";
import { implement, local } from "#rpc/local";
import { inTurns } from "../report/rounds.ts";
import { find, QUESTION, question, search } from "./contract-work.ts";

/** Enough to be long beside the clock's microsecond and short beside what a neighbour does to the machine. */
const CALLS = 200_000;

async function costUs(call: (input: typeof QUESTION) => Promise<{ took_ms: number }>): Promise<number> {
  Bun.gc(true);
  let sum = 0;
  const before = process.cpuUsage();
  for (let count = 0; count < CALLS; count += 1) sum += (await call(QUESTION)).took_ms;
  const { user, system } = process.cpuUsage(before);
  if (sum === 0) throw new Error("the calls did nothing");
  return (user + system) / CALLS;
}

const full = question.parse(QUESTION);
const service = local(implement(search, "searchd", { search: find }));
const runs = {
  bare: () => costUs(async () => find(full)),
  zod: () => costUs(async (input) => find(question.parse(input))),
  local: () => costUs(service.search),
};

const figures = await inTurns(Number(process.argv[2]), runs);
process.stdout.write(JSON.stringify(figures));
