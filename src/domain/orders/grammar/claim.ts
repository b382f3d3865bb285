// What a stretch of tokens may say: a claim. Recognisers make claims without regard for each other; many overlap. Which
// of them hold is decided once, over the text as a whole (`choose.ts`), so that a role word is never part of a city
// and a year never a headcount.

import type { Role } from "../../roles.ts";
import type { County, Place, PostalPlace } from "../places/gazetteer.ts";

/** A word that was read as another one. */
export interface Correction {
  readonly typed: string;
  readonly read: string;
}

export interface RoleValue {
  /** The role it most likely is, and the others it may be. */
  readonly roles: readonly Role[];
  /** A title proper, the name of a field ("warehouse"), or a description of the work. */
  readonly form: "title" | "field" | "work";
  /** A title of an occupation beside the role's: it is the nearest role, and never sure. */
  readonly near: boolean;
}

export interface PlaceValue {
  /** A place of one's own, by its name. */
  readonly site?: string;
  readonly city?: string;
  readonly state?: string;
  /** The city as the gazetteer has it. */
  readonly known?: Place | undefined;
  readonly ambiguous?: boolean;
  readonly postal?: PostalPlace | undefined;
  readonly postalCode?: string;
  readonly county?: County;
  readonly metro?: string;
}

/** Hours after midnight as they were said. */
export interface Clock {
  /** Minutes after midnight; of an hour without a half of the day, before noon. */
  readonly minutes: number;
  /** It needs no half of the day: "6am", "14:30", "noon". */
  readonly sure: boolean;
  /** Nothing but a number of hours, which may count anything. */
  readonly bare?: boolean;
}

export type Day =
  | { readonly kind: "date"; readonly year?: number; readonly month: number; readonly day: number }
  | { readonly kind: "day of month"; readonly day: number }
  | { readonly kind: "weekday"; readonly weekday: number; readonly next?: boolean; readonly weeks?: number }
  | { readonly kind: "ahead"; readonly days: number }
  | { readonly kind: "months ahead"; readonly months: number }
  | { readonly kind: "week" | "weekend" | "month"; readonly ahead: number }
  | { readonly kind: "month end" }
  | { readonly kind: "week end"; readonly ahead: number }
  | { readonly kind: "easter"; readonly plus: number }
  | { readonly kind: "shifted"; readonly day: Day; readonly days: number }
  | {
      readonly kind: "nth weekday";
      readonly month: number;
      readonly weekday: number;
      readonly nth: number;
      readonly plus?: number;
    };

export interface PayValue {
  readonly pay?: number;
  readonly max?: number;
  readonly unit?: string;
}

/** What a claim says, by its kind. */
export interface Meanings {
  role: RoleValue;
  place: PlaceValue;
  radius: { readonly miles: number };
  /**
   * `corrects`: it takes the place of a number that was said before, "make that 4"; `each`: of every role, "3 each";
   * `inRow`: of the role that stands in the same row of a table.
   */
  count: {
    readonly count: number;
    readonly corrects?: true;
    readonly each?: true;
    readonly inRow?: true;
  };
  /** `lasts` says how many days there are, from the first to the last; `corrects` that another day was said before. */
  day: { readonly from?: Day; readonly until?: Day; readonly lasts?: number; readonly corrects?: true };
  weekdays: { readonly days: readonly number[]; readonly from?: Day };
  clock: Clock;
  hours: { readonly from: Clock; readonly to: Clock };
  shift: { readonly name: "1st" | "2nd" | "3rd" | "night" | "weekend" };
  pay: PayValue;
  certificate: { readonly name: string };
  language: { readonly code: string };
  status: { readonly status: string };
  urgent: object;
  person: { readonly name?: string; readonly id?: string };
  /** Words that deny what stands next to them: `after` denies what comes, else what came before. */
  negation: { readonly after: boolean };
  /** "... experience": what stands before it is something to have done and not the job. */
  experience: object;
  /** Numbers and names that are none of the above: a dock, an age, a telephone. */
  aside: object;
  /** Greetings, signatures, subjects: they belong to the letter and not to the order. */
  courtesy: object;
  /** Words that speak for the text being an order, or against it (negative). */
  purpose: { readonly order: number };
}

export type Kind = keyof Meanings;

interface ClaimOf<K extends Kind> {
  readonly kind: K;
  readonly value: Meanings[K];
  /** Tokens, end exclusive. */
  readonly from: number;
  readonly to: number;
  /** How much speaks for it; about 3 for one word that hardly means anything else. */
  readonly weight: number;
  readonly corrections?: readonly Correction[];
}

export type Claim = { [K in Kind]: ClaimOf<K> }[Kind];
export type Of<K extends Kind> = ClaimOf<K>;
