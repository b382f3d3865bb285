// Verdicts on fills, messages and playbooks. The seeds are six cases, one that passes and five that fail for a reason of their
// own, which once had 6 of 6 statuses and 1 of 6 bodies in common: so statuses and bodies are counted apart.

import { askBoth, jsonRequest } from "../http-probe.ts";
import { json, mutated, order, words } from "../inputs.ts";
import type { HttpCase, Probe, ProbeContext } from "../probe.ts";

/** Where no clock decides. */
const NOW = "2026-12-04T18:00:00Z";
const EMAIL = {
  channel: "email",
  purpose: "confirm",
  order_id: "o-1",
  to: "worker@example.com",
  subject: "Monday, 6 am",
  body: "Forklift work in Springfield on Monday at 6 am. Reply YES to confirm.",
};
const PLAYBOOK = {
  query_text: "Need a forklift operator in Springfield, IL",
  answer_corpus: "workers",
  score: 0.7,
};

type Seed = readonly [label: string, body: Readonly<Record<string, unknown>>];

const seedsOf = (worker: string): readonly Seed[] => [
  ["a playbook that passes", { kind: "playbook", artifact: { ...PLAYBOOK, answer_id: worker } }],
  ["an email with a field of another type", { kind: "email", artifact: { ...EMAIL, to: 7 } }],
  ["an email without a body", { kind: "email", artifact: { ...EMAIL, body: "" } }],
  [
    "an email with a social security number",
    { kind: "email", artifact: { ...EMAIL, body: "Your SSN 123-45-6789 is on file." } },
  ],
  ["a fill without its rows", { kind: "fill", artifact: {} }],
  ["a playbook whose score is above 1", { kind: "playbook", artifact: { ...PLAYBOOK, score: 1.01 } }],
];

export const validate: Probe = {
  name: "validate",
  summary: "Verdicts on fills, messages and playbooks, statuses and bodies apart",
  writes: false,
  run: (context) =>
    askBoth(cases(context), context, { decides: [422], ignored: ["took_ms", "roster_version"] }),
};

function* cases({ dialect, random, count, worker }: ProbeContext): Generator<HttpCase> {
  const target = dialect === "go" ? "/v1/validate" : "/validate";
  const endpoint = `POST ${target}`;
  const context = { now: NOW };
  for (const [seed, body] of seedsOf(worker)) {
    const seedContext = { ...context, policy: { gate: "off" } };
    yield { endpoint, seed, request: jsonRequest(target, { ...body, context: seedContext }) };
  }
  for (let at = 0; at < count; at += 1) {
    const artifact = random.pick([
      () =>
        mutated(random, {
          ...EMAIL,
          worker_id: worker,
          body: `${order(random)}. Reply YES to confirm. ${words(random, random.below(40))}`,
        }),
      () => mutated(random, { ...PLAYBOOK, answer_id: worker }),
      () => mutated(random, { fills: [{ worker_id: worker }, { worker_id: `w-${random.below(9)}` }] }),
      () => json(random),
    ])();
    const kind = random.below(12) === 0 ? json(random) : random.pick(["email", "fill", "playbook"]);
    yield { endpoint, request: jsonRequest(target, { kind, artifact, context }) };
  }
}
