// Access rights, as a table that is made from the contracts: every operation and every page of the edge's own, asked
// with every kind of key from every kind of place. An operation that is added is in it without an edit here.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wire as contracts } from "#contracts/house";
import { addKey } from "#edge/access/key-file";
import type { Scope } from "#rpc/call";
import type { AnyOp, Contract } from "#rpc/contract";
import { writePath } from "#rpc/path";
import { startOver, type TestHouse, TOPOLOGIES } from "./house.ts";

interface ProtectedRoute {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** What a caller needs; nothing for public pages. */
  readonly scope: Scope | "public";
  /** The status for a caller that may. */
  readonly status: number;
}

const operations = (Object.entries(contracts) as [string, Contract][]).flatMap(([service, contract]) =>
  Object.entries(contract).map(([name, operation]): [string, AnyOp] => [`${service}.${name}`, operation]),
);
const isRouted = ({ planned, internal }: AnyOp): boolean => !planned && internal !== true;

/** A field that no operation knows is refused by the service itself: whoever sees that came through. */
const served = operations
  .filter(([, operation]) => isRouted(operation))
  .map(([name, operation]): ProtectedRoute => {
    const path = `${pathOf(operation)}?stray=1`;
    return { name, method: operation.method, path, scope: operation.scope, status: 400 };
  });

/** Operations that are internal or planned are `not_found` for every caller. */
const unserved = operations
  .filter(([, operation]) => !isRouted(operation))
  .map(([name, operation]): ProtectedRoute => {
    return { name, method: operation.method, path: pathOf(operation), scope: "public", status: 404 };
  })
  .filter(
    ({ method, path }) =>
      !served.some(
        (protectedRoute) => protectedRoute.method === method && protectedRoute.path === `${path}?stray=1`,
      ),
  );

const page = (path: string, scope: ProtectedRoute["scope"], status = 200, method = "GET"): ProtectedRoute => {
  return { name: `${method} ${path}`, method, path, scope, status };
};
const pages: readonly ProtectedRoute[] = [
  page("/health", "public"),
  page("/openapi.json", "public"),
  page("/docs", "public"),
  page("/docs/swagger-ui.css", "public"),
  page("/docs/nothing.js", "public", 404),
  page("/v1/health", "read"),
  page("/metrics", "read"),
  page("/v1/nothing", "public", 404),
  page("/", "public"),
  page("/ui/board", "public"),
  page("/ui/assets/nothing.js", "public", 404),
  page("/metrics", "public", 404, "POST"),
];

const protectedRoutes = [...served, ...unserved, ...pages];

function pathOf({ path }: AnyOp): string {
  const names = [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name = ""]) => name);
  return writePath(path, Object.fromEntries(names.map((name) => [name, "nobody"])));
}

/** Where a request comes from, as its headers say, and whether anybody may come from there. */
function placesOf(
  url: string,
): readonly (readonly [name: string, headers: Record<string, string>, welcome: boolean])[] {
  const { port, host } = new URL(url);
  return [
    ["this host", {}, true],
    ["localhost", { host: `localhost:${port}` }, true],
    ["this host in IPv6", { host: `[::1]:${port}` }, true],
    ["a page of its own", { origin: `http://${host}` }, true],
    ["a page that is allowed", { origin: "https://allowed.example" }, true],
    ["a foreign host", { host: "evil.example" }, false],
    ["a foreign host with the right port", { host: `evil.example:${port}` }, false],
    ["a foreign page", { origin: "https://evil.example" }, false],
    ["a page of another port", { origin: "http://127.0.0.1:1" }, false],
    ["a page without an origin", { origin: "null" }, false],
  ];
}

const HELD: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ["read"],
  write: ["read", "write"],
  admin: ["read", "write", "admin"],
};

function expected({ scope, status }: ProtectedRoute, held: Scope | null, welcome: boolean): number {
  if (!welcome) return 403;
  if (scope === "public") return status;
  if (held === null) return 401;
  return HELD[held].includes(scope) ? status : 403;
}

const SCOPES = ["read", "write", "admin"] as const;

