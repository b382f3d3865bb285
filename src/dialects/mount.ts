// A dialect's table as routes: each foreign request becomes a native one, goes through the house's own route, with its
// limits, deadlines and admission, and its reply is written in the dialect's bytes. Who answers a route (the house, an
// upstream, nobody) is decided for each request.

import { house, type ServiceName } from "#contracts/house";
import { BACKEND_HEADER, type ChooseBackend } from "#rpc/backend";
import { EVENT_STREAM, readSse } from "#rpc/events";
import { type AnyOp, type Contract, type Method, servedOps } from "#rpc/contract";
import { type Exchange, faultHeaders } from "#rpc/exchange";
import { Fault, faultFromBody, toFault } from "#rpc/fault";
import { planPath, readPath } from "#rpc/path";
import type { Route, RouteTraits } from "#rpc/route";
import type {
  Dialect,
  DialectRow,
  ForeignReply,
  ForeignRequest,
  ForeignStream,
  NativeFault,
} from "./dialect.ts";

/** The header that chooses a dialect on the native paths. */
export const DIALECT_HEADER = "x-lakehouse-dialect";
/** Routes below the dialect's prefix, those that a header chooses on native paths, and the dialect's 404. */
export function dialectRoutes(dialect: Dialect, native: readonly Route[], decide: ChooseBackend): Route[] {
  const byName = new Map(native.map((route) => [route.name, route]));
  const below = dialect.rows.map((row) =>
    mounted(
      dialect,
      row,
      byName,
      decide,
      planPath(dialect.prefix + row.path).pattern,
      dialect.prefix + row.path,
    ),
  );
  // OpenAI's paths are nobody else's: no header is needed, and a path that is not in the table is the house's own 404.
  if (dialect.prefix === "") return below;
  const always: ChooseBackend = () => ({ by: "house" });
  const chosen = dialect.rows.flatMap((row) => {
    const route = byName.get(row.operation ?? "");
    if (route === undefined || route.accept !== undefined) return [];
    const path = operationOf(route.name).path;
    const accepts = ({ headers }: Request): boolean => headers.get(DIALECT_HEADER) === dialect.name;
    return [{ ...mounted(dialect, row, byName, always, route.pattern, path, true), accepts }];
  });
  return [...below, ...uniqueByPath(chosen), ...missing(dialect, decide)];
}

/** Of rows for one native operation the first: on the native path there is only one. */
function uniqueByPath(routes: readonly Route[]): Route[] {
  return [
    ...new Map(routes.toReversed().map((route) => [`${route.method} ${route.pattern}`, route])).values(),
  ];
}

function operationOf(name: string): AnyOp {
  const [service = "", operation = ""] = name.split(".");
  const found = servedOps(house[service as ServiceName] as Contract).find(([known]) => known === operation);
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found[1];
}

function mounted(
  dialect: Dialect,
  row: DialectRow,
  native: ReadonlyMap<string, Route>,
  decide: ChooseBackend,
  pattern: string,
  path: string,
  onNativePath = false,
): Route {
  const route = native.get(row.operation ?? "");
  if (row.operation !== undefined && route === undefined) throw new Error(`${row.operation} is not a route`);
  const plan = planPath(path);
  const name = `${dialect.name}:${row.operation ?? row.path.slice(1)}`;
  const fault = (failure: Fault, exchange: Exchange): Response =>
    sealed(dialect.fault(nativeFault(failure)), failure.status, exchange, faultHeaders(failure));
  const traits: RouteTraits = { ...(route ?? PLAIN), name, method: row.method, pattern };
  const { accept: _, ...open } = traits;
  return {
    ...open,
    // A stream holds what a stream holds, whichever way the native operation is told of it.
    ...(row.stream === undefined ? {} : { work: "stream" as const, reply: "raw" as const }),
    fault,
    handle: async (request, exchange) => {
      try {
        const decision = await decide(name, request, exchange);
        if (decision.by === "upstream") return await decision.pass(request, exchange);
        if (decision.by === "nobody") return fault(decision.fault, exchange);
        if (route === undefined) return sealed(present(row.answer)(), 200, exchange);
        const foreign: ForeignRequest = {
          params: readPath(plan, request.url),
          query: new URL(request.url).searchParams,
          body: row.request === undefined && row.reply === undefined ? undefined : await bodyOf(request),
        };
        return await translated(dialect, row, { route, native }, foreign, request, exchange, onNativePath);
      } catch (thrown) {
        return fault(toFault(thrown), exchange);
      }
    },
  };
}

const PLAIN: RouteTraits = {
  name: "",
  method: "GET",
  pattern: "",
  scope: "read",
  work: "quick",
  body: "json",
  reply: "json",
  timeoutMs: 5000,
  bodyBytesMax: 0,
  internal: false,
};

function present(answer: DialectRow["answer"]): () => ForeignReply {
  if (answer === undefined) throw new Error("a row without an operation has an answer");
  return answer;
}

/** Undefined where there is none. */
async function bodyOf(request: Request): Promise<unknown> {
  if (request.body === null || request.method === "GET" || request.method === "HEAD") return undefined;
  const text = await request.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault("invalid", "The body is not valid JSON.");
  }
}

interface Native {
  readonly route: Route;
  readonly native: ReadonlyMap<string, Route>;
}

