// vectord alone behind HTTP, over the folder it is handed, with a look at its event loop: `GET /held` says for how
// long one turn held it at most since the last time somebody asked, and starts anew. Time in which the machine gave
// the processor to others is not ours and is taken off.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hashedModel } from "#adapters/embed/hashed";
import { diskObjects } from "#adapters/objects/disk/disk";
import { embed } from "#contracts/embed";
import { storage } from "#contracts/storage";
import { vector } from "#contracts/vector";
import { present } from "#lib/assert";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { routes } from "#rpc/serve";
import { embedd } from "#services/embedd/service";
import { storaged } from "#services/storaged/service";
import { vectord } from "#services/vectord/service";
import { reportPort } from "./server-process.ts";

const TICK_MS = 1;
const CACHE_BYTES_MAX = 1024 * 1024;

/** Milliseconds that this thread was ready to run and did not (Linux, proc(5)). */
function waitedMs(): number {
  return Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[1]) / 1e6;
}

let heldMs = 0;
let before = { at: performance.now(), waited: waitedMs() };
setInterval(() => {
  const now = { at: performance.now(), waited: waitedMs() };
  heldMs = Math.max(heldMs, now.at - before.at - (now.waited - before.waited) - TICK_MS);
  before = now;
}, TICK_MS);

const folder = present(process.argv[2], "the folder");
const models = [hashedModel()];
const { handlers } = await vectord({
  embed: local(
    implement(embed, "embedd", (await embedd({ models, cacheBytesMax: CACHE_BYTES_MAX })).handlers),
  ),
  storage: local(
    implement(
      storage,
      "storaged",
      (await storaged({ objects: await diskObjects(join(folder, "objects")) })).handlers,
    ),
  ),
  folder: join(folder, "vectors"),
});
const listener = listen({
  origin: "vectord",
  at: { hostname: "127.0.0.1", port: 0 },
  routes: routes(implement(vector, "vectord", handlers)),
  extra: {
    "/held": () => {
      const answer = Response.json({ held_ms: heldMs });
      heldMs = 0;
      return answer;
    },
  },
});
reportPort(listener.port);
