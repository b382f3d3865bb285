// Which roles an order asks for: the first is the role, the others further requests, each with its headcount. A title
// that is part of a longer one that nobody knows ("welder inspector", "HR assistant") is no role, however well it is
// known by itself.

import type { Role } from "../../roles.ts";
import type { Lexicon } from "../tables/lexicon.ts";
import type { Token } from "../text/tokens.ts";
import type { Claim, Of } from "../grammar/claim.ts";
import type { RoleShare } from "../order-reading.ts";
import { roleOf } from "./role-choice.ts";

export interface RoleView {
  readonly tokens: readonly Token[];
  readonly lexicon: Lexicon;
  /** What holds, in order. */
  readonly claims: readonly Claim[];
  readonly denied: ReadonlySet<Claim>;
  readonly certificates: readonly string[];
  /** Who holds a certificate, by its name. */
  readonly holders: ReadonlyMap<string, Role>;
}

export interface Request {
  readonly claim: Of<"role">;
  readonly role: Role;
  readonly confidence: number;
  readonly count: number | undefined;
  readonly candidates: readonly RoleShare[];
  /** A count or a word of ordering stands before it. */
  readonly announced: boolean;
}

export interface RoleAnswer {
  readonly requests: readonly Request[];
  /** Of titles that are not sure enough to be named. */
  readonly candidates: readonly RoleShare[];
  readonly excluded: readonly Role[];
  /** A headcount that belongs to no role. */
  readonly count: number | undefined;
  /** Claims that the answer makes use of. */
  readonly used: ReadonlySet<Claim>;
}

type RoleClaim = Of<"role">;

/** Below it a role is one candidate and not named. */
const NAMED_MIN = 0.5;
const CANDIDATES_MAX = 5;

export function rolesOf(view: RoleView): RoleAnswer {
  const { claims, denied } = view;
  const all = claims.filter((claim): claim is RoleClaim => claim.kind === "role");
  const used = new Set<Claim>();
  const excluded: Role[] = [];
  for (const claim of all) {
    if (!denied.has(claim)) continue;
    used.add(claim);
    // "no forklift experience required" keeps nobody out, and "welders, no mig-only" no welders.
    const role = roleOf(claim, view, all);
    const asked = all.some(
      (other) => other.from < claim.from && !denied.has(other) && other.value.roles[0] === role,
    );
    if (!isExperience(view, claim) && !asked) excluded.push(role);
  }
  const wanted = properOnes(
    view,
    all.filter((claim) => !denied.has(claim)),
  );
  const holder = wanted.length === 0 ? holderOf(view) : undefined;
  if (holder !== undefined) wanted.push(holder);
  const counts = countsOf(view, wanted, used);
  const read = wanted.map((claim) => requestOf(claim, view, wanted, counts.get(claim)));
  const named = merged(read.filter(({ confidence }) => confidence >= NAMED_MIN)).filter(
    ({ role }) => !excluded.includes(role),
  );
  for (const { claim } of named) used.add(claim);
  return {
    requests: named,
    candidates: read.flatMap(({ candidates }) => candidates).slice(0, CANDIDATES_MAX),
    excluded,
    count: counts.get(undefined) ?? read[0]?.count,
    used,
  };
}

/** "CDL A, Atlanta": who asks for the licence alone asks for somebody who holds it. */
function holderOf({ claims, denied, holders }: RoleView): RoleClaim | undefined {
  for (const claim of claims) {
    if (claim.kind !== "certificate" || denied.has(claim)) continue;
    const role = holders.get(claim.value.name);
    if (role !== undefined)
      return { ...claim, kind: "role", value: { roles: [role], form: "field", near: false } };
  }
  return undefined;
}

