// Descriptions of work, "someone to answer phones": what is done and what it is done to, by role. Words are compared by
// their stems, and a word or two may stand between the two ("clean the big hotel rooms").

import { ROLES, type Role } from "../../roles.ts";
import { listOf, readTable } from "#lib/tsv";
import { folded } from "../text/words.ts";
import table from "./activities.tsv" with { type: "text" };

export interface Activity {
  readonly role: Role;
  /** Stems of what it is done to, in order; none where the verb says it all ("bartend"). */
  readonly object: readonly string[];
}

/** Activities by the stem of their verb; made once, at the first use. */
export function activitiesByVerb(): ReadonlyMap<string, readonly Activity[]> {
  activities ??= read();
  return activities;
}

/** In place of an object. */
const VERB_ALONE = "-";

let activities: Map<string, Activity[]> | undefined;

function read(): Map<string, Activity[]> {
  const byName = new Map(ROLES.map((role) => [role.name, role]));
  const found = new Map<string, Activity[]>();
  for (const row of readTable(table, ["role", "language", "verbs", "objects"])) {
    const { role: name, language, verbs, objects } = row;
    const role = byName.get(name);
    if (role === undefined) continue;
    const own = listOf(objects).map((object) => ({
      role,
      object: object === VERB_ALONE ? [] : folded(object).split(" ").map(stem),
    }));
    const words = listOf(verbs).map(folded);
    const forms = language === "es" ? words.flatMap(spanishForms) : words;
    for (const key of new Set(forms.map(stem))) {
      const before = found.get(key);
      if (before === undefined) found.set(key, [...own]);
      else before.push(...own);
    }
  }
  return found;
}

/** "cortar" also as orders have it: "que corte", "que corten", "corta", "cortan", "cortando". */
function spanishForms(verb: string): string[] {
  const [, root, ending] = /^(\w{2,})([aei]r)$/.exec(verb) ?? [];
  if (root === undefined) return [verb];
  return [
    verb,
    `${root}${ending === "ar" ? "ando" : "iendo"}`,
    ...rootsOf(root).flatMap((own) => endings(own, ending)),
  ];
}

/** "atender" is "atienda", "contar" "cuente", "servir" "sirva": a vowel that changes under stress. */
function rootsOf(root: string): string[] {
  const [, before = "", vowel, after = ""] = /^(\w*?)([eo])([^aeiou]+)$/.exec(root) ?? [];
  if (vowel === undefined) return [root];
  return vowel === "o" ? [root, `${before}ue${after}`] : [root, `${before}ie${after}`, `${before}i${after}`];
}

function endings(root: string, ending: string | undefined): string[] {
  if (ending === "ar") {
    const soft = root.replace(/c$/, "qu").replace(/g$/, "gu").replace(/z$/, "c");
    return [`${root}a`, `${root}an`, `${soft}e`, `${soft}en`];
  }
  const hard = root.replace(/g$/, "j");
  return [`${root}e`, `${root}en`, `${hard}a`, `${hard}an`];
}

/** A rough stem that brings the forms of a verb and of a noun together: "cleaning", "cleans", "cleaned" are "clean". */
export function stem(word: string): string {
  let base = word;
  const ending = word.at(-1);
  // Every ending that is cut has one of these letters last.
  if (ending === "g") {
    if (base.length > 5 && base.endsWith("ing")) base = base.slice(0, -3);
  } else if (ending === "d") {
    if (base.length > 4 && base.endsWith("ed")) base = base.slice(0, -2);
  } else if (ending === "s") {
    if (base.length > 4 && base.endsWith("ies")) base = `${base.slice(0, -3)}y`;
    else if (base.length > 4 && /(?:sh|ch|ss|x|z)es$/.test(base)) base = base.slice(0, -2);
    else if (base.length > 3 && !base.endsWith("ss")) base = base.slice(0, -1);
  }
  const last = base.at(-1) ?? "";
  if (base.length > 3 && base.at(-2) === last && DOUBLED.includes(last)) base = base.slice(0, -1);
  return base.length > 3 && base.endsWith("e") ? base.slice(0, -1) : base;
}

/** Letters that a verb doubles before an ending: "scrubbing", "digging". */
const DOUBLED = "bdgmnprt";
