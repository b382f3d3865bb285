// How two values are compared: each becomes a key, and values with equal keys are the same value. A normaliser never
// changes what a source said; it decides what agrees, and for telephone numbers and e-mail addresses also which of the
// equal spellings is shown. Text that a normaliser cannot read is compared as text, so nothing is lost by it.

import type { Normaliser, TruthValue } from "#contracts/truth";
import { addressKey } from "./address.ts";
import { foldText, nameKey } from "./names.ts";
import type { Normalised } from "./normalised.ts";

export type Normalise = (value: Exclude<TruthValue, null>) => Normalised;

type NormaliseText = (text: string) => Normalised;

const NORMALISERS: Readonly<Record<Normaliser, () => NormaliseText | Promise<NormaliseText>>> = {
  none: () => (text) => ({ key: text, shown: text }),
  text: () => (text) => ({ key: foldText(text), shown: text.trim() }),
  email: () => emailOf,
  name: () => (text) => ({ key: nameKey(text), shown: text.trim() }),
  address: () => (text) => ({ key: addressKey(text), shown: text.trim() }),
  // 24 ms and 10 MB of metadata, for those who compare telephone numbers.
  phone: async () => (await import("./phone.ts")).phoneOf,
};

/** The normaliser of a rule, loaded; numbers and booleans are compared by what they look like as text. */
export async function normaliserNamed(name: Normaliser): Promise<Normalise> {
  const ofText = await NORMALISERS[name]();
  const isText = name === "phone";
  return (value) => {
    if (typeof value === "string") return ofText(value);
    // A column of telephone numbers is often read as one of integers.
    return isText ? ofText(String(value)) : { key: String(value), shown: value };
  };
}

/** Case has no meaning in a domain, and in practice none before it either (RFC 5321, 2.3.11 allows it there). */
function emailOf(text: string): Normalised {
  const shown = text
    .trim()
    .replace(/^mailto:/i, "")
    .replace(/^<(.*)>$/, "$1")
    .toLowerCase();
  return { key: shown, shown };
}
