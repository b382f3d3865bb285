// Claims to places of one's own: their names are sure, and surer than towns of the same name.

import type { Sites } from "../places/sites.ts";
import type { Token } from "../text/tokens.ts";
import type { Of } from "./claim.ts";

const SITE_WEIGHT = 8;
const FURTHER_WORD_WEIGHT = 1.5;

export function siteClaims(tokens: readonly Token[], sites: Sites): Of<"place">[] {
  const claims: Of<"place">[] = [];
  for (let from = 0; from < tokens.length; from++) {
    const found = sites.at(tokens, from);
    if (found === undefined) continue;
    const { to, site } = found;
    const { name, city, state, lat, lon } = site;
    const known = { city: city ?? "", state: state ?? "", lat, lon, population: 0 };
    const value = {
      site: name,
      known,
      ...(city === undefined ? {} : { city }),
      ...(state === undefined ? {} : { state }),
    };
    const weight = SITE_WEIGHT + FURTHER_WORD_WEIGHT * (to - from - 1);
    claims.push({ kind: "place", value, from, to, weight });
  }
  return claims;
}
