// Where tasks are kept: an object each in the object store, so that they are there after a restart and in a backup, in both
// topologies. Objects of tasks whose time has passed are removed now and then, found by listing.

import type { CallToolResult } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { House } from "#contracts/house";
import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";

const keptTask = z.object({
  task_id: z.string(),
  tool: z.string(),
  /** The name of the key that began it. */
  caller: z.string(),
  status: z.enum(["working", "input_required", "completed", "failed", "cancelled"]),
  message: z.string().optional(),
  created_at: z.string(),
  updated_at: z.string(),
  ttl_ms: z.int(),
  result: z.custom<CallToolResult>((value) => typeof value === "object" && value !== null).optional(),
  error: z.object({ code: z.int(), message: z.string() }).optional(),
});
export type KeptTask = z.infer<typeof keptTask>;

export interface TaskStore {
  save(task: KeptTask): Promise<void>;
  load(id: string): Promise<KeptTask | undefined>;
  /** Those that `wanted` is true for, the newest first; the first hundred. */
  list(wanted: (task: KeptTask) => boolean): Promise<readonly KeptTask[]>;
}

const PREFIX = "mcp/tasks/";
const ID = /^[0-9a-f-]{36}$/;
/** Between two looks for tasks whose time has passed. */
const CLEAN_MS = 600_000;
/** Of a house that makes more tasks than that in a day, the list of one caller may lack some; each is still found by its id. */
const OBJECTS_MAX = 10_000;
const LISTED_MAX = 100;

export function taskStore(storage: House["storaged"], clock: Clock): TaskStore {
  let cleanedAt = -Infinity;

  const load = async (id: string): Promise<KeptTask | undefined> => {
    if (!ID.test(id)) return undefined;
    try {
      const { body } = await storage.get({ key: PREFIX + id });
      return keptTask.parse(await new Response(body).json());
    } catch (error) {
      if (error instanceof Fault && error.code === "not_found") return undefined;
      throw error;
    }
  };

  const ids = async (): Promise<string[]> => {
    const found: { id: string; at: string }[] = [];
    let cursor: string | undefined;
    do {
      const page = await storage.list({
        prefix: PREFIX,
        limit: 1000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(
        ...page.objects.map(({ key, modified_at }) => ({ id: key.slice(PREFIX.length), at: modified_at })),
      );
      cursor = page.next_cursor;
    } while (cursor !== undefined && found.length < OBJECTS_MAX);
    return found.toSorted((a, b) => b.at.localeCompare(a.at)).map(({ id }) => id);
  };

  const clean = async (): Promise<void> => {
    for (const id of await ids()) {
      const task = await load(id);
      if (task !== undefined && Date.parse(task.updated_at) + task.ttl_ms < clock.now()) {
        await storage.remove({ key: PREFIX + id });
      }
    }
  };

  return {
    save: async (task) => {
      await storage.put({
        key: PREFIX + task.task_id,
        body: new Blob([JSON.stringify(task)]).stream(),
      });
      if (clock.now() < cleanedAt + CLEAN_MS) return;
      cleanedAt = clock.now();
      await clean();
    },
    load,
    list: async (wanted) => {
      const tasks: KeptTask[] = [];
      for (const id of await ids()) {
        const task = await load(id);
        if (task !== undefined && wanted(task)) tasks.push(task);
        if (tasks.length === LISTED_MAX) break;
      }
      return tasks;
    },
  };
}
