// The process behind `keepProcess`: dispatches the words that it is sent, and sends back the exit code and what the command
// wrote to each of its streams.

import "zod/compile";
import { dispatch } from "./dispatch.ts";
import type { Ended } from "./spawned.testing.ts";

export type CommandEnded = Ended;

/** Takes what is written to a stream until it is asked for. */
function captured(stream: NodeJS.WriteStream): () => string {
  let chunks: Uint8Array[] = [];
  const write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    const taken = rest.at(-1);
    if (typeof taken === "function") (taken as () => void)();
    return true;
  };
  stream.write = write;
  return () => {
    const text = new TextDecoder().decode(Buffer.concat(chunks));
    chunks = [];
    return text;
  };
}

const out = captured(process.stdout);
const err = captured(process.stderr);

process.on("disconnect", () => process.exit(0));
process.on("message", (words: readonly string[]) => {
  void dispatch(words).then((exitCode) =>
    process.send?.({ exitCode, out: out(), err: err() } satisfies CommandEnded),
  );
});
