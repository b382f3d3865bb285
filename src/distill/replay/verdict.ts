// The house's verdict on an answer, as of the time of the evidence. What was redacted before it touched the disk stands for
// something that was there: the checks are given what has its form, and a finding about such a value itself (a number that
// is not the person's) is none of the answer's.

import type { House } from "#contracts/house";
import type { Order } from "#contracts/validate";
import { extractJson } from "#lib/extract-json";
import type { CallInit } from "#rpc/call";
import type { Replayable } from "./choose.ts";
import type { ReplayLine } from "./log.ts";

/** Numbers and hosts that are kept free for examples: RFC 2606, and 555-0100 to 555-0199 of the North American plan. */
const STAND_INS: readonly (readonly [mask: string, form: string])[] = [
  ["[phone]", "+12025550123"],
  ["[email]", "someone@example.com"],
];

export interface VerdictDeps {
  readonly validatord: Pick<House["validatord"], "validate">;
  readonly orders: ReadonlyMap<string, Order>;
  readonly call: CallInit | undefined;
}

export async function verdictOf(
  { artifactKind, evidence }: Replayable,
  reply: string,
  { validatord, orders, call }: VerdictDeps,
): Promise<ReplayLine["verdict"]> {
  const text = STAND_INS.reduce((all, [mask, form]) => all.replaceAll(mask, form), reply);
  const { matched, value } = extractJson(text);
  if (!matched) return { ok: false, findings: [{ code: "replay.no_json", severity: "error" }] };
  const { entity = evidence.evidence_id } = evidence.input;
  const order = orders.get(entity);
  // A line of the log of fills is one place of its order, and names no order in its output.
  const isPlace = evidence.kind === "fill";
  const artifact = isPlace ? { order_id: entity, ...value } : value;
  const { findings } = await validatord.validate(
    {
      kind: artifactKind,
      artifact,
      context: {
        now: evidence.provenance.recorded_at,
        ...(order === undefined ? {} : { order: isPlace ? { ...order, allow_partial: true } : order }),
      },
    },
    call,
  );
  const masked = extractJson(reply).value;
  const own = findings.filter(({ path }) => !isMasked(valueAt(masked, path)));
  return {
    ok: own.every(({ severity }) => severity !== "error"),
    findings: own.map(({ code, severity }) => ({ code, severity })),
  };
}

/** By a path as findings have them: `fills[2].worker_id`. */
function valueAt(value: unknown, path: string): unknown {
  return path
    .split(/[.[\]]+/)
    .filter((part) => part !== "")
    .reduce<unknown>(
      (inner, part) =>
        typeof inner === "object" && inner !== null && Object.hasOwn(inner, part)
          ? (inner as Record<string, unknown>)[part]
          : undefined,
      value,
    );
}

function isMasked(value: unknown): boolean {
  return typeof value === "string" && STAND_INS.some(([mask]) => value.trim() === mask);
}
