// Embeddings: the same texts, with the model forced, since two models' vectors have nothing to do with each other. The seeds
// are five texts that once came out at cosine 1.000; vectors of another length in the same direction are explained.

import { cosine } from "../../diff/measures.ts";
import { askBoth, jsonRequest } from "../http-probe.ts";
import { json, text } from "../inputs.ts";
import type { HttpCase, Outcome, Probe, ProbeContext } from "../probe.ts";

const SEEDS = [
  "forklift operator",
  "Need 3 forklift operators in Springfield, IL Monday 6am",
  "CNC machinist, night shift",
  "picker packer",
  "loader / unloader, must lift 50 lb",
] as const;

export const embed: Probe = {
  name: "embed",
  summary: "Vectors of the same texts, by direction and length",
  writes: false,
  run: (context) => askBoth(cases(context), context, { measure: leastCosine }),
};

function* cases({ dialect, random, count, model }: ProbeContext): Generator<HttpCase> {
  const target = dialect === "go" ? "/v1/embed" : "/ai/embed";
  const endpoint = `POST ${target}`;
  const forced = model === undefined ? {} : { model };
  const one = (body: unknown, seed?: string): HttpCase => ({
    endpoint,
    request: jsonRequest(target, body),
    ...(seed === undefined ? {} : { seed }),
  });
  for (const seed of SEEDS) yield one({ texts: [seed], ...forced }, seed);
  for (let at = 0; at < count; at += 1) {
    const texts = Array.from({ length: 1 + random.below(6) }, () => text(random));
    if (random.below(8) > 0) yield one({ texts, ...forced });
    else
      yield one(random.pick([{ ...forced }, { texts: [], ...forced }, { texts: json(random), ...forced }]));
  }
}

function leastCosine(there: unknown, here: unknown): Outcome["measure"] {
  const [a, b] = [vectorsOf(there), vectorsOf(here)];
  if (a.length === 0 || a.length !== b.length) return undefined;
  const least = Math.min(...a.map((vector, at) => alike(vector, b[at] ?? [])));
  return { name: "cosine", value: least };
}

/** Two vectors without a direction, of a text without words, are the same. */
function alike(a: readonly number[], b: readonly number[]): number {
  const isZero = (vector: readonly number[]): boolean => vector.every((value) => value === 0);
  return isZero(a) && isZero(b) ? 1 : cosine(a, b);
}

function vectorsOf(reply: unknown): number[][] {
  const { vectors, embeddings } = (reply ?? {}) as Record<string, unknown>;
  const list = vectors ?? embeddings;
  return Array.isArray(list) && list.every(Array.isArray) ? (list as number[][]) : [];
}
