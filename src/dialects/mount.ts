// A dialect's table as routes of the gateway: below its prefix, on the native paths under a header, and the dialect's own
// 404 for everything else below the prefix. Which system answers a call below the prefix is decided for each request
// by `answer`; on the native paths it is always this house.

import { house, type ServiceName } from "#contracts/house";
import { type AnswerForeign, answeredHere, type BackedRoute } from "#rpc/backend";
import { type Contract, type Method, servedOps } from "#rpc/contract";
import { type Exchange, faultHeaders } from "#rpc/exchange";
import { Fault, toFault } from "#rpc/fault";
import { readJsonValue } from "#rpc/input/input";
import { planPath, readPath } from "#rpc/path";
import type { Route, RouteTraits } from "#rpc/route";
import { type Dialect, type DialectRow, type ForeignRequest, nativeFault } from "./dialect.ts";
import { readsBody } from "./carried.ts";
import { answeredDirectly } from "./direct.ts";
import { DIALECT_HEADER, finished, type NativeTarget, translated } from "./translate.ts";

export function dialectRoutes(
  dialect: Dialect,
  native: readonly Route[],
  answer: AnswerForeign,
): BackedRoute[] {
  const byName = new Map(native.map((route) => [route.name, route]));
  const below = dialect.rows.map((row) => mounted(dialect, row, byName, dialect.prefix + row.path, answer));
  // OpenAI's paths are of no other surface: no header is needed, and a path that is not in the table is the house's own 404.
  if (dialect.prefix === "") return below;
  return [...below, ...onNativePaths(dialect, byName), ...missing(dialect, below, answer)];
}

/** The names of a dialect's routes, as `go:matrixd.search`. */
export function routeNames(dialect: Dialect): string[] {
  return [...new Set(dialect.rows.map((row) => nameOf(dialect, row)))];
}

function nameOf({ name }: Dialect, { operation, path }: DialectRow): string {
  return `${name}:${operation ?? path.slice(1)}`;
}

function onNativePaths(dialect: Dialect, byName: ReadonlyMap<string, Route>): BackedRoute[] {
  const chosen = new Map<string, BackedRoute>();
  const accepts = ({ headers }: Request): boolean => headers.get(DIALECT_HEADER) === dialect.name;
  for (const row of dialect.rows) {
    const target = targetOf(byName, row.operation);
    if (target === undefined || target.route.accept !== undefined) continue;
    const route = mounted(dialect, row, byName, target.operation.path, answeredHere, true);
    const place = `${route.method} ${route.pattern}`;
    // Of two rows for one operation the first is the one that its native path speaks.
    if (!chosen.has(place)) chosen.set(place, { ...route, accepts });
  }
  return [...chosen.values()];
}

function targetOf(byName: ReadonlyMap<string, Route>, name: string | undefined): NativeTarget | undefined {
  if (name === undefined) return undefined;
  const [service = "", operation = ""] = name.split(".");
  const route = byName.get(name);
  const found = servedOps(house[service as ServiceName] as Contract).find(([known]) => known === operation);
  if (route === undefined || found === undefined) throw new Error(`${name} is no operation of the house`);
  return { route, operation: found[1] };
}

function mounted(
  dialect: Dialect,
  row: DialectRow,
  byName: ReadonlyMap<string, Route>,
  path: string,
  answer: AnswerForeign,
  onNativePath = false,
): BackedRoute {
  const target = targetOf(byName, row.operation);
  const streamTarget = targetOf(byName, row.stream?.operation);
  const plan = planPath(path);
  const name = nameOf(dialect, row);
  const fault = faultOf(dialect, row);
  const readBody = target !== undefined && readsBody(row) && hasBody(row);
  const foreignOf = async (request: Request): Promise<ForeignRequest> => ({
    params: readPath(plan, request.url),
    body: readBody ? await readJsonValue(request, target.route.bodyBytesMax) : undefined,
  });
  const direct = row.stream === undefined ? target?.route.direct : undefined;
  const answered = async (request: Request, exchange: Exchange): Promise<Response> => {
    if (target === undefined) return finished(present(row.answer)(), 200, exchange);
    const foreign = await foreignOf(request);
    return direct === undefined
      ? translated({ dialect, row, target, streamTarget, onNativePath }, foreign, request, exchange)
      : answeredDirectly({ direct, row, route: name, onNativePath }, foreign, request, exchange);
  };
  const native = (request: Request, exchange: Exchange): Promise<Response> =>
    answered(request, exchange).catch((thrown: unknown) => fault(toFault(thrown), exchange));
  const reads = target?.route.reads ?? true;
  const { accept: _, direct: __, ...traits }: RouteTraits & Pick<Route, "direct"> = target?.route ?? PLAIN;
  return {
    ...traits,
    name,
    method: row.method,
    pattern: plan.pattern,
    reads,
    native,
    // A stream holds what a stream holds, whichever way the native operation is told of it.
    ...(row.stream === undefined ? {} : { work: "stream" as const, reply: "raw" as const }),
    fault,
    handle: answering(name, reads, native, answer, fault),
  };
}

function answering(
  route: string,
  reads: boolean,
  native: Route["handle"],
  answer: AnswerForeign,
  fault: Route["fault"],
): Route["handle"] {
  return async (request, exchange) => {
    try {
      return await answer({ route, request, exchange, reads, native });
    } catch (thrown) {
      return fault(toFault(thrown), exchange);
    }
  };
}

function faultOf(dialect: Dialect, row?: DialectRow): Route["fault"] {
  return (failure, exchange) =>
    finished(
      dialect.fault(nativeFault(failure, row?.names)),
      failure.status,
      exchange,
      faultHeaders(failure),
    );
}

function hasBody({ method }: DialectRow): boolean {
  return method !== "GET" && method !== "HEAD";
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

function present(answer: DialectRow["answer"]): NonNullable<DialectRow["answer"]> {
  if (answer === undefined) throw new Error("a row without an operation has an answer");
  return answer;
}

const METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"] as const satisfies readonly Method[];

/** What is below the prefix and in no row, a known path under another method too. */
function missing(dialect: Dialect, below: readonly Route[], answer: AnswerForeign): BackedRoute[] {
  const name = `${dialect.name}:*`;
  const fault = faultOf(dialect);
  const native: Route["handle"] = (request, exchange) => {
    const { pathname } = new URL(request.url);
    return Promise.resolve(
      fault(new Fault("not_found", `There is no ${request.method} ${pathname}.`), exchange),
    );
  };
  const taken = new Set(below.map(({ method, pattern }) => `${method} ${pattern}`));
  const patterns = [...new Set([...below.map(({ pattern }) => pattern), `${dialect.prefix}/*`])];
  return patterns
    .flatMap((pattern) => METHODS.map((method) => ({ method, pattern })))
    .filter(({ method, pattern }) => !taken.has(`${method} ${pattern}`))
    .map(({ method, pattern }) => ({
      ...PLAIN,
      name: `${name}.${method.toLowerCase()}`,
      method,
      pattern,
      // What an unknown call of an upstream does is unknown, so reading is not enough for it.
      scope: method === "GET" || method === "HEAD" ? ("read" as const) : ("write" as const),
      work: "stream",
      body: "raw",
      reply: "raw",
      timeoutMs: 600_000,
      bodyBytesMax: Infinity,
      fault,
      reads: false,
      native,
      handle: answering(name, false, native, answer, fault),
    }));
}