/** Without fields where titles stand, without what is only experience, and without what only describes another title. */
function properOnes(view: RoleView, claims: readonly RoleClaim[]): RoleClaim[] {
  const asked = claims.filter((claim) => !isExperience(view, claim));
  const kept = asked.length > 0 ? asked : [...claims];
  const titles = kept.filter(({ value }) => value.form === "title");
  const work = kept.filter(({ value }) => value.form === "work");
  const counted = (claim: RoleClaim): boolean =>
    view.claims.some(({ kind, from, to }) => kind === "count" && (to === claim.from || from === claim.to));
  const best =
    titles.length > 0
      ? kept.filter(
          (claim) =>
            claim.value.form === "title" ||
            (claim.value.form === "field" && (counted(claim) || isListed(view, claim))),
        )
      : work.length > 0
        ? work.slice(0, 1)
        : kept;
  return best.filter((claim, at) => !describesNext(view, claim, best[at + 1]));
}

/** "flagger, laborer, operator": one of a list, and a word for somebody. */
function isListed({ tokens, claims }: RoleView, { from, to }: RoleClaim): boolean {
  const last = tokens[to - 1];
  if (last === undefined || last.kind !== "word" || !AGENT.test(last.key)) return false;
  // "electricians and their helpers".
  const before = OWNERS.has(tokens[from - 1]?.word ?? "") ? tokens[from - 2] : tokens[from - 1];
  const after = tokens[to];
  return (
    LIST_JOINS.has(before?.word ?? "\n") &&
    (after === undefined ||
      after.kind === "mark" ||
      LIST_JOINS.has(after.word) ||
      claims.some(({ kind, from: start }) => start === to && LIST_ENDS.has(kind)))
  );
}

const OWNERS: ReadonlySet<string> = new Set(["their", "a", "his", "sus", "su"]);
/** What an order goes on with behind its list. */
const LIST_ENDS: ReadonlySet<Claim["kind"]> = new Set(["place", "day", "hours"]);

const LIST_JOINS: ReadonlySet<string> = new Set([",", "/", "&", "+", "and", "y", "\n", ";", "or"]);

const EXPERIENCE_REACH = 2;

/** "with forklift experience": something to have done. */
function isExperience({ tokens, claims }: RoleView, claim: RoleClaim): boolean {
  const next = claims.find(
    ({ kind, from }) => kind === "experience" && from >= claim.to && from <= claim.to + 1,
  );
  if (next !== undefined) return true;
  const lead = claims.find(
    ({ kind, to }) => kind === "experience" && to <= claim.from && to >= claim.from - EXPERIENCE_REACH,
  );
  return (
    lead !== undefined &&
    tokens
      .slice(lead.to, claim.from)
      .some(({ word }) => ["as", "in", "como", "with", "de", "en"].includes(word))
  );
}

/** "security receptionist" is a receptionist: the name of a field before a title with nothing between. */
function describesNext(view: RoleView, claim: RoleClaim, next: RoleClaim | undefined): boolean {
  if (next === undefined || next.from !== claim.to) return false;
  const last = view.tokens[claim.to - 1];
  return last === undefined || last.kind !== "word" || !AGENT.test(last.key) || last.upper;
}

/** Words for somebody who does something. */
const AGENT =
  /(?:er|or|ist|ian|man|woman|person|ant|ent|eer|ee|cook|chef|clerk|guard|nurse|host|aide|maid|assistant|associate|dero|dor|dora|ero|era|ista|ano|tech|rep|cna|lpn|rn)$/;

function requestOf(
  claim: RoleClaim,
  view: RoleView,
  all: readonly RoleClaim[],
  count: number | undefined,
): Request {
  const role = roleOf(claim, view, all);
  const announced = count !== undefined || isAnnounced(view, claim);
  const confidence = confidenceOf(claim, view, announced);
  const others = claim.value.roles.filter((other) => other !== role);
  const left = others.length === 0 ? 0 : (1 - confidence) / others.length;
  const candidates = [
    { role: role.name, soc: role.soc, p: confidence },
    ...others.map((other) => ({ role: other.name, soc: other.soc, p: left })),
  ];
  return { claim, role, confidence, count, candidates: candidates.slice(0, CANDIDATES_MAX), announced };
}

