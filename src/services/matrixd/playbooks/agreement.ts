// What a query asks for that nobody could read, as those say who answered it: where at least two people were recorded as good
// for the same words, and all of them are of one occupation, these words mean that occupation, and the people who were recorded for
// them may be brought in. It decides nothing where a role is known: a query whose role was read, and a record with a role
// of its own, are the gate's alone. Pure; every answer is nobody unless all agree.

import { roleNamed } from "#domain/roles";
import { effectOf } from "./effect.ts";
import type { Gate, GateRole } from "./gate.ts";
import type { Library } from "./library.ts";
import type { NearQuery } from "./near-queries.ts";
import { canonicalText, standingAt } from "./playbook.ts";

export interface AgreementQuery {
  readonly text: string;
  readonly role: GateRole;
  readonly gate: Gate;
  readonly at: number;
  /** What the corpus says of a person's role; undefined when nobody has this id. */
  personRole(id: string): GateRole | undefined;
  /** The code of a person's occupation in the corpus's own column; undefined where it has none. */
  personCode(id: string): string | undefined;
}

/** One person's occupation says what that person does, and not what was asked for. */
const PEOPLE_MIN = 2;
/** Texts that differ in their numbers alone are this near. Cosine distance. */
const SAME_WORDS_MAX = 0.05;

/** Answers that may be brought in though the query's role is not known. */
export function agreedAnswers(
  near: readonly NearQuery[],
  library: Library,
  query: AgreementQuery,
): ReadonlySet<string> {
  if (query.role !== null || query.gate === "off") return NOBODY;
  const words = wordsOf(query.text);
  const answers = new Set<string>();
  for (const { recorded, distance } of near) {
    if (distance > SAME_WORDS_MAX || wordsOf(recorded.text) !== words) continue;
    for (const id of recorded.ids) {
      const playbook = library.get(id);
      const standing = playbook === undefined ? undefined : standingAt(playbook, query.at);
      if (playbook === undefined || standing?.state !== "active") continue;
      if (playbook.role !== null) return NOBODY;
      const isThere = query.personRole(playbook.answerId) !== undefined;
      if (isThere && effectOf(standing.version) === "lift") answers.add(playbook.answerId);
    }
  }
  return answers.size >= PEOPLE_MIN && areOfOneOccupation(answers, query) ? answers : NOBODY;
}

const NOBODY: ReadonlySet<string> = new Set();

/** By their codes where the corpus has codes, and never with two roles of the taxonomy. */
function areOfOneOccupation(ids: ReadonlySet<string>, { personRole, personCode }: AgreementQuery): boolean {
  const occupations = new Set<string | undefined>();
  const known = new Set<string>();
  for (const id of ids) {
    const role = personRole(id) ?? undefined;
    const name = roleNamed(role ?? "")?.name;
    if (name !== undefined) known.add(name);
    occupations.add(personCode(id) ?? role?.toLowerCase());
  }
  return known.size < 2 && occupations.size === 1 && !occupations.has(undefined);
}

/** The words of a text, whatever its numbers, marks and capitals are. */
function wordsOf(text: string): string {
  return canonicalText(text)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}]+/gu, " ")
    .trim();
}
