// How much a word says, from how common it is in English and in the texts of staffing desks. Four short lists and a
// rule for numbers instead of counts over some corpus: the embedder keeps no state and must not drift. Frozen with
// the model's name.

import { lightStem } from "./fold.ts";

const FUNCTION_WORDS =
  "a an and any are as at be been but by can could did do does for from had has have he her here him his how i if in " +
  "into is it its just may me my no not of on or our out over please shall she should so some such than that the their " +
  "them then there these they this those to too up us was we were what when where which while who whom whose why will " +
  "with would you your s t d ll m re ve also am";

/** Words that every order or request has, and that tell no order from another. */
const ORDER_WORDS =
  "need want wanted looking look find fill short backfill asap cover send get urgent immediately shift start starting " +
  "begin available availability site client customer order request hour hr hourly pay rate wage week weekly day daily " +
  "month monthly year time full part temporary temp seasonal season work job position role opening people person " +
  "required require requirement experience experienced prefer must county city state near area location located " +
  "today peak peakload load intermittent occurrence duration ot overtime " +
  "tomorrow tonight monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri sat " +
  "sun january february march april june july august september october november december jan feb mar apr jun jul aug " +
  "sep sept oct nov dec pm night morning evening afternoon overnight x per each plus currently";

/** Words that end a hundred different titles: they help, but the word before them is the trade. */
const TITLE_WORDS =
  "worker laborer labor labourer operator helper assistant attendant technician tech specialist associate crew member " +
  "staff general aide clerk supervisor manager lead leader senior sr junior jr ii iii iv first line hand man men woman " +
  "women person personnel trainee apprentice level entry other all misc service services skilled unskilled semi team " +
  "agent representative professional expert coordinator officer";

/** Everyday English that is not a function word. */
const COMMON_WORDS =
  "able about above across after again against ago along already although always another around ask away back bad " +
  "because become before behind believe below best better between big both bring call came case change come complete " +
  "consider different done down during early easy end enough even ever every example face fact far feel few follow form " +
  "found four give given go going gone good got great group half happen hard help high hold however important include " +
  "increase interest keep kind know known large last late later least leave left less let life like likely little live " +
  "long lot made main make many matter mean might more most move much name never new next nothing now number off often " +
  "old once one only open own particular past place point possible present problem put question quite rather read real " +
  "really reason result right run said same saw say see seem seen sent set several show side since small something soon " +
  "still stop sure take taken tell ten thing think third though thought three through together told took toward true try " +
  "turn two type under until upon use used using usual very want way well went whether whole within without word world " +
  "write wrong yes yet young";

const WEIGHTS: ReadonlyMap<string, number> = new Map(
  [
    { words: COMMON_WORDS, weight: 0.4 },
    { words: TITLE_WORDS, weight: 0.4 },
    { words: ORDER_WORDS, weight: 0.08 },
    { words: FUNCTION_WORDS, weight: 0.02 },
  ].flatMap(({ words, weight }) =>
    words.split(" ").flatMap((word) => [word, lightStem(word)].map((key) => [key, weight] as const)),
  ),
);

const DIGITS = /^[0-9]+$/;

/** True for the words of the lists: they are spelt as they were meant. */
export function isListed(stem: string): boolean {
  return WEIGHTS.has(stem);
}

/** The weight of a folded word, from 0.02 for a function word to 1 for one that is in no list. */
export function weightOf(stem: string): number {
  const listed = WEIGHTS.get(stem);
  if (listed !== undefined) return listed;
  if (!DIGITS.test(stem)) return stem.length === 1 ? 0.2 : 1;
  // One or two digits are counts, hours and days, four are mostly years; longer ones name something.
  return stem.length <= 2 ? 0.04 : stem.length <= 4 ? 0.15 : 0.8;
}
