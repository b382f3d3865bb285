// Probes that ask both sides over HTTP. Two refusals with one status are the same but for their wording, which is no answer that
// a caller acts on; what is no refusal is compared by meaning. The first cases of an endpoint are asked of the older side twice,
// to learn what it says differently by itself.

import { Fault } from "#rpc/fault";
import { compare, type Difference } from "../diff/compare.ts";
import { differencesOf, jsonOf, type Reply } from "../diff/replies.ts";
import type { HttpCase, Outcome, ProbeContext } from "./probe.ts";

/** Of each endpoint. */
const REPEATED_MAX = 3;
const INPUT_CHARS_MAX = 400;
/** So many in a row without a reply, and a side is not there. */
const SILENT_MAX = 3;

export interface HttpProbeOptions {
  /** Error statuses whose body is a verdict and no refusal. */
  readonly decides?: readonly number[];
  /** Fields that each side makes for itself, and that say nothing of the other. */
  readonly ignored?: readonly string[];
  /** Asked twice, a write may rightly be answered otherwise. */
  readonly repeats?: boolean;
  readonly measure?: (there: unknown, here: unknown) => Outcome["measure"];
}

export async function* askBoth(
  cases: Iterable<HttpCase>,
  { left, right, dialect }: ProbeContext,
  { decides = [], ignored = [], repeats = true, measure }: HttpProbeOptions = {},
): AsyncGenerator<Outcome> {
  const repeated = new Map<string, number>();
  let silence = 0;
  for (const one of cases) {
    const { endpoint, seed, request } = one;
    const about = { endpoint, ...(seed === undefined ? {} : { seed }), input: inputOf(one) };
    const [there, here] = await Promise.all([
      replyOf(left.send(request, dialect)),
      replyOf(right.send(request, dialect)),
    ]);
    if (there instanceof Fault || here instanceof Fault) {
      const silent = [there, here].find((reply) => reply instanceof Fault);
      yield { ...about, absent: silent?.message ?? "", statuses: [0, 0], answered: false, differences: [] };
      silence += 1;
      if (silence === SILENT_MAX) return;
      continue;
    }
    silence = 0;
    const times = repeated.get(endpoint) ?? 0;
    let noise: string[] | undefined;
    if (repeats && times < REPEATED_MAX) {
      repeated.set(endpoint, times + 1);
      const again = await replyOf(left.send(request, dialect));
      if (!(again instanceof Fault)) noise = differencesOf(there, again).map(({ path }) => path);
    }
    const refused = there.status >= 400 && !decides.includes(there.status);
    const measured =
      there.status === here.status && !refused ? measure?.(jsonOf(there.body), jsonOf(here.body)) : undefined;
    yield {
      ...about,
      statuses: [there.status, here.status],
      answered: (!refused || one.refusable === true) && here.status < 500,
      differences:
        refused && there.status === here.status
          ? refusals(there, here)
          : differencesOf(without(there, ignored), without(here, ignored)),
      ...(noise === undefined ? {} : { noise }),
      ...(measured === undefined ? {} : { measure: measured }),
    };
  }
}

function inputOf({ request: { method, target, body }, input }: HttpCase): string {
  const said = input ?? (typeof body === "string" ? body : `${method} ${target}`);
  return said.length > INPUT_CHARS_MAX ? `${said.slice(0, INPUT_CHARS_MAX)} ...` : said;
}

async function replyOf(sent: Promise<Reply>): Promise<Reply | Fault> {
  try {
    return await sent;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
}

/** Two refusals must have one form; that their words are others is explained. */
function refusals(there: Reply, here: Reply): Difference[] {
  const [a, b] = [jsonOf(there.body), jsonOf(here.body)];
  const form = (value: unknown): string => (value === undefined ? "text" : "JSON");
  if (form(a) !== form(b)) {
    return [{ path: "body", kind: "type", explained: false, detail: `${form(a)} there, ${form(b)} here` }];
  }
  const found = a === undefined ? differencesOf(there, here) : compare(a, b);
  return found.map((difference) =>
    difference.kind === "value" || difference.kind === "body"
      ? { ...difference, explained: true, detail: "both refuse, in other words" }
      : difference,
  );
}

function without(reply: Reply, ignored: readonly string[]): Reply {
  const json = ignored.length === 0 ? undefined : jsonOf(reply.body);
  if (json === undefined) return reply;
  const text = JSON.stringify(json, (name, value: unknown) => (ignored.includes(name) ? undefined : value));
  return { ...reply, body: new TextEncoder().encode(text).buffer };
}

export function jsonRequest(target: string, body: unknown): HttpCase["request"] {
  return {
    method: "POST",
    target,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}
