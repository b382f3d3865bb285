// A house in one process that serves as many searches as `SEARCHES` says: run twice under coverage by `trace.test.ts`,
// which sees by the difference what a search runs. Not a test of its own.

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOver } from "../house/house.ts";

const ROSTER =
  "worker_id,role,city,state\n1,Forklift Operator,Springfield,IL\n2,Welder,Chicago,IL\n3,Line Cook,Denver,CO\n";

test("a house serves searches", async () => {
  const data = mkdtempSync(join(tmpdir(), "trace-"));
  const house = await startOver("together", data, { check_outputs: false });
  await house.ask("/v1/ingest?dataset=workers", { method: "POST", body: ROSTER });
  const corpus = { dataset: "workers", id: "worker_id", text: "{role} in {city}, {state}" };
  await house.ask("/v1/matrix/corpora/workers", { method: "PUT", body: JSON.stringify(corpus) });
  const built = await house.ask("/v1/matrix/corpora/workers", { headers: { accept: "text/event-stream" } });
  expect(await built.text()).toContain("event: done");
  // oxlint-disable-next-line node/no-process-env -- the argument of this script
  const searches = Number(process.env["SEARCHES"]);
  for (let search = 0; search < searches; search += 1) {
    // Each another text, since what was understood of one is kept for a minute.
    const query_text = `Need ${search} forklift operators in Springfield, IL Monday 6am`;
    const { hits } = await house.json<{ hits: unknown[] }>("/v1/matrix/search", { query_text });
    expect(hits.length).toBeGreaterThan(0);
  }
  await house.close();
  rmSync(data, { recursive: true, force: true });
}, 120_000);
