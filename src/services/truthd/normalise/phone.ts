// Telephone numbers as E.164, with the extension behind it. A number without a country is one of the United States, where
// this trade works.

import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { foldText } from "./names.ts";
import type { Normalised } from "./normalised.ts";

const COUNTRY = "US";

export function phoneOf(text: string): Normalised {
  const number = parsePhoneNumberFromString(text, COUNTRY);
  // Seven digits lack their area: without it they name no telephone, and are compared as they are written.
  if (number === undefined || !number.isPossible()) return { key: foldText(text), shown: text.trim() };
  const shown = number.ext === undefined ? number.number : `${number.number};ext=${number.ext}`;
  return { key: shown, shown };
}
