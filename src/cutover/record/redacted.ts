// A call as it is written down: what is personal or secret is taken out before anything touches the disk, by the patterns that
// redact everything else of the house. Of headers only those that a call needs to be made again are kept. A body in which
// nothing was found keeps its exact text; one that is no text is kept as its hash.

import { jsonOr } from "#lib/json-or";
import { hash } from "node:crypto";
import { isSecret, MASK, personalData, redactText, redactValue } from "#domain/redact";
import { RECORDED_BODY_BYTES_MAX, type RecordedBody, type RecordedCall } from "./recording.ts";

/** Bytes, none, or why there are none to be had. */
export type HeldBody = ArrayBuffer | null | { readonly cut: string; readonly bytes?: number };

const KEPT_HEADERS = ["accept", "content-type", "idempotency-key", "x-lakehouse-dialect"] as const;
const utf8 = new TextDecoder("utf-8", { fatal: true });

export function redactedBody(held: HeldBody): RecordedBody {
  if (held === null) return null;
  if (!(held instanceof ArrayBuffer)) return { ...held };
  if (held.byteLength === 0) return null;
  if (held.byteLength > RECORDED_BODY_BYTES_MAX)
    return { cut: "larger than is recorded", bytes: held.byteLength };
  let text: string;
  try {
    text = utf8.decode(held);
  } catch {
    // No text, so no pattern says what is in it.
    return { sha256: hash("sha256", new Uint8Array(held), "hex"), bytes: held.byteLength };
  }
  return redactedText(text);
}

/** A text with its personal data taken out, and of which kinds it was. */
export function redactedText(text: string): { text: string; redacted?: string[] } {
  const parsed = jsonOr(text);
  if (parsed === undefined) {
    const kept = redactText(text);
    return kept === text ? { text } : { text: kept, redacted: kindsIn(text) };
  }
  const before = JSON.stringify(parsed);
  const after = JSON.stringify(redactValue(parsed));
  return after === before ? { text } : { text: after, redacted: kindsIn(before) };
}

/** A target's path and query, each value by itself: what is written with percent signs is read first. */
export function redactedTarget(target: string): { text: string; redacted?: string[] } {
  const asked = target.indexOf("?");
  const path = asked === -1 ? target : target.slice(0, asked);
  const found = new Set<string>();
  const clean = (word: string): string => {
    const plain = decoded(word);
    const kept = redactText(plain);
    if (kept === plain) return word;
    for (const kind of kindsIn(plain)) found.add(kind);
    return encodeURIComponent(kept);
  };
  const cleanField = (field: string): string => {
    const equals = field.indexOf("=");
    if (equals === -1) return clean(field);
    const [name, value] = [field.slice(0, equals), field.slice(equals + 1)];
    if (value === "" || !isSecret(decoded(name), value)) return `${clean(name)}=${clean(value)}`;
    for (const kind of kindsIn(decoded(value))) found.add(kind);
    return `${clean(name)}=${encodeURIComponent(MASK)}`;
  };
  const cleanPath = path.split("/").map(clean).join("/");
  const query =
    asked === -1
      ? ""
      : `?${target
          .slice(asked + 1)
          .split("&")
          .map(cleanField)
          .join("&")}`;
  return found.size === 0 ? { text: target } : { text: cleanPath + query, redacted: [...found] };
}

export function keptHeaders(headers: Headers): { headers: Record<string, string>; redacted: string[] } {
  const kept: Record<string, string> = {};
  const redacted: string[] = [];
  for (const name of KEPT_HEADERS) {
    const value = headers.get(name);
    if (value === null) continue;
    const clean = redactText(value);
    kept[name] = clean;
    if (clean !== value) redacted.push(...kindsIn(value));
  }
  return { headers: kept, redacted };
}

/** Why a recorded request cannot be made again as it was; undefined when it can. */
export function unreplayable({ request }: Pick<RecordedCall, "request">): string | undefined {
  if (request.redacted !== undefined) return `redacted: ${request.redacted.join(", ")}`;
  const { body } = request;
  if (body === null) return undefined;
  if ("cut" in body) return `body cut: ${body.cut}`;
  if ("sha256" in body) return "body is no text, of which the hash alone was kept";
  return body.redacted === undefined ? undefined : `redacted: ${body.redacted.join(", ")}`;
}

/** `secret` where the name alone said so. */
function kindsIn(text: string): string[] {
  const kinds = personalData(text);
  return kinds.length === 0 ? ["secret"] : kinds;
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
