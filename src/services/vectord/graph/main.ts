// The entry of a build process: `bun build-child.ts <job file>`. It runs at a lower priority than the service
// it builds for. Exit 0 means that the graph file named in the job is there, whole and sealed.

import { setPriority } from "node:os";
import { runBuild } from "./worker.ts";

/** Unix niceness: requests on the same cores go first. */
const NICENESS = 10;

const [jobPath] = process.argv.slice(2);
if (jobPath === undefined) {
  process.stderr.write("Usage: build-child.ts <job file>\n");
  process.exit(2);
}
try {
  setPriority(NICENESS);
} catch {
  // Some sandboxes refuse it; the build is then only less polite.
}
await runBuild(jobPath);
