// Which parts of a draft have to be written again, and how the parts that a model sends back go into it. What passed stays
// as it was: a model that is asked for everything again changes what was right.

import type { ArtifactKind, Finding } from "#contracts/validate";

type Draft = Readonly<Record<string, unknown>>;

/** Parts that a kind of artifact is made of: a row of fills, a field of a message. */
const ROW = /^(?:fills|backups)\[\d+\]/;
/** Fields by which a whole artifact is known from a few parts of one. */
const WHOLE: Readonly<Record<ArtifactKind, readonly string[]>> = {
  fill: ["fills"],
  email: ["body", "to"],
  playbook: ["query_text", "answer_id"],
};

/** Paths of the parts that errors are in; empty where the whole is to be written again, or nothing of the draft is. */
export function failingParts(kind: ArtifactKind, findings: readonly Finding[]): string[] {
  const parts = new Set<string>();
  const errors = findings.filter(({ severity, path }) => severity === "error" && !isOfOrder(path));
  const inRows = errors.some(({ path }) => ROW.test(path));
  for (const { path, code } of errors) {
    // It may be short because of the rows that failed: those come first.
    if (code === "fill.headcount_short" && inRows) continue;
    if (path === "") return [];
    const row = kind === "fill" ? ROW.exec(path)?.[0] : undefined;
    parts.add(row ?? path.split(/[.[]/)[0] ?? path);
  }
  // The list as a whole holds its rows.
  const lists = ["fills", "backups"].filter((list) => parts.has(list));
  return [...parts].filter((part) => !lists.some((list) => part !== list && part.startsWith(`${list}[`)));
}

/** The order is the caller's: no draft can correct it. */
export function isOfOrder(path: string): boolean {
  return path === "order" || path.startsWith("order.");
}

/** The draft with the parts that the model sent; a reply that is a whole artifact replaces it. */
export function withParts(kind: ArtifactKind, draft: Draft, parts: readonly string[], reply: Draft): Draft {
  const own = parts.filter((part) => Object.hasOwn(reply, part));
  const isWhole = WHOLE[kind].every((field) => Object.hasOwn(reply, field));
  if (own.length === 0 || (isWhole && own.every((part) => !part.includes("[")))) {
    const partial = parts.length > 0 && !isWhole;
    // Neither the parts nor a whole: what has known names is taken as far as it was asked for.
    return partial ? { ...draft, ...pick(reply, parts) } : reply;
  }
  const changed: Record<string, unknown> = { ...draft };
  for (const part of own) {
    const [, list = "", at = ""] = /^(fills|backups)\[(\d+)\]$/.exec(part) ?? [];
    const rows = changed[list];
    if (list === "") changed[part] = reply[part];
    else if (Array.isArray(rows))
      changed[list] = rows.map((row: unknown, place) => (place === Number(at) ? reply[part] : row));
  }
  // A row that is null is taken out.
  for (const list of ["fills", "backups"]) {
    const rows = changed[list];
    if (Array.isArray(rows) && own.some((part) => part.startsWith(`${list}[`)))
      changed[list] = rows.filter((row) => row !== null);
  }
  return changed;
}

function pick(reply: Draft, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(reply).filter(([name]) => names.includes(name)));
}

/** One text for equal drafts, whatever the order of their fields. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
