// A person's certificates as rosters write them: "Forklift (exp 2027-05-28); OSHA 10".

export interface Certificate {
  readonly name: string;
  readonly expires: string | undefined;
  readonly state: "valid" | "soon" | "expired";
}

const EXPIRES = /\s*\((?:exp(?:ires)?\.?|until|valid to)\s*:?\s*(\d{4}-\d{2}-\d{2})\)\s*$/i;
/** Soon enough to ask for the next one. */
const SOON_DAYS = 30;
const DAY_MS = 86_400_000;

/** `by` is the end of the shift: a certificate has to hold through it. */
export function certificatesOf(text: unknown, byMs: number): Certificate[] {
  const list = Array.isArray(text) ? text.map(String) : typeof text === "string" ? text.split(/[;|]/) : [];
  return list.flatMap((part) => {
    const expires = EXPIRES.exec(part)?.[1];
    const name = part.replace(EXPIRES, "").trim();
    if (name === "") return [];
    const leftMs = expires === undefined ? Infinity : Date.parse(expires) + DAY_MS - byMs;
    return [
      { name, expires, state: leftMs < 0 ? "expired" : leftMs < SOON_DAYS * DAY_MS ? "soon" : "valid" },
    ];
  });
}
