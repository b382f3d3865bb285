// What a house lacks for some classes of a load: found out by asking it, before anything is measured. A class that is left out
// is named with the reason and what to do, and never counted as done.

import type { LoadCaller } from "../caller.ts";
import { CLASSES, type ClassName, type Need } from "../profiles.ts";
import { GREETING, MODEL, SCRIPT_PATH } from "../scenarios/chat.ts";

export interface LeftOut {
  readonly class: ClassName;
  readonly why: string;
}

const NO_WRITE =
  "the API key may not write: use one of the scope write (lakehouse config add-key load --scope write)";

export async function lacks(
  classes: readonly ClassName[],
  call: LoadCaller,
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const needs = new Set<Need>(classes.flatMap((name) => [...CLASSES[name].needs]));
  const missing = new Map<Need, string>();
  if (needs.has("write")) {
    const path = "/v1/ingest?dataset=lakehouse_load_probe&dry_run=true";
    const { fault } = await call({ method: "POST", path, body: "a,b\n1,2\n" }, signal);
    if (fault === "forbidden" || fault === "unauthorized") missing.set("write", NO_WRITE);
  }
  if (needs.has("script") && !missing.has("write")) {
    const messages = [{ role: "user", content: "Are you ready for load 0?" }];
    const { status, body } = await call(
      { method: "POST", path: "/v1/chat", body: { model: MODEL, messages } },
      signal,
    );
    const reply = body as { message?: { content?: string } } | null;
    if (status !== 200 || reply?.message?.content !== `${GREETING}0.`)
      missing.set(
        "script",
        `the house does not play the model ${MODEL}: start it with LAKEHOUSE_CHAT_SCRIPT=${SCRIPT_PATH}`,
      );
  }
  return classes.flatMap((name) => {
    const need = CLASSES[name].needs.find((one) => missing.has(one));
    const why = need === undefined ? undefined : missing.get(need);
    return why === undefined ? [] : [{ class: name, why }];
  });
}
