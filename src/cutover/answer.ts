// Which system answers a call of a dialect, by the ledger as it is at that moment. The upstream's reply goes to its caller as
// it came, whatever is compared behind it. Where this house answers in a canary or as the primary, a read that fails
// here is answered by the upstream, so that trying this house costs no caller an error; the failure counts all the same.

import type { Clock } from "#lib/clock";
import { type AnswerForeign, BACKEND_HEADER, type ForeignCall } from "#rpc/backend";
import type { Exchange } from "#rpc/exchange";
import { Fault } from "#rpc/fault";
import {
  type DialectName,
  type Entry,
  isCanary,
  type StandingOf,
  type Upstream,
  UPSTREAM_VARIABLES,
} from "./ledger/ledger.ts";
import { repeatable } from "./kept-body.ts";
import { type Passed, passThrough } from "./pass-through.ts";
import type { DualWrites } from "./dual/dual-writes.ts";
import type { Again, Answered } from "./shadow/shadow.ts";
import { routeName } from "./ledger/route-name.ts";

/** What of a dialect matters here. */
export interface DialectPlace {
  readonly name: DialectName;
  /** Before its paths. */
  readonly prefix: string;
}

/** Told of every call that the cutover may judge by. Neither waits nor throws. */
export interface CutoverObserver {
  /** The upstream answered, and this house may be compared behind it. */
  passed(route: string, entry: Entry, call: ForeignCall, passed: Passed, again: Again): void;
  /** This house answered, because of `entry`. */
  answered(route: string, entry: Entry, status: number, ms: number): void;
  /** The same, where the upstream is to be compared behind it. */
  compared(route: string, entry: Entry, call: ForeignCall, answered: () => Answered, upstream: Again): void;
}

export interface AnswerDeps {
  readonly standing: () => StandingOf;
  readonly upstream: (dialect: DialectName) => Upstream | undefined;
  readonly observer: CutoverObserver;
  readonly dual: Pick<DualWrites, "wants" | "answer">;
  readonly clock: Clock;
}

export function answerFor({ name, prefix }: DialectPlace, deps: AnswerDeps): AnswerForeign {
  const { observer, clock } = deps;

  const pass = async (route: string, call: ForeignCall, compared?: Entry): Promise<Response> => {
    const upstream = deps.upstream(name);
    if (upstream === undefined) throw unset(name);
    const passed = await passThrough(upstream, prefix, call.request, call.exchange);
    if (compared !== undefined) {
      observer.passed(route, compared, call, passed, (request, exchange) =>
        passThrough(upstream, prefix, request, exchange),
      );
    }
    return passed.response;
  };

  const here = async (route: string, call: ForeignCall, entry: Entry): Promise<Response> => {
    const started = performance.now();
    let ms = 0;
    const done = (response: Response): Response => {
      ms = performance.now() - started;
      observer.answered(route, entry, response.status, ms);
      return response;
    };
    const upstream = call.reads ? deps.upstream(name) : undefined;
    const again = upstream === undefined ? undefined : repeatable(call.request);
    if (upstream === undefined || again === undefined)
      return done(await call.native(call.request, call.exchange));
    const held = heldSeal(call.exchange);
    const response = done(await call.native(call.request, held.exchange));
    const request = again();
    if (response.status < FAILED) {
      if (entry.shadow === undefined || request === undefined || !isHeldWhole(response)) return response;
      observer.compared(
        route,
        entry,
        call,
        () => ({ request, response: response.clone() as Response, ms }),
        (one, exchange) => passThrough(upstream, prefix, one, exchange),
      );
      return response;
    }
    if (request === undefined) return held.finish(response);
    try {
      return await pass(route, { ...call, request });
    } catch {
      // The upstream fails too: then this house's own failure is the answer.
      return held.finish(response);
    }
  };

  const decided = (route: string, call: ForeignCall): Promise<Response> => {
    const tenant = call.exchange.caller?.id ?? "local";
    const { state, percent, entry } = deps.standing()(route, tenant, clock.now());
    const isAnswered = state !== "off" && state !== "retired";
    const isDual = isAnswered && deps.dual.wants(route, call);
    const answer = (one: ForeignCall): Promise<Response> => {
      switch (state) {
        case "primary":
          return entry === undefined ? pass(route, one) : here(route, one, entry);
        case "pass-through":
          return pass(route, one);
        case "shadow":
          return pass(route, one, entry);
        case "canary":
          return entry !== undefined && isCanary(percent, canaryKey(one, tenant, isDual))
            ? here(route, one, entry)
            : pass(route, one, entry);
        case "retired":
          return Promise.reject(
            new Fault("not_found", `${route} is retired: call the native operation instead.`),
          );
        case "off":
          break;
      }
      return Promise.reject(deps.upstream(name) === undefined ? unset(name) : switchedOff(route));
    };
    return isDual ? deps.dual.answer(call, answer) : answer(call);
  };

  /** By their mounted names, of which there are as many as rows in the tables. */
  const names = new Map<string, string>();
  const nameOf = (mounted: string): string => {
    const known = names.get(mounted) ?? routeName(mounted);
    names.set(mounted, known);
    return known;
  };

  return (call) => {
    const route = nameOf(call.route);
    const chosen = call.request.headers.get(BACKEND_HEADER);
    if (chosen !== null) {
      return chosenBackend(chosen, call) === "native"
        ? call.native(call.request, call.exchange)
        : pass(route, call);
    }
    return decided(route, call);
  };
}

