import { join } from "node:path";
import { embed } from "#contracts/embed";
import { pathway } from "#contracts/pathway";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { pathwayd } from "#services/pathwayd/service";
import { contentOf, onBug, type Writer } from "./writer.ts";

/** Over an embedder that does not respond: what a trace means is no part of what must last. */
async function memoryIn(
  folder: string,
): Promise<{ memory: Service<typeof pathway>; close(): Promise<void> }> {
  const handlers = {
    embed: () => {
      throw new Fault("unavailable", "away");
    },
    models: () => ({ models: [] }),
    stats: () => {
      throw new Fault("unavailable", "away");
    },
  };
  const embedder = local(implement(embed, "embedd", handlers, { onBug }));
  const { handlers: served, close } = await pathwayd({
    embed: embedder,
    file: join(folder, "pathway.sqlite"),
  });
  return { memory: local(implement(pathway, "pathwayd", served, { onBug })), close };
}

/** A trace of its own, a version of it, and an outcome, each under the same key whenever it is tried. */
async function traceStep(memory: Service<typeof pathway>, n: number): Promise<string> {
  const { trace_id } = await memory.add({
    kind: "step",
    subject: `step ${n}`,
    task: "write",
    content: contentOf(n).slice(0, 2000),
    idempotency_key: `add-${n}`,
  });
  await memory.revise({ trace_id, content: `Version two of ${n}.`, idempotency_key: `revise-${n}` });
  await memory.feedback({ trace_id, result: "done", score: 1, idempotency_key: `feedback-${n}` });
  return trace_id;
}

export const traceWriter: Writer = {
  open: async (folder) => {
    const { memory, close } = await memoryIn(folder);
    await memory.traces({ limit: 1 });
    return { step: async (n) => void (await traceStep(memory, n)), close };
  },
  check: async (folder, acked, tried) => {
    const { memory, close } = await memoryIn(folder);
    const wrong: string[] = [];
    for (const n of acked) {
      const { traces } = await memory.traces({ subject: `step ${n}` });
      const [found] = traces;
      if (traces.length !== 1 || found?.version !== 2 || found.use_count !== 1)
        wrong.push(`step ${n} is not whole: ${JSON.stringify(traces)}`);
    }
    for (let n = 0; n < tried; n += 1) {
      const { events } = await memory.history({ trace_id: await traceStep(memory, n) });
      const said = events.map(({ event }) => event).join();
      if (said !== "add,update,feedback") wrong.push(`step ${n} sent again is: ${said}`);
    }
    const { damaged } = await memory.verify({});
    wrong.push(...damaged.map(({ problem }) => problem));
    await close();
    return wrong;
  },
};