async function translated(
  dialect: Dialect,
  row: DialectRow,
  { route, native }: Native,
  foreign: ForeignRequest,
  request: Request,
  exchange: Exchange,
  onNativePath: boolean,
): Promise<Response> {
  const streams = row.stream !== undefined && row.streams?.(foreign) === true;
  const target = streams ? (native.get(row.stream?.operation ?? "") ?? route) : route;
  const sent = nativeRequest(row, operationOf(target.name), foreign, request, streams, onNativePath);
  const reply = await target.handle(sent, exchange);
  const decided = row.decides?.includes(reply.status) === true;
  if (!reply.ok && !decided) return await faulty(dialect, reply);
  if (streams && row.stream !== undefined && reply.body !== null) {
    const headers = kept(reply, EVENT_STREAM);
    return new Response(foreignStream(row.stream, foreign, reply.body), { status: reply.status, headers });
  }
  if (row.reply === undefined || reply.status === 204 || reply.body === null) {
    reply.headers.set(BACKEND_HEADER, "native");
    return reply;
  }
  const written = row.reply(await reply.json(), foreign);
  return new Response(written.text, {
    status: written.status ?? reply.status,
    headers: { ...kept(reply, written.contentType), ...written.headers },
  });
}

function nativeRequest(
  row: DialectRow,
  { path }: AnyOp,
  foreign: ForeignRequest,
  request: Request,
  streams: boolean,
  onNativePath: boolean,
): Request {
  const made = row.request?.(foreign) ?? {};
  const values = onNativePath ? foreign.params : { ...foreign.params, ...made.params };
  const filled = path.replace(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) => {
    const value = values[name] ?? made.params?.[name] ?? "";
    return greedy === "" ? encodeURIComponent(value) : value.split("/").map(encodeURIComponent).join("/");
  });
  const url = new URL(request.url);
  url.pathname = filled;
  if (made.query !== undefined) url.search = new URLSearchParams(made.query).toString();
  const headers = new Headers(request.headers);
  headers.delete(DIALECT_HEADER);
  headers.set(
    "accept",
    streams ? EVENT_STREAM : row.reply === undefined ? (headers.get("accept") ?? "*/*") : "application/json",
  );
  for (const [name, value] of Object.entries(made.headers ?? {})) headers.set(name, value);
  const none = request.method === "GET" || request.method === "HEAD";
  if (row.request === undefined && row.reply === undefined) {
    // As it came: large bodies go through without being held.
    return new Request(url.href, {
      method: row.method,
      headers,
      signal: request.signal,
      ...(none ? {} : { body: request.body }),
    });
  }
  headers.delete("content-length");
  const body = made.body ?? foreign.body;
  if (none || body === undefined)
    return new Request(url.href, { method: row.method, headers, signal: request.signal });
  headers.set("content-type", "application/json");
  return new Request(url.href, {
    method: row.method,
    headers,
    signal: request.signal,
    body: JSON.stringify(body),
  });
}

/** Headers of the native reply that hold for the foreign one too. */
function kept({ headers }: Response, contentType: string): Record<string, string> {
  const all: Record<string, string> = {};
  headers.forEach((value, name) => {
    if (name !== "content-length" && name !== "content-encoding") all[name] = value;
  });
  return { ...all, "content-type": contentType, [BACKEND_HEADER]: "native" };
}

async function faulty(dialect: Dialect, reply: Response): Promise<Response> {
  const text = await reply.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const fault = faultFromBody(body) ?? new Fault("upstream", "The reply of a service could not be read.");
  const written = dialect.fault({ ...nativeFault(fault), status: reply.status });
  return new Response(written.text, {
    status: written.status ?? reply.status,
    headers: { ...kept(reply, written.contentType), ...written.headers },
  });
}

function nativeFault({ status, code, message, details = [] }: Fault): NativeFault {
  return { status, code, message, details };
}

function sealed(
  { text, contentType, status, headers = {} }: ForeignReply,
  standard: number,
  exchange: Exchange,
  more: Readonly<Record<string, string>> = {},
): Response {
  const all: Record<string, string> = {
    ...more,
    ...headers,
    "content-type": contentType,
    [BACKEND_HEADER]: "native",
  };
  exchange.seal(all, status ?? standard);
  return new Response(text, { status: status ?? standard, headers: all });
}

function foreignStream(
  stream: ForeignStream,
  foreign: ForeignRequest,
  body: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const events = readSse(body);
  const state = stream.begin(foreign);
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          for (;;) {
            const { done, value } = await events.next();
            const text =
              done === true ? stream.end(state) : stream.event(value as Record<string, unknown>, state);
            if (text !== "") controller.enqueue(encoder.encode(text));
            if (done === true) return controller.close();
            if (text !== "") return;
          }
        } catch (thrown) {
          controller.enqueue(encoder.encode(stream.fault(nativeFault(toFault(thrown)))));
          controller.close();
        }
      },
      cancel: async () => {
        await events.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

/** What is below the prefix and in no row is the dialect's own 404, or the upstream's to judge. */
function missing(dialect: Dialect, decide: ChooseBackend): Route[] {
  const name = `${dialect.name}:*`;
  const fault = (failure: Fault, exchange: Exchange): Response =>
    sealed(dialect.fault(nativeFault(failure)), failure.status, exchange, faultHeaders(failure));
  return (["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"] as const satisfies readonly Method[]).map(
    (method) => ({
      ...PLAIN,
      name: `${name}.${method.toLowerCase()}`,
      method,
      pattern: `${dialect.prefix}/*`,
      work: "stream",
      body: "raw",
      reply: "raw",
      timeoutMs: 600_000,
      bodyBytesMax: Infinity,
      fault,
      handle: async (request, exchange) => {
        try {
          const decision = await decide(name, request, exchange);
          if (decision.by === "upstream") return await decision.pass(request, exchange);
          if (decision.by === "nobody") return fault(decision.fault, exchange);
          const { pathname } = new URL(request.url);
          return fault(new Fault("not_found", `There is no ${method} ${pathname}.`), exchange);
        } catch (thrown) {
          return fault(toFault(thrown), exchange);
        }
      },
    }),
  );
}
