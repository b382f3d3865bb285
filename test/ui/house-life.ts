// What a house has lived through, for the screens of who keeps it running: an order with its outcome, a draft that was refused,
// sources that contradict each other, memories with versions, a distillation. Texts are long, missing, hostile, and in other
// scripts.

import type { Fill } from "#contracts/fill";
import type { DistillRun } from "#contracts/distill";
import type { SpawnedHouse } from "./spawned-house.ts";

/** The house's own settings: what it records for training, and a model that answers without a network. */
export const LIFE_SETTINGS = { LAKEHOUSE_CAPTURE: "full", LAKEHOUSE_CHAT_MODEL: "scripted/echo" } as const;

export const SCRIPT = `<img src=x onerror="document.title='stolen'">`;
const LONG = "a name that somebody typed twice and then once more, to be sure ".repeat(4).trim();

export interface Life {
  readonly fillId: string;
  readonly traceId: string;
  readonly runId: string;
  readonly draftId: string;
  /** Of rows to train on, as the trace of a row names it. */
  readonly exportFile: string;
}

export async function liveThrough(house: SpawnedHouse): Promise<Life> {
  const order = await house.json<Fill>("/v1/fills", {
    order_text: `Need 2 forklift operators in Springfield IL Fri 6a-2p $30 ${SCRIPT}`,
    order: { client_id: "Łódź 東京 مرحبا" },
  });
  const post = async (call: string, body: object): Promise<Fill> => {
    const { version } = await house.json<Fill>(`/v1/fills/${order.fill_id}`);
    return house.json<Fill>(`/v1/fills/${order.fill_id}/${call}`, { version, ...body });
  };
  const { seats } = await post("propose", { auto: true });
  const worker_id = seats[0]?.worker_id;
  await post("outcomes", { worker_id, result: "confirmed" });
  await post("outcomes", { worker_id, result: "completed", rating: 5 });
  await house.json("/v1/journal/events", [
    { type: "crane.moved", subject: SCRIPT, actor: LONG.slice(0, 200), data: { note: SCRIPT, far: "東京" } },
    { type: "crane.moved", subject: "crane/7", data: {} },
  ]);
  await house.json("/v1/chat", { messages: [{ role: "user", content: "Hello" }] });
  // No draft of this model passes: 422 is what the wire says to that.
  await house.ask("/v1/iterate", {
    method: "POST",
    body: JSON.stringify({
      kind: "playbook",
      prompt: `{"query_text":"${SCRIPT.replaceAll('"', "'")}","answer_id":"w-1"}`,
      model: "scripted/echo",
      max_iterations: 2,
    }),
  });
  await contradict(house);
  const traceId = await remember(house);
  const runId = await distilled(house);
  const drafts = await house.json<{ events: { id: string }[] }>(
    "/v1/journal/events?type=draft.iterated&last=1",
  );
  const { exports } = await house.json<{
    exports: { name: string; kind: string; rows: { train: number } }[];
  }>("/v1/distill/exports");
  const filled = exports.find(({ rows }) => rows.train > 0);
  return {
    fillId: order.fill_id,
    traceId,
    runId,
    draftId: drafts.events[0]?.id ?? "",
    exportFile: `exports/${filled?.kind}/${filled?.name}/${filled?.kind}.jsonl`,
  };
}

async function contradict(house: SpawnedHouse): Promise<void> {
  const observed_at = "2026-11-01T10:00:00Z";
  await house.json("/v1/truth/claims", {
    claims: [
      { entity: "worker:w-001", attribute: "phone", value: "+1-217-555-0148", source: "roster", observed_at },
      {
        entity: "worker:w-001",
        attribute: "phone",
        value: "(217) 555-0199",
        source: "payroll",
        observed_at,
        evidence: SCRIPT,
      },
      { entity: "worker:w-001", attribute: "pay_floor", value: 18.5, source: "roster", observed_at },
      {
        entity: "worker:w-001",
        attribute: "pay_floor",
        value: 21,
        source: "Ann",
        observed_at,
        confidence: 0.6,
      },
      { entity: "worker:w-001", attribute: "city", value: "Springfield", source: "roster", observed_at },
      { entity: "worker:山田/東京", attribute: "name", value: "山田太郎", source: "roster", observed_at },
      { entity: "worker:山田/東京", attribute: "name", value: LONG, source: LONG.slice(0, 150), observed_at },
    ],
  });
}

async function remember(house: SpawnedHouse): Promise<string> {
  const { trace_id } = await house.json<{ trace_id: string }>("/v1/pathway/traces", {
    kind: "order",
    subject: "Acme",
    task: `Fill 3 forklift places at Acme ${SCRIPT}`,
    content: "Asked the four nearest by text at 6 pm; two said yes, the third after a call.",
    steps: ["Ranked by miles", "Texted four people", { called: 3 }],
    outcome: { result: "filled", score: 1 },
  });
  await house.json(`/v1/pathway/traces/${trace_id}/revise`, {
    content: "Asked the five nearest by text at 5 pm; three said yes, nobody had to be called.",
  });
  await house.json(`/v1/pathway/traces/${trace_id}/feedback`, { result: "no_show", score: 0 });
  return trace_id;
}

async function distilled(house: SpawnedHouse): Promise<string> {
  const { run_id } = await house.json<DistillRun>("/v1/distill/runs", {
    stages: ["capture", "materialize", "score", "export", "audit"],
    append_baseline: true,
  });
  for (;;) {
    const { status, problem } = await house.json<DistillRun>(`/v1/distill/runs/${run_id}`);
    if (status === "succeeded") return run_id;
    if (status !== "running") throw new Error(`the run ${status}: ${problem}`);
    await Bun.sleep(50);
  }
}
