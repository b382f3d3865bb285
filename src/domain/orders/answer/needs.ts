// What an order asks for besides role, place and time: certificates, languages, status, radius, pay, urgency.

import type { Claim, PayValue } from "../grammar/claim.ts";
import type { OrderSlots } from "../order-reading.ts";
import type { Token } from "../text/tokens.ts";

/** What must be held, also what a title says by itself: a "CDL A driver" holds a CDL A. */
export function certificatesOf(
  tokens: readonly Token[],
  kept: readonly Claim[],
  all: readonly Claim[],
): string[] {
  const names = new Set<string>();
  for (const claim of kept) {
    if (claim.kind === "certificate") names.add(claim.value.name);
    if (claim.kind !== "role") continue;
    for (const inner of all) {
      const inside = inner.kind === "certificate" && inner.from >= claim.from && inner.to <= claim.to;
      // A "non CDL driver" holds none.
      const whole =
        inside && tokens.slice(claim.from, inner.from).every(({ word }) => word !== "non" && word !== "no");
      if (inside && whole && inner.value.name.startsWith("CDL")) names.add(inner.value.name);
    }
  }
  // "CDL class A" is one licence.
  if ([...names].some((name) => /^CDL [ABC]$/.test(name))) names.delete("CDL");
  return [...names];
}

type NeedSlots = Pick<
  OrderSlots,
  "miles" | "pay" | "pay_max" | "pay_unit" | "urgent" | "languages" | "status"
>;

export function needsOf(kept: readonly Claim[], used: Set<Claim>): NeedSlots {
  const slots: { -readonly [K in keyof NeedSlots]: NeedSlots[K] } = {};
  const languages = new Set<string>();
  for (const claim of kept) {
    if (claim.kind === "radius" && slots.miles === undefined) slots.miles = claim.value.miles;
    else if (claim.kind === "pay" && slots.pay === undefined && slots.pay_max === undefined)
      Object.assign(slots, payOf(claim.value));
    else if (claim.kind === "urgent") slots.urgent = true;
    else if (claim.kind === "language") languages.add(claim.value.code);
    else if (claim.kind === "status") slots.status ??= claim.value.status;
    else if (claim.kind !== "certificate") continue;
    used.add(claim);
  }
  if (languages.size > 0) slots.languages = [...languages];
  return slots;
}

function payOf({ pay, max, unit }: PayValue): Pick<OrderSlots, "pay" | "pay_max" | "pay_unit"> {
  return {
    ...(pay !== undefined && { pay }),
    ...(max !== undefined && { pay_max: max }),
    ...(unit !== undefined && { pay_unit: unit }),
  };
}
