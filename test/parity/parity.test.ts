// Golden pairs of each dialect, one loop over the folder. `NN.request` is a request as an older caller sends it, `NN.native`
// what the house is asked and answers (none where no service is asked), `NN.reply` the status, the headers that are
// stated and the exact bytes that go back. What is native in a pair fits the contract, unless the pair says `wild`.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { house } from "#contracts/house";
import { go } from "#dialects/go";
import { dialectRoutes } from "#dialects/mount";
import { openai } from "#dialects/openai";
import { rust } from "#dialects/rust";
import { present } from "#lib/assert";
import { answeredHere } from "#rpc/backend";
import { type AnyOp, type Contract, servedOps } from "#rpc/contract";
import { faultFromBody } from "#rpc/fault";
import { inputReader } from "#rpc/input/input";
import { planPath } from "#rpc/path";
import { byPattern, type Route, routeChooser, traitsOf } from "#rpc/route";

interface Native {
  readonly operation: string;
  readonly request: string;
  readonly body?: unknown;
  readonly status: number;
  readonly reply: unknown;
  readonly wild?: boolean;
}

const FOLDER = import.meta.dir;
const folders = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const PAIRS = folders(FOLDER).flatMap((dialect) =>
  folders(join(FOLDER, dialect)).flatMap((operation) =>
    readdirSync(join(FOLDER, dialect, operation))
      .filter((name) => name.endsWith(".request"))
      .map((name) => join(dialect, operation, name.replace(".request", ""))),
  ),
);

/** First line, headers, body. */
function message(path: string): { first: string; headers: [string, string][]; body: string } {
  const text = readFileSync(join(FOLDER, path), "utf8");
  const end = text.indexOf("\n\n");
  const [first = "", ...lines] = text.slice(0, end).split("\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return { first, headers, body: text.slice(end + 2) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text === "" ? undefined : text;
  }
}

const OPERATIONS = new Map<string, AnyOp>(
  Object.entries(house).flatMap(([service, contract]) =>
    servedOps(contract as Contract).map(([name, operation]) => [`${service}.${name}`, operation] as const),
  ),
);

let recorded: Native | undefined;
let seen: Record<string, unknown> = {};
let stray: string[] = [];

const natives = [...OPERATIONS].map(([name, operation]): Route => ({
  ...traitsOf(name, operation),
  fault: (fault) => new Response(fault.message, { status: fault.status }),
  handle: async (request) => {
    const { pathname, search } = new URL(request.url);
    seen = {
      operation: name,
      request: `${request.method} ${pathname}${search}`,
      body: parsed(await request.text()),
    };
    if (recorded === undefined) stray.push(name);
    return new Response(JSON.stringify(recorded?.reply), {
      status: recorded?.status ?? 500,
      headers: { "content-type": "application/json" },
    });
  },
}));

/** The same operations as a process has that serves them: called without a request and a reply of the native wire. */
const direct = natives.map((route): Route => {
  const operation = present(OPERATIONS.get(route.name), route.name);
  const { body, reply, streamedBy, path } = operation;
  if (body !== "json" || reply !== "json" || streamedBy !== undefined) return route;
  const plan = planPath(path);
  const read = inputReader(operation, plan);
  return {
    ...route,
    handle: () => Promise.reject(new Error(`${route.name} is called through a request`)),
    direct: {
      read,
      call: async (input) => {
        if (recorded === undefined) stray.push(route.name);
        const asked = present(recorded, "a native call");
        // What was read is what the recorded request says.
        const { request, body: sent } = asked;
        const [method = "", target = ""] = request.split(" ");
        const said = new Request(`http://house${target}`, {
          method,
          ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
        });
        expect(input).toStrictEqual(await read(said));
        seen = { operation: route.name, request, body: sent };
        const fault = faultFromBody(asked.reply);
        if (fault !== null) throw fault;
        return asked.reply;
      },
      head: () => ({ status: recorded?.status ?? 500, headers: { "content-type": "application/json" } }),
    },
  };
});

describe.each([
  ["through a request of the native wire", natives],
  ["called directly", direct],
] as const)("golden pairs, an operation %s", (_title, operations) => {
  let server: Bun.Server<unknown>;
  beforeAll(() => {
    const all = [go, rust, openai].flatMap((dialect) => dialectRoutes(dialect, operations, answeredHere));
    const routes: Record<string, Record<string, (request: Request) => Promise<Response>>> = {};
    for (const [pattern, methods] of byPattern([...operations, ...all])) {
      routes[pattern] = Object.fromEntries(
        [...methods].map(([method, candidates]) => {
          const choose = routeChooser(candidates);
          return [
            method,
            (request: Request) =>
              choose(request).handle(request, { requestId: "one", seal: () => undefined }),
          ];
        }),
      );
    }
    server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      routes,
      fetch: () => new Response("", { status: 599 }),
    });
  });
  afterAll(() => server.stop(true));

  test("there are pairs of every dialect", () => {
    expect(new Set(PAIRS.map((path) => path.split("/")[0]))).toEqual(new Set(["go", "rust", "openai"]));
    expect(PAIRS.length).toBeGreaterThan(60);
  });

  test.each(PAIRS)("%s", async (path) => {
    const file = join(FOLDER, `${path}.native`);
    recorded = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Native) : undefined;
    seen = {};
    stray = [];
    const { first, headers, body } = message(`${path}.request`);
    const [method = "", target = ""] = first.split(" ");
    const reply = await fetch(server.url.origin + target, {
      method,
      headers,
      ...(body === "" ? {} : { body }),
    });
    const expected = message(`${path}.reply`);
    expect(await reply.text()).toBe(expected.body);
    expect(String(reply.status)).toBe(expected.first);
    for (const [name, value] of expected.headers)
      expect([name, reply.headers.get(name)]).toEqual([name, value]);
    expect(reply.headers.get("x-lakehouse-backend")).toBe("native");
    expect(stray).toEqual([]);
    if (recorded === undefined) return;
    const { operation, request, body: sent } = recorded;
    expect(seen).toEqual({ operation, request, body: sent });
    if (recorded.wild === true) return;
    const { input, output } = present(OPERATIONS.get(operation), operation) as unknown as Record<
      string,
      z.ZodType
    >;
    if (recorded.status < 400 || recorded.status === 422) fits(output, recorded.reply);
    if (recorded.status < 400 && sent !== undefined) fits(input, sent);
  });
});

function fits(schema: z.ZodType | undefined, value: unknown): void {
  const isFault = typeof value === "object" && value !== null && "error" in value;
  if (!isFault) expect(schema?.safeParse(value).error?.issues ?? []).toEqual([]);
}
