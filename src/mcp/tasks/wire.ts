// Tasks on the wire of both eras. In the 2026 protocol they are the extension io.modelcontextprotocol/tasks (SEP-2663): the
// server decides, `tasks/get` has the result in it, `tasks/update` brings responses. In that of 2025-11-25 they are part of
// the protocol: the client asks for a task with its call, and `tasks/result` waits for the result.

import {
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  RELATED_TASK_META_KEY,
  type Result,
  type Server,
  type ServerCapabilities,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Caller } from "#rpc/call";
import { ENDED, type Task, type Tasks } from "./tasks.ts";

export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

export const TASKS_OF_2025: NonNullable<ServerCapabilities["tasks"]> = {
  list: {},
  cancel: {},
  requests: { tools: { call: {} } },
};

/** How long a client waits between two looks: most work takes seconds. Milliseconds. */
const POLL_MS = 500;

const taskParams = z.looseObject({ taskId: z.string() });
const listParams = z.looseObject({});
const askedFor = z.looseObject({ ttl: z.number().positive().optional() });

/** Whether the client of a call takes a task for a result, and how long it wants that to be kept. */
export function wantsTask(
  context: ServerContext,
  task: unknown,
): { readonly ttlMs: number | undefined } | undefined {
  if (isOf2026(context)) return declaresTasks(context) ? { ttlMs: undefined } : undefined;
  if (task === undefined) return undefined;
  const asked = askedFor.safeParse(task);
  return { ttlMs: asked.success ? asked.data.ttl : undefined };
}

/** The reply to a call that began a task. */
export function createdTask(context: ServerContext, task: Task): Result {
  return isOf2026(context) ? { resultType: "task", ...of2026(task) } : { task: of2025(task) };
}

export function isTaskResult(result: Result): boolean {
  return result["resultType"] === "task" || "task" in result;
}

export function serveTasks(server: Server, tasks: Tasks, callerOf: (context: ServerContext) => Caller): void {
  const found = async (taskId: string, context: ServerContext): Promise<Task> =>
    known(await tasks.get(taskId, callerOf(context)), taskId);

  server.setRequestHandler("tasks/get", { params: taskParams }, async ({ taskId }, context) => {
    checkDeclared(context);
    const task = await found(taskId, context);
    return isOf2026(context) ? detailed(task) : of2025(task);
  });

  server.setRequestHandler("tasks/update", { params: taskParams }, async ({ taskId }, context) => {
    if (!isOf2026(context)) throw noMethod();
    checkDeclared(context);
    // The library takes responses out of the parameters of every request, and checks their shapes.
    const responses = context.mcpReq.inputResponses ?? {};
    if (!(await tasks.respond(taskId, callerOf(context), responses))) throw unknown(taskId);
    return {};
  });

  server.setRequestHandler("tasks/cancel", { params: taskParams }, async ({ taskId }, context) => {
    checkDeclared(context);
    const task = await found(taskId, context);
    if (!isOf2026(context) && ENDED.has(task.status)) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `The task ${taskId} has ended: ${task.status}.`,
      );
    }
    await tasks.cancel(taskId, callerOf(context));
    return isOf2026(context) ? {} : of2025(await found(taskId, context));
  });

  server.setRequestHandler("tasks/result", { params: taskParams }, async ({ taskId }, context) => {
    if (isOf2026(context)) throw noMethod();
    const { result, error, status } = known(
      await tasks.ended(taskId, callerOf(context), context.mcpReq.signal),
      taskId,
    );
    if (error !== undefined) throw new ProtocolError(error.code, error.message);
    if (result === undefined) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `The task ${taskId} has no result: ${status}.`,
      );
    }
    return { ...result, _meta: { ...result._meta, [RELATED_TASK_META_KEY]: { taskId } } };
  });

  server.setRequestHandler("tasks/list", { params: listParams }, async (_, context) => {
    if (isOf2026(context)) throw noMethod();
    return { tasks: (await tasks.list(callerOf(context))).map(of2025) };
  });
}

function isOf2026({ mcpReq }: ServerContext): boolean {
  return mcpReq.envelope !== undefined;
}

const envelope = z.looseObject({
  [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({
    extensions: z.looseObject({ [TASKS_EXTENSION]: z.unknown() }),
  }),
});

function declaresTasks({ mcpReq }: ServerContext): boolean {
  const declared = envelope.safeParse(mcpReq.envelope);
  return (
    declared.success && declared.data[CLIENT_CAPABILITIES_META_KEY].extensions[TASKS_EXTENSION] !== undefined
  );
}

function checkDeclared(context: ServerContext): void {
  if (!isOf2026(context) || declaresTasks(context)) return;
  throw new MissingRequiredClientCapabilityError({
    requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
  });
}

function known(task: Task | undefined, taskId: string): Task {
  if (task === undefined) throw unknown(taskId);
  return task;
}

function unknown(taskId: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no task ${taskId}.`);
}

function noMethod(): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.MethodNotFound, "Method not found");
}

function of2026({ task_id, status, message, created_at, updated_at, ttl_ms }: Task): Result {
  return {
    taskId: task_id,
    status,
    ...(message === undefined ? {} : { statusMessage: message }),
    createdAt: created_at,
    lastUpdatedAt: updated_at,
    ttlMs: ttl_ms,
    pollIntervalMs: POLL_MS,
  };
}

/** With what has become of it. */
function detailed(task: Task): Result {
  const { result, error, inputRequests } = task;
  return {
    ...of2026(task),
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
    ...(inputRequests === undefined ? {} : { inputRequests }),
  };
}

/** A tool that reported an error makes its task fail there, and complete here. */
function of2025({ task_id, status, message, created_at, updated_at, ttl_ms, result }: Task): Result {
  return {
    taskId: task_id,
    status: status === "completed" && result?.isError === true ? "failed" : status,
    ...(message === undefined ? {} : { statusMessage: message }),
    createdAt: created_at,
    lastUpdatedAt: updated_at,
    ttl: ttl_ms,
    pollInterval: POLL_MS,
  };
}