const CONFIDENCE = { title: 0.95, field: 0.78, work: 0.78 } as const;
const NEAR_CONFIDENCE = 0.75;
const ANNOUNCED_CONFIDENCE = 0.98;
const ERROR_CONFIDENCE = 0.79;
const SHARED_FACTOR = 0.88;
/** Words that may follow a title and leave it what it is: "rock splitter laborer". */
const GENERIC_BEHIND: ReadonlySet<string> = new Set([
  "laborer",
  "labor",
  "attendant",
  "technician",
  "specialist",
  "worker",
  "hand",
  "operator",
  "member",
]);
/** Of a title with a word around it that nobody knows: before it, and behind it. */
const STRANGE_BEFORE = 0.78;
/** The name of a field behind a word that nobody knows is a title that nobody knows. */
const FIELD_STRANGE_BEFORE = 0.55;
const STRANGE_BEHIND = 0.6;
/** Behind a title another word for somebody who does something: another title. */
const HEAD_BEHIND = 0.3;

function confidenceOf(claim: RoleClaim, view: RoleView, announced: boolean): number {
  const { form, roles } = claim.value;
  let confidence: number = form === "title" && announced ? ANNOUNCED_CONFIDENCE : CONFIDENCE[form];
  if ((claim.corrections?.length ?? 0) > 0) confidence = Math.min(confidence, ERROR_CONFIDENCE);
  if (claim.value.near) confidence = Math.min(confidence, NEAR_CONFIDENCE);
  if (roles.length > 1) confidence *= SHARED_FACTOR;
  return form === "work" ? confidence : confidence * surroundings(claim, view);
}

function surroundings(claim: RoleClaim, view: RoleView): number {
  const { tokens } = view;
  let factor = 1;
  const next = tokens[claim.to];
  const field = view.claims.some(
    (other) => other.kind === "role" && other.from === claim.to && other.value.form === "field",
  );
  // "AC installer supervisor", "traffic control operator".
  if (next !== undefined && field && isHead(view, next)) return HEAD_BEHIND;
  // "cook book editor", "nanny agency owner".
  const second = tokens[claim.to + 1];
  if (
    next !== undefined &&
    second !== undefined &&
    isPartOfTitle(view, claim.to) &&
    isStrangeHead(view, claim.to + 1)
  )
    return HEAD_BEHIND;
  const fieldOnly = claim.value.form === "field" && next !== undefined && !isHead(view, next);
  if (next !== undefined && next.kind === "word" && isStrange(view, claim.to) && !fieldOnly) {
    factor *= GENERIC_BEHIND.has(next.key)
      ? STRANGE_BEFORE
      : isHead(view, next)
        ? HEAD_BEHIND
        : next.capital && !(tokens[claim.to - 1]?.capital ?? false)
          ? 0.9
          : STRANGE_BEHIND;
  } else if (
    next !== undefined &&
    next.word === "of" &&
    view.lexicon.has(tokens[claim.to - 1]?.word ?? "", "head")
  )
    factor *= 0.7;
  const before = tokens[claim.from - 1];
  // "aircraft mechanic" is no car mechanic.
  if (before !== undefined && view.lexicon.has(before.word, "othertrade")) return HEAD_BEHIND;
  if (
    before !== undefined &&
    before.kind === "word" &&
    (isStrange(view, claim.from - 1) || narrows(view, claim))
  )
    factor *= claim.value.form === "field" ? FIELD_STRANGE_BEFORE : STRANGE_BEFORE;
  return factor;
}

/** A word that may stand between a title and the head of a longer one. */
function isPartOfTitle({ tokens, lexicon, claims }: RoleView, at: number): boolean {
  const token = tokens[at];
  if (token?.kind !== "word" || claims.some(({ from, to }) => from <= at && at < to)) return false;
  return (
    token.word === "book" || ["workplace", "common", "street"].some((kind) => lexicon.has(token.word, kind))
  );
}