/** A POST makes something new; these change what a path names. */
const KEYED: ReadonlySet<string> = new Set(["PUT", "PATCH", "DELETE"]);

/**
 * What decides which side a canary asks. Writes of one key that go to both sides have the same first side, whoever sends them, so
 * that they reach the second in the order in which the first took them.
 */
function canaryKey({ request, exchange }: ForeignCall, tenant: string, isDual: boolean): string {
  if (!isDual || !KEYED.has(request.method)) return `${tenant} ${exchange.requestId}`;
  return new URL(request.url).pathname;
}

/** Which side a request asks for by its header: how recordings are replayed and both sides probed, whatever the ledger says. */
function chosenBackend(chosen: string, { exchange }: ForeignCall): "native" | "upstream" {
  if (chosen !== "native" && chosen !== "upstream") {
    throw new Fault("invalid", `${BACKEND_HEADER} is native or upstream, not ${chosen}.`);
  }
  if (exchange.caller !== undefined && !exchange.caller.scopes.includes("admin")) {
    throw new Fault("forbidden", `${BACKEND_HEADER} on a request needs a key of the scope admin.`);
  }
  return chosen;
}

/** What is no stream, whose copy would grow as long as one of both is not read. */
function isHeldWhole({ headers }: Response): boolean {
  return /^(application\/json|text\/plain)\b/.test(headers.get("content-type") ?? "");
}

/** Statuses from here on are failures of the system that answers, and not of its caller. */
const FAILED = 500;
/** An exchange that counts no failure yet: another system may still answer in its place. */
function heldSeal(exchange: Exchange): { exchange: Exchange; finish: (response: Response) => Response } {
  const seal: Exchange["seal"] = (headers, status) => {
    if (status < FAILED) exchange.seal(headers, status);
  };
  return {
    exchange: {
      requestId: exchange.requestId,
      ...(exchange.traceparent === undefined ? {} : { traceparent: exchange.traceparent }),
      ...(exchange.caller === undefined ? {} : { caller: exchange.caller }),
      ...(exchange.timeoutMs === undefined ? {} : { timeoutMs: exchange.timeoutMs }),
      lateSignal: () => exchange.lateSignal?.(),
      admit: () => exchange.admit?.(),
      waited: (ms) => exchange.waited?.(ms),
      peer: () => exchange.peer?.(),
      setTimeoutS: (seconds) => exchange.setTimeoutS?.(seconds),
      seal,
    },
    finish: (response) => {
      const added: Record<string, string> = { "content-type": response.headers.get("content-type") ?? "" };
      exchange.seal(added, response.status);
      for (const [header, value] of Object.entries(added)) response.headers.set(header, value);
      return response;
    },
  };
}

/** There is an upstream, and somebody switched the route off. */
function switchedOff(route: string): Fault {
  const typed = route.endsWith("*") ? `'${route}'` : route;
  return new Fault(
    "unavailable",
    `${route} is off. Let the upstream answer it with: lakehouse cutover flip ${typed} --to pass-through, or see lakehouse cutover status`,
  );
}

/** Says which setting is missing, and how to set it. */
function unset(name: DialectName): Fault {
  return new Fault(
    "unavailable",
    `No upstream is set for the ${name} dialect. Set ${UPSTREAM_VARIABLES[name]}, add one with: lakehouse cutover upstream add ${name} URL --dialect ${name}, or let this house answer with: lakehouse cutover native ${name}`,
  );
}
