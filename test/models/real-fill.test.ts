// A fill whose people and messages a real model drafts. What it writes is mostly wrong, and that is the point: whoever is held
// passed every check, a message counts as contact only where it passed every check, and what was wrong is told.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateWorkers, toCsv } from "#cli/demo/sample/sample";
import type { Fill, Message, Shortlist } from "#contracts/fill";
import { present } from "#lib/assert";
import { startHouse, type TestHouse } from "../house/house.ts";
import { PEOPLE_CORPUS } from "../people-corpus.ts";
import { realModelMissing, startRealModel } from "./llama.ts";

const NOW = "2026-11-29T15:00:00Z";
const MODEL = "small/smollm2-135m";
const MODEL_MS_MAX = 400_000;

describe.skipIf(realModelMissing !== "")(`a real model fills orders${realModelMissing}`, () => {
  let model: ReturnType<typeof startRealModel>;
  let house: TestHouse;
  beforeAll(async () => {
    model = startRealModel();
    house = await startHouse("together", { chat_urls: `small=${await model.url}/v1` });
    const body = [...toCsv([...generateWorkers({ seed: 11, count: 1500, today: "2026-11-21" })])].join("");
    await house.ask("/v1/ingest?dataset=workers", { method: "POST", body });
    await house.ask("/v1/matrix/corpora/workers", { method: "PUT", body: JSON.stringify(PEOPLE_CORPUS) });
    while ((await house.json<{ status: string }>("/v1/matrix/corpora/workers")).status !== "ready")
      await Bun.sleep(20);
  }, MODEL_MS_MAX);
  afterAll(async () => {
    await house.close();
    model.stop();
  });

  test(
    "its proposals and messages leave only as the checks let them",
    async () => {
      const opened = await house.json<Fill & Shortlist>(
        "/v1/fills",
        {
          order_text: "Need 2 forklift operators in Springfield, IL Friday 6a-2p $30",
          order: { client_id: "acme" },
          now: NOW,
        },
        201,
      );
      const path = `/v1/fills/${opened.fill_id}`;
      const ask = async (call: string, body: object): Promise<{ status: number; body: unknown }> => {
        const reply = await house.ask(`${path}/${call}`, { method: "POST", body: JSON.stringify(body) });
        return { status: reply.status, body: await reply.json() };
      };
      const asked = { version: opened.version, model: MODEL };
      const { status, body } = await ask("propose", asked);
      // A model that gave no draft at all is a fault.
      expect([200, 502]).toContain(status);
      if (status === 200) {
        const proposed = body as Fill;
        const { ok, by, findings } = present(proposed.proposal, "the proposal");
        const listed = new Set(opened.shortlist.map(({ worker_id }) => worker_id));
        expect(by).toBe("model");
        expect(findings.some(({ severity }) => severity === "error")).toBe(!ok);
        expect(proposed.seats.length > 0).toBe(ok);
        for (const { worker_id } of proposed.seats) expect(listed.has(worker_id)).toBe(true);
      }
      const { version } = await house.json<Fill>(path);
      const { seats } = (await ask("propose", { version, auto: true })).body as Fill;
      const offer = {
        worker_ids: seats.map(({ worker_id }) => worker_id),
        channel: "email",
        purpose: "offer",
        model: MODEL,
      };
      const drafted = await ask("messages", offer);
      expect(drafted.status).toBe(200);
      const { messages } = drafted.body as { messages: Message[] };
      for (const { ok, body: written, findings } of messages) {
        expect(findings.some(({ severity }) => severity === "error")).toBe(!ok);
        if (ok) expect(written).toMatch(/December 4|12\/4/);
      }
      const isContacted = (await house.json<Fill>(path)).status === "contacted";
      expect(isContacted).toBe(messages.some(({ ok }) => ok));
    },
    MODEL_MS_MAX,
  );
});