function isStrangeHead({ tokens, lexicon, claims }: RoleView, at: number): boolean {
  const word = tokens[at]?.word ?? "";
  return (
    (/(?:[ao]logist|ian)$/.test(word) || lexicon.has(word, "head")) &&
    isHeadAlone(word, lexicon) &&
    !claims.some(({ from, to }) => from <= at && at < to)
  );
}

function isHeadAlone(word: string, lexicon: Lexicon): boolean {
  return !["filler", "modifier", "people", "lead", "common"].some((kind) => lexicon.has(word, kind));
}

/** Classes of words that may be part of a title; words of others stand between titles. */
const TITLE_CLASSES: ReadonlySet<string> = new Set([
  "common",
  "workplace",
  "namer",
  "measure",
  "head",
  "street",
  "noorder",
  "unit",
  "holiday",
  "phoneword",
  "idword",
  "minutes",
  "radius",
]);

/** "tax collector", "plant operator": a word of the language before a title makes another one of it. */
function narrows({ tokens, claims, lexicon }: RoleView, claim: RoleClaim): boolean {
  const at = claim.from - 1;
  const meanings = lexicon.meaningsOf(tokens[at]?.word ?? "");
  const over = claims.find(({ from, to }) => from <= at && at < to);
  // The name of a field that was not taken for the role is part of the title: "glycerine plant operator".
  if (over?.kind === "role" && over.value.form === "field") return true;
  if (meanings === undefined || over !== undefined) return false;
  const own = [...meanings.keys()];
  if (!own.every((kind) => TITLE_CLASSES.has(kind) || kind === "filler")) return false;
  if (meanings.has("filler") && !meanings.has("common")) return false;
  // "hotel cook" is a cook, "plant operator" may operate anything.
  const generic = claim.to === claim.from + 1 && lexicon.has(tokens[claim.from]?.key ?? "", "head");
  return generic || !meanings.has("workplace");
}

/** A word that nothing read and that no vocabulary has. */
function isStrange({ tokens, claims, lexicon }: RoleView, at: number): boolean {
  const token = tokens[at] as Token;
  if (claims.some(({ from, to }) => from <= at && at < to)) return false;
  const meanings = lexicon.meaningsOf(token.word);
  if (meanings === undefined) return token.word.length > 1;
  return meanings.has("head") && !["filler", "modifier", "people", "lead"].some((kind) => meanings.has(kind));
}

function isHead({ lexicon }: RoleView, { word, key }: Token): boolean {
  return lexicon.has(word, "head") || lexicon.has(key, "head") || /(?:er|or|ist|ian|ologist)$/.test(key);
}

const LEAD_REACH = 4;

function isAnnounced({ tokens, lexicon }: RoleView, claim: RoleClaim): boolean {
  for (let at = claim.from - 1; at >= 0 && at >= claim.from - LEAD_REACH; at--) {
    const token = tokens[at] as Token;
    if (lexicon.has(token.word, "lead")) return true;
    if (token.kind === "mark" && token.word !== "-") return false;
  }
  return false;
}

/** Tokens between a count and its role. */
const COUNT_REACH = 5;

