// Slow clients, in a process of their own: thousands of connections that begin something and do not get on with it.
// Each sends the start of its request, and then one byte every few seconds, or nothing.
// Tells how many are open, and after how many seconds the last one was cut.

import { connect, type Socket } from "node:net";
import type { SlowReport, SlowPlan, SlowStart } from "./slow-clients.ts";

/** A byte that often keeps a connection from being idle, and gets nowhere. */
const DRIP_MS = 2000;
/** Who takes nothing looks after so long whether it was cut: a reply that was not goes on to its end. */
const TAKE_AFTER_MS = 45_000;
/** Dialled at once; a listener's queue holds about as many. */
const DIALS_MAX = 100;

process.on("disconnect", () => process.exit(0));
process.on("message", (plan: SlowPlan) => {
  run(plan).catch((error: unknown) => {
    answer({ error: error instanceof Error ? error.message : String(error) });
  });
});

function answer(value: SlowReport): void {
  process.send?.(value);
}

async function run({ url, starts }: SlowPlan): Promise<void> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const dripping = new Set<Socket>();
  const lastCutMs: number[] = starts.map(() => 0);
  const begunAt = performance.now();
  const one = (start: SlowStart, kind: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        open.add(socket);
        if (start.drips) dripping.add(socket);
        socket.write(start.text, () => resolve());
      });
      socket.on("data", () => undefined);
      if (!start.reads) {
        socket.pause();
        setTimeout(() => socket.resume(), TAKE_AFTER_MS);
      }
      socket.on("error", (error) => {
        if (!open.has(socket)) reject(error);
      });
      socket.on("close", () => {
        open.delete(socket);
        dripping.delete(socket);
        lastCutMs[kind] = performance.now() - begunAt;
      });
    });
  for (const [kind, start] of starts.entries()) {
    for (let left = start.clients; left > 0; left -= DIALS_MAX) {
      await Promise.all(Array.from({ length: Math.min(DIALS_MAX, left) }, () => one(start, kind)));
    }
  }
  setInterval(() => {
    for (const socket of dripping) socket.write("x");
    answer({ open: open.size, lastCutS: lastCutMs.map((ms) => ms / 1000) });
  }, DRIP_MS);
  answer({ open: open.size, lastCutS: lastCutMs });
}
