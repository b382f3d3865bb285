// The load generator's process: takes plans from its parent, one at a time, and exits with it.

import { runLoad } from "./load-run.ts";
import type { LoadReply, LoadPlan } from "./load.ts";

process.on("disconnect", () => process.exit(0));
process.on("message", (plan: LoadPlan) => {
  const answer = (value: LoadReply): void => {
    process.send?.(value);
  };
  runLoad(plan).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
  );
});
