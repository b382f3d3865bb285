// The fields of an order as a form has them, as texts, and what a person changed in them.

import type { FillOrder } from "#contracts/fill";
import { localIn, momentIn } from "../parts/words.ts";

type Texts = Readonly<Record<string, string>>;

export const FORM_FIELDS = [
  { field: "role", label: "Role", type: "text" },
  { field: "headcount", label: "People", type: "number" },
  { field: "city", label: "City", type: "text" },
  { field: "state", label: "State", type: "text" },
  { field: "start_at", label: "Start", type: "datetime-local" },
  { field: "end_at", label: "End", type: "datetime-local" },
  { field: "pay_rate", label: "Pay an hour ($)", type: "number" },
  { field: "max_miles", label: "Within miles (50 unless given)", type: "number" },
  { field: "required_certs", label: "Certificates, with commas between", type: "text" },
  { field: "client_id", label: "Client", type: "text" },
  { field: "site_id", label: "Site", type: "text" },
  { field: "notes", label: "Notes", type: "text" },
] as const;

const NUMBERS: ReadonlySet<string> = new Set(["headcount", "pay_rate", "max_miles"]);

export function textsOf(order: FillOrder, zone: string): Texts {
  const text = (field: string): string => {
    const value = (order as Readonly<Record<string, unknown>>)[field];
    if (value === undefined) return "";
    if (field.endsWith("_at")) return localIn(String(value), zone);
    return Array.isArray(value) ? value.join(", ") : String(value);
  };
  return Object.fromEntries(FORM_FIELDS.map(({ field }) => [field, text(field)]));
}

/** The fields whose texts differ, as the wire wants them; null takes one away. */
export function changesOf(before: Texts, after: Texts, zone: string): Record<string, unknown> {
  const changed = Object.entries(after).filter(([field, text]) => text.trim() !== before[field]);
  return Object.fromEntries(changed.map(([field, text]) => [field, valueOf(field, text.trim(), zone)]));
}

function valueOf(field: string, text: string, zone: string): unknown {
  if (text === "") return null;
  if (NUMBERS.has(field)) return Number(text);
  if (field.endsWith("_at")) return momentIn(text, zone);
  if (field === "required_certs")
    return text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  return text;
}
