// `lakehouse <command>`: dispatch, nothing else.

import "zod/compile";
import { dispatch } from "#cli/dispatch";
import { flush } from "#cli/terminal/terminal";

const exitCode = await dispatch(process.argv.slice(2));
await flush();
// Timers and pooled connections that are no longer needed would keep the process alive for seconds.
process.exit(exitCode);
