// Who answers a request to a dialect's route, by the ledger as it is at that moment.

import type { Clock } from "#lib/clock";
import type { Backend, ChooseBackend } from "#rpc/backend";
import type { Exchange } from "#rpc/exchange";
import { Fault } from "#rpc/fault";
import { isCanary, type Ledger, standing, type Upstream } from "./ledger.ts";
import { passThrough } from "./pass-through.ts";

/** The usual variable of each side's upstream, for a house that is set up by its environment. */
export const UPSTREAM_VARIABLES = { go: "GO_LAKEHOUSE_URL", rust: "RUST_LAKEHOUSE_URL" } as const;

/** `go:matrixd.search` is `go:matrix.search` to people: services go by their nouns. */
export function routeName(mounted: string): string {
  const [dialect = "", rest = ""] = mounted.split(":");
  const [service = "", ...operation] = rest.split(".");
  const noun = NOUNS[service];
  return noun === undefined ? `${dialect}:${rest}` : `${dialect}:${[noun, ...operation].join(".")}`;
}

const NOUNS: Readonly<Record<string, string>> = {
  storaged: "storage",
  catalogd: "catalog",
  ingestd: "ingest",
  queryd: "query",
  embedd: "embed",
  vectord: "vector",
  matrixd: "matrix",
  pathwayd: "pathway",
  observerd: "observe",
  chatd: "chat",
  validatord: "validate",
};

/** What of a dialect matters here. */
export interface DialectPlace {
  readonly name: "go" | "rust" | "openai";
  readonly prefix: string;
}

export interface BackendDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export function backendFor({ name, prefix }: DialectPlace, { ledger, clock }: BackendDeps): ChooseBackend {
  return (mounted, _, exchange): Backend => {
    const upstream = ledger.upstreams.find(({ dialect }) => dialect === name);
    const tenant = exchange.caller?.id ?? "local";
    const { state, percent } = standing(ledger, { route: routeName(mounted), tenant, now: clock.now() });
    const away = (): Backend => (upstream === undefined ? nobody(unset(name)) : through(upstream, prefix));
    switch (state) {
      case "primary":
        return { by: "house" };
      case "pass-through":
      case "shadow":
        return away();
      case "canary":
        return isCanary(percent, `${tenant} ${exchange.requestId}`) ? { by: "house" } : away();
      case "retired":
        return nobody(
          new Fault("not_found", `${routeName(mounted)} is retired: call the native operation instead.`),
        );
      case "off":
        return nobody(unset(name));
    }
  };
}

function nobody(fault: Fault): Backend {
  return { by: "nobody", fault };
}

function through(upstream: Upstream, prefix: string): Backend {
  return {
    by: "upstream",
    pass: (request: Request, exchange: Exchange) => passThrough(upstream, prefix, request, exchange),
  };
}

/** Says which setting is missing, and how to set it. */
function unset(name: DialectPlace["name"]): Fault {
  const variable = name === "openai" ? "" : ` or set ${UPSTREAM_VARIABLES[name]}`;
  return new Fault(
    "unavailable",
    `No upstream is set for the ${name} dialect. Add one with: lakehouse cutover upstream add ${name} URL --dialect ${name}${variable}, or let this house answer with: lakehouse cutover native ${name}`,
  );
}