describe.each([...TOPOLOGIES])("access to a house %s", (topology) => {
  const keys: Record<Scope, string> = { read: "", write: "", admin: "" };
  let house: TestHouse;
  beforeAll(async () => {
    const data = mkdtempSync(join(tmpdir(), "house-"));
    for (const scope of SCOPES) keys[scope] = await addKey(join(data, "keys.json"), { name: scope, scope });
    house = await startOver(topology, data, { allow_origins: "https://allowed.example" });
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  /** What is shown, and the scope that it opens; null opens nothing. */
  const shown = (): readonly (readonly [name: string, header: string | null, scope: Scope | null])[] => [
    ["no key", null, null],
    ["a bad key", `Bearer lk_${"x".repeat(43)}`, null],
    ["an empty header", "", null],
    ["a scheme alone", "Bearer", null],
    ["a scheme and a blank", "Bearer ", null],
    ["another scheme", `Basic ${Buffer.from(`admin:${keys.admin}`).toString("base64")}`, null],
    ["a key without a scheme", keys.admin, null],
    ["two keys", `Bearer ${keys.admin}, Bearer ${keys.admin}`, null],
    ["a key with something behind it", `Bearer ${keys.admin} x`, null],
    ["a key cut short", `Bearer ${keys.admin.slice(0, -1)}`, null],
    ["a key's name", "Bearer admin", null],
    ["a scheme in small letters", `bearer ${keys.read}`, "read"],
    ...SCOPES.map((scope) => [`a key to ${scope}`, `Bearer ${keys[scope]}`, scope] as const),
  ];

  test.each(protectedRoutes.map((protectedRoute) => [protectedRoute.name, protectedRoute] as const))(
    "%s",
    async (_name, protectedRoute) => {
      const { method, path } = protectedRoute;
      const cells = placesOf(house.url).flatMap(([place, headers, welcome]) =>
        shown().map(
          async ([what, authorization, held]): Promise<[cell: string, want: number, got: number]> => {
            const reply = await house.ask(path, {
              method,
              headers: { ...headers, ...(authorization === null ? {} : { authorization }) },
              ...(["GET", "HEAD"].includes(method) ? {} : { body: '{"stray":1}' }),
            });
            const text = await reply.text();
            if (reply.status >= 400 && method !== "HEAD") checkFault(text, reply);
            if (headers["origin"] === "https://allowed.example")
              expect(reply.headers.get("access-control-allow-origin")).toBe("https://allowed.example");
            else expect(reply.headers.get("access-control-allow-origin")).toBeNull();
            expect(reply.headers.get("www-authenticate")).toBe(reply.status === 401 ? "Bearer" : null);
            return [`${place}, ${what}`, expected(protectedRoute, held, welcome), reply.status];
          },
        ),
      );
      const wrong = (await Promise.all(cells)).filter(([, want, got]) => want !== got);
      expect(wrong).toEqual([]);
    },
  );

  test("an allowed origin gets a preflight reply, and no other", async () => {
    for (const { path } of protectedRoutes) {
      const asked = async (origin: string): Promise<number> => {
        const headers = { origin, "access-control-request-method": "POST" };
        return (await house.ask(path, { method: "OPTIONS", headers })).status;
      };
      expect([path, await asked("https://allowed.example"), await asked("https://evil.example")]).toEqual([
        path,
        204,
        403,
      ]);
    }
  });
});

test("a house without a key accepts requests from this host, and from no other", async () => {
  const house = await startOver("together", mkdtempSync(join(tmpdir(), "house-")), {
    allow_origins: "https://allowed.example",
  });
  for (const protectedRoute of protectedRoutes) {
    for (const [place, headers, welcome] of placesOf(house.url)) {
      const body = ["GET", "HEAD"].includes(protectedRoute.method) ? {} : { body: '{"stray":1}' };
      const { status } = await house.ask(protectedRoute.path, {
        method: protectedRoute.method,
        headers,
        ...body,
      });
      expect([protectedRoute.name, place, status]).toEqual([
        protectedRoute.name,
        place,
        expected(protectedRoute, "admin", welcome),
      ]);
    }
  }
  await house.close();
}, 240_000);

/** A refusal says why, and nothing about the implementation. */
function checkFault(text: string, reply: Response): void {
  const { error } = JSON.parse(text) as { error: { message: string; request_id: string } };
  expect(error.message.length).toBeGreaterThan(10);
  expect(error.request_id).toBe(reply.headers.get("x-request-id") ?? "");
}
