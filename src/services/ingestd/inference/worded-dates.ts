// Dates whose month is a word, in the languages of the offices whose files come: 5 de enero de 2024, 05-ene-24,
// 12 févr. 2024, 3. März 2024, Fri, 05 Jan 2024, January 5th, 2024; and the same with a time behind. The pattern is the
// same in JavaScript and in RE2; the SQL gives the day as `5 1 2024`, which strptime reads.

/** Words for each month: English, Spanish, French, German, Portuguese, Italian, Dutch; the short ones may end in a point. */
const MONTHS: readonly string[] = [
  "january|jan|enero|ene|janvier|janv|januar|j[äa]nner|jän|janeiro|gennaio|gen|januari",
  "february|feb|febrero|f[ée]vrier|f[ée]vr|fév|februar|fevereiro|fev|febbraio|februari",
  "march|mar|marzo|mars|märz|maerz|mär|mrz|março|maart|mrt",
  "april|apr|abril|abr|avril|avr|aprile",
  "may|mayo|mai|maio|maggio|mag|mei",
  "june|jun|junio|juin|juni|junho|giugno|giu",
  "july|jul|julio|juillet|juil|juli|julho|luglio|lug",
  "august|aug|agosto|ago|ao[ûu]t|augustus",
  "september|sept|sep|septiembre|setiembre|septembre|setembro|settembre|set",
  "october|oct|octubre|octobre|oktober|okt|outubro|out|ottobre|ott",
  "november|nov|noviembre|novembre|novembro",
  "december|dec|diciembre|dic|d[ée]cembre|déc|dezember|dez|dezembro|dicembre",
];

const WEEKDAYS =
  "mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day|" +
  "lun|mar|mi[ée]|jue|vie|s[áa]b|dom|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|" +
  "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|" +
  "(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch";

const MONTH = `(?:${MONTHS.join("|")})\\.?`;
const DAY = "[0-9]{1,2}(?:st|nd|rd|th|er|[.º°])?";
const YEAR = "(?:[0-9]{4}|[0-9]{2})";
const OF = "(?: | de | of | d[’'])";
/** `5 January 2024` in any of the ways that are known here. */
export const WORDED_DATE =
  `(?:(?:${WEEKDAYS})\\.?,? )?` +
  `(?:${DAY}(?:${OF}${MONTH}(?:,? | de | del )[0-9]{4}| ${MONTH} ${YEAR}|-${MONTH}-${YEAR}|/${MONTH}/${YEAR})|` +
  `${MONTH} {1,2}${DAY},?(?: | de | del )[0-9]{4})`;

/** Whether its year has two digits, for RE2 and JavaScript. */
export const WORDED_SHORT_YEAR = "^[0-9]{1,2}[^ /-]{0,2}[ /-][^0-9 /-]+[ /-][0-9]{2}(?:[, ]|$)";

/** What a date may start with that starts with a word: the whole word, so that Maria and Monica are none. */
export const WORDED_BEGINNING = `(?:${MONTHS.join("|")}|${WEEKDAYS})[., ]`;

/** Words whose first two letters are those of all such words without an accent in them. */
export const WORDED_BEGINNINGS: readonly string[] = [
  ...MONTHS.flatMap((words) => words.split("|").filter((word) => /^[a-z]+$/.test(word))),
  ..."mon tue wed thu fri sat sun lun mie jue vie dom die don sam son mit".split(" "),
];

/** By their first three letters, without accents; juin and juillet are told apart before. */
const NUMBERS: readonly string[] = [
  "jan ene gen",
  "feb fev",
  "mar mrz mrt maa mae",
  "apr abr avr",
  "may mai mag mei",
  "jun giu",
  "jul lug",
  "aug ago aou",
  "sep set",
  "oct okt out ott",
  "nov",
  "dec dic dez",
];

/** The day as `5 1 2024` or `5 1 24`, of a text that `WORDED_DATE` matches at its beginning. */
export function wordedDaySql(text: string): string {
  const plain = `regexp_replace(strip_accents(lower(${text})), ' (?:de|del|of|d.)\\b', ' ', 'g')`;
  const behindDay = `regexp_extract(${plain}, '[0-9][^0-9 /-]{0,2}[ /-]+([a-z]{3,})', 1)`;
  const beforeDay = `regexp_extract(${plain}, '([a-z]{3,})[.]? +[0-9]', 1)`;
  const word = `coalesce(nullif(${behindDay}, ''), ${beforeDay})`;
  const cases = NUMBERS.flatMap((words, index) =>
    words.split(" ").map((start) => `WHEN '${start}' THEN '${index + 1}'`),
  );
  const month = `CASE left(replace(replace(${word}, 'juin', 'jun'), 'juil', 'jul'), 3) ${cases.join(" ")} END`;
  const numbers = `regexp_extract_all(${plain}, '[0-9]+')`;
  return `(${numbers}[1] || ' ' || ${month} || ' ' || ${numbers}[2])`;
}