/** Which count belongs to which role; under undefined one that belongs to none. */
function countsOf(
  view: RoleView,
  wanted: readonly RoleClaim[],
  used: Set<Claim>,
): Map<RoleClaim | undefined, number> {
  const { claims, denied, tokens } = view;
  const counts = new Map<RoleClaim | undefined, number>();
  const loose: Of<"count">[] = [];
  // Columns of a table are surer than what a number stands next to.
  const inRows = (claim: Claim): boolean => claim.kind === "count" && claim.value.inRow === true;
  const entries = [...claims.entries()];
  for (const [at, claim] of [
    ...entries.filter(([, one]) => inRows(one)),
    ...entries.filter(([, one]) => !inRows(one)),
  ]) {
    if (claim.kind !== "count" || claim.value.corrects === true) continue;
    const next = claims.slice(at + 1).find(({ kind }) => kind === "role" || kind === "count");
    const behind =
      next?.kind === "role" && next.from - claim.to <= COUNT_REACH && !breaks(tokens, claim.to, next.from)
        ? next
        : undefined;
    const before = claims.slice(0, at).findLast(({ kind }) => kind === "role" || kind === "count");
    const ahead = before?.kind === "role" && claim.from - before.to <= 1 ? before : undefined;
    // "cook x4": the number belongs to what stands before it when it is written so.
    const multiplied =
      tokens[claim.from]?.word === "x" ||
      tokens[claim.from]?.word === "×" ||
      tokens[claim.from]?.word === "(";
    const owner =
      claim.value.inRow === true
        ? inRow(view, claim, wanted)
        : multiplied
          ? ahead !== undefined && !counts.has(ahead)
            ? ahead
            : (behind ?? ahead)
          : (behind ?? ahead);
    // "no welders, 4 people": behind a mark the number is not of what is denied.
    if (owner !== undefined && denied.has(owner) && (owner === behind || claim.from === owner.to)) continue;
    if (owner === undefined || !wanted.includes(owner) || counts.has(owner)) {
      loose.push(claim);
      continue;
    }
    counts.set(owner, claim.value.count);
    used.add(claim);
  }
  for (const claim of claims) {
    if (claim.kind !== "count" || claim.value.each !== true) continue;
    for (const role of wanted) if (!counts.has(role)) counts.set(role, claim.value.count);
  }
  for (const claim of claims) {
    if (claim.kind !== "count" || claim.value.corrects !== true) continue;
    const owner = correctedOwner(claim, wanted);
    counts.set(owner, claim.value.count);
    used.add(claim);
  }
  const [first] = loose;
  if (first !== undefined) {
    const main = wanted[0];
    if (main !== undefined && !counts.has(main)) counts.set(main, first.value.count);
    else if (main === undefined) counts.set(undefined, first.value.count);
    if (main === undefined || counts.get(main) === first.value.count) used.add(first);
  }
  return counts;
}

/** The role of the row that a number stands in. */
function inRow(
  { tokens }: RoleView,
  count: Of<"count">,
  wanted: readonly RoleClaim[],
): RoleClaim | undefined {
  return wanted.find(({ from }) =>
    tokens.slice(Math.min(from, count.from), Math.max(from, count.from)).every(({ word }) => word !== "\n"),
  );
}

/** What a second thought is about: the role right behind it, else the last one before, else the order. */
function correctedOwner(count: Of<"count">, wanted: readonly RoleClaim[]): RoleClaim | undefined {
  const behind = wanted.find(({ from }) => from >= count.to && from - count.to <= 2);
  return (
    behind ?? wanted.findLast(({ to }) => to <= count.from) ?? wanted.find(({ from }) => from >= count.to)
  );
}

const BREAKS: ReadonlySet<string> = new Set([",", ";", "\n", "."]);

function breaks(tokens: readonly Token[], from: number, to: number): boolean {
  return tokens.slice(from, to).some(({ word, glued }) => BREAKS.has(word) || (word === "/" && !glued));
}

/** Requests for one role are one request. */
function merged(requests: readonly Request[]): Request[] {
  const byRole = new Map<string, Request>();
  for (const request of requests) {
    const before = byRole.get(request.role.name);
    if (before === undefined) byRole.set(request.role.name, request);
    else if (before.claim.value.form === "field" && request.claim.value.form === "title") {
      // "from the grill: 2 dishwashers and 1 line cook": the title is what is asked for, in its place.
      byRole.delete(request.role.name);
      byRole.set(request.role.name, request);
    } else if (request.count !== undefined) {
      const count = (before.count ?? 0) + request.count;
      byRole.set(request.role.name, { ...before, count });
    }
  }
  return [...byRole.values()];
}
