// Source logs of every kind, made from a seed: what acceptance builds its root from, and tests and benches theirs.

import { seeded } from "#lib/random";

const VOCABULARY = 5000;

/** `count` lines in each log, of words that hardly ever repeat. */
export function sampleLogs(count: number, seed = 1): Record<string, object[]> {
  const random = seeded(seed);
  const words = (n: number): string =>
    Array.from({ length: n }, () => `word${random.below(VOCABULARY)}`).join(" ");
  const at = (n: number): string => new Date(Date.UTC(2026, 10, 20) + n * 7_200_000).toISOString();
  const lines = (of: (n: number) => object): object[] =>
    Array.from({ length: count }, (_, n) => ({ recorded_at: at(n), trace_id: `trace-${n}`, ...of(n) }));
  const taught = { provider: "ollama", model: "qwen3:8b", response_id: "r" };
  return {
    chat: lines((n) => ({
      call_id: `call-${n}`,
      messages: [{ role: "user", content: words(12) }],
      reply: words(12),
      ...taught,
    })),
    iterate: lines((n) => ({
      run_id: `run-${n}`,
      kind: "email",
      prompt: words(20),
      ok: true,
      artifact: words(20),
      attempts: [
        { status: "validation_failed", draft: words(20), reasons: [{ code: "email.length" }] },
        { status: "accepted", draft: words(20) },
      ],
      ...taught,
    })),
    validation: lines((n) => ({
      validation_id: `validation-${n}`,
      kind: "email",
      ok: false,
      artifact: words(20),
      corrected: words(20),
      findings: [{ code: "email.length", severity: "error" }],
      made_by: "person",
    })),
    fill: lines((n) => ({
      fill_id: `fill-${n}`,
      order_text: words(12),
      places: [{ worker_id: `W-${n}` }],
      proposal: { ok: true, by: "auto", findings: [] },
      result: "completed",
      score: 1,
    })),
    message: lines((n) => ({
      message_id: `message-${n}`,
      channel: "sms",
      purpose: "offer",
      instruction: words(12),
      body: words(20),
      by: "template",
      ok: true,
    })),
    search: lines((n) => ({
      search_id: `search-${n}`,
      query_text: words(9),
      hits: [0, 1, 2].map((rank) => ({ id: `D-${n}-${rank}`, text: words(12), score: 1 / (rank + 1) })),
      chosen: [{ id: `D-${n}-1`, score: 1 }],
    })),
    playbook: lines((n) => ({
      playbook_id: `playbook-${n}`,
      query_text: words(9),
      answer_id: `W-${n}`,
      answer_text: words(9),
      result: "completed",
      score: 0.9,
    })),
    pathway: lines((n) => ({
      pathway_id: `pathway-${n}`,
      kind: "fill",
      subject: "acme",
      task: words(9),
      content: words(20),
      outcome: { result: "completed", score: 0.9 },
    })),
    journal: lines((n) => ({
      event_id: `event-${n}`,
      type: n % 3 === 0 ? "no_show" : "shift.completed",
      subject: `fill-${n}`,
      worker_id: `W-${n}`,
    })),
    truth: lines((n) => ({
      entity: `worker/${n}`,
      attribute: "city",
      value: words(1),
      actor: "ann",
      reason: words(9),
      claims: [{ source: "crm", value: words(1) }],
    })),
    review: lines((n) => ({
      review_id: `review-${n}`,
      prompt: words(14),
      draft: words(20),
      corrected: words(20),
      reviewer: "bob",
    })),
    replay_runs: lines((n) => ({
      schema: "replay_run.v1",
      run_id: "replay",
      evidence_id: "a".repeat(64),
      prompt_sha256: "b".repeat(64),
      provider: "scripted",
      model: "script",
      prompt: words(12),
      reply: words(20),
      verdict: { ok: n % 2 === 0, findings: [] },
    })),
  };
}
