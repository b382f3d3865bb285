import { runStages } from "../stages.ts";
import { ALL_STAGES, run } from "./fixture.ts";

const [, , root = ""] = process.argv;
await run({ runStages }, root, { ...ALL_STAGES, nowMs: Date.now(), runId: "elsewhere" });
