/** A refusal, with the byte of the statement that it is about. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: "forbidden" | "invalid";
  readonly position: number | undefined;

  constructor(code: "forbidden" | "invalid", message: string, position?: unknown) {
    super(message);
    this.code = code;
    this.position = typeof position === "number" ? position : undefined;
  }
}

/** Names stand in messages, which go to logs and screens. */
export function shown(name: string): string {
  const clean = name.replaceAll(/[^\x20-\x7e]/g, "?");
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}
