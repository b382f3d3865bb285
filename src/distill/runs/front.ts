// Distillation as the gateway serves it, in both topologies: routes of its contract, and the same as a neighbour for other
// surfaces. Runs and reads are child processes; what is done here is to start them and to pass on what they say.

import { join } from "node:path";
import { distill } from "#contracts/distill";
import { isThere } from "#lib/durable";
import type { Log } from "#lib/log";
import { type ChildFolder, makeChildFolder } from "#rpc/child-folder";
import { type Child, spawnChild } from "#rpc/child";
import type { Handlers, RawReply, Service } from "#rpc/contract";
import { Fault, traceOf } from "#rpc/fault";
import { type Listener, listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import type { Route } from "#rpc/route";
import { routes } from "#rpc/serve";
import type { CaptureMode } from "../capture/lines-of.ts";
import { briefReceipt } from "./brief-receipt.ts";
import { gitCommit } from "./git-commit.ts";
import { openReader } from "./reader.ts";
import { reportsOf } from "./record.ts";
import { superviseRuns } from "./supervisor.ts";
import { distillWorker } from "./worker/contract.ts";
import { HOUSE_ROOT } from "./worker/handlers.ts";
import type { WorkerSettings } from "./worker/main.ts";

/** A million rows of evidence in memory, which exports compare, take about one. */
const WORKER_BYTES_MAX = 2 * 1024 ** 3;
/** Between two looks at a run of the command line, whose states come to no one here. */
const FOREIGN_POLL_MS = 1000;

export interface DistillFrontDeps {
  /** The data folder. */
  readonly data: string;
  readonly captureMode: CaptureMode | "off";
  /** Routes of the services, over which the workers reach them. */
  readonly own: readonly Route[];
  readonly checkOutputs: boolean;
  readonly log: Log;
}

export interface DistillFront {
  readonly routes: readonly Route[];
  readonly service: Service<typeof distill>;
  close(): Promise<void>;
}

export function distillFront({ data, captureMode, own, checkOutputs, log }: DistillFrontDeps): DistillFront {
  let neighbours:
    | { readonly folder: ChildFolder; readonly listener: Listener; readonly socket: string }
    | undefined;

  const socket = (): string => {
    if (neighbours === undefined) {
      const folder = makeChildFolder();
      const path = join(folder.path, "s");
      const listener = listen({ origin: "gateway", at: { unix: path }, routes: own });
      neighbours = { folder, listener, socket: path };
    }
    return neighbours.socket;
  };
  const spawn = (): Promise<Child<typeof distillWorker>> =>
    spawnChild(distillWorker, {
      entry: join(import.meta.dir, "worker/main.ts"),
      origin: "distill",
      settings: { data, captureMode, socket: socket() } satisfies WorkerSettings,
      memoryBytesMax: WORKER_BYTES_MAX,
    });
  const folderOf = (root: string): string => join(data, root);
  const runs = superviseRuns({
    spawn,
    folderOf,
    gitCommit,
    onFailure: (what, error) => log.warn(`${what} failed`, traceOf(error)),
  });
  const reader = openReader(spawn);

  /** A root is made by the first run of it where it is the house's own; any other must be there. */
  const checkRoot = async (root: string): Promise<void> => {
    if (root === HOUSE_ROOT || (await isThere(folderOf(root)))) return;
    throw new Fault("not_found", `There is no root ${root} in the data folder.`);
  };

  const handlers: Handlers<typeof distill> = {
    start: async (input, call) => {
      await checkRoot(input.root);
      return runs.start(input, call);
    },
    runs: (input, call) => reader.use((worker) => worker.runs(input, call)),
    run: async (input, call) => {
      const run = await reader.use((worker) => worker.run(input, call));
      const live = runs.running(input.root, input.run_id);
      return live?.progress === undefined || run.status !== "running"
        ? run
        : { ...run, progress: live.progress };
    },
    runEvents: async function* ({ root, run_id }, call) {
      const live = runs.follow(root, run_id, call.signal);
      if (live !== undefined) {
        yield* live;
        return;
      }
      let shown = "";
      for (;;) {
        const found = await reader.use((worker) => worker.run({ root, run_id }, call));
        const run = { ...found, receipts: found.receipts.map(briefReceipt) };
        const text = JSON.stringify(run);
        if (text !== shown) yield run;
        shown = text;
        if (run.status !== "running") return;
        await Bun.sleep(FOREIGN_POLL_MS);
      }
    },
    cancel: async ({ root, run_id }, call) => {
      const isOurs = await runs.cancel(root, run_id);
      const run = await reader.use((worker) => worker.run({ root, run_id }, call));
      if (!isOurs && run.status === "running")
        throw new Fault(
          "conflict",
          `The run ${run_id} was started on the command line: end it there, with control-C.`,
        );
      return run;
    },
    report: ({ root, run_id, report }) =>
      fileReply(join(reportsOf(folderOf(root), run_id), report), report, "run has no such report"),
    audit: (input, call) => reader.use((worker) => worker.audit(input, call)),
    quarantine: (input, call) => {
      if (input.raw && !call.caller.scopes.includes("admin"))
        throw new Fault("forbidden", "raw=true needs a key of the scope admin: the bytes are not redacted.", {
          details: [{ path: "raw", message: "may be true only for the scope admin" }],
        });
      return reader.use((worker) => worker.quarantine(input, call));
    },
    exports: (input, call) => reader.use((worker) => worker.exports(input, call)),
    export: (input, call) => reader.use((worker) => worker.export(input, call)),
    exportFile: async ({ root, name, file }, call) => {
      const found = await reader.use((worker) => worker.export({ root, name }, call));
      const extra = ["manifest.json", "certificate.json"];
      // Only what the manifest lists: nothing that a name could lead to.
      if (!extra.includes(file) && !found.files.some(({ path }) => path === file))
        throw new Fault("not_found", `The export ${name} has no file ${file}.`);
      const folder = found.kind === "kto" ? "preference" : found.kind;
      return fileReply(join(folderOf(root), "exports", folder, name, file), file, "export has no such file");
    },
    evidence: (input, call) => reader.use((worker) => worker.evidence(input, call)),
    trace: (input, call) => reader.use((worker) => worker.trace(input, call)),
    refreshDatasets: (input, call) => reader.use((worker) => worker.refreshDatasets(input, call)),
  };
  const implementation = implement(distill, "distill", handlers, {
    checkOutputs,
    onBug: (bug, { operation, requestId }) =>
      log.error("bug", { operation, request_id: requestId, error: bug }),
  });
  return {
    routes: routes(implementation),
    service: local(implementation),
    close: async () => {
      await runs.close();
      await reader.close();
      await neighbours?.listener.stop(0);
      neighbours?.folder.remove();
    },
  };
}

const TYPES: readonly (readonly [end: string, type: string])[] = [
  [".jsonl", "application/x-ndjson"],
  [".json", "application/json"],
  [".md", "text/markdown; charset=utf-8"],
  [".tsv", "text/tab-separated-values; charset=utf-8"],
];

async function fileReply(path: string, name: string, missing: string): Promise<RawReply> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new Fault("not_found", `The ${missing}.`);
  const type = TYPES.find(([end]) => name.endsWith(end))?.[1] ?? "application/octet-stream";
  return { status: 200, headers: { "content-type": type }, body: file };
}
