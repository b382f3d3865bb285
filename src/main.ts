// `lakehouse <command>`: dispatch, nothing else.

import "zod/compile";
import { dispatch } from "#cli/dispatch";
import { flush } from "#cli/terminal/terminal";

const exitCode = await dispatch(process.argv.slice(2));
await flush();
// Timers and pooled connections that nobody waits for any more would keep the process for seconds.
process.exit(exitCode);
