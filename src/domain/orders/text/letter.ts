// The parts of a message that are not the order itself: addresses of mail and of pages, lines of headers, the signature,
// and what a reply quotes. Found by the lines of the text alone; linear in it.

export interface LetterPart {
  /** `header`: who wrote to whom, addresses; `signature`: who writes; `quoted`: what was written before. */
  readonly kind: "header" | "signature" | "quoted";
  /** In the text, end exclusive. */
  readonly start: number;
  readonly end: number;
}

const ADDRESS = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}|(?:https?:\/\/|www\.)\S{1,300}/g;
/** "On Thu, Nov 26, 2026 at 4:12 PM Dana <...> wrote:", "El jue, 26 nov 2026 Dana escribió:". */
const WROTE = /^[ \t>]*(?:On|El)\b[^\n]{4,200}(?:\n[ \t>]*[^\n]{0,80})?\b(?:wrote|escribi[oó])\s*:[ \t]*$/im;
/** "-----Original Message-----", "---------- Forwarded message ---------", "Begin forwarded message:". */
const DIVIDER = /^[ \t]*(?:[-_]{3,}[^\n_-]{0,40}(?:[-_]{3,})?|Begin forwarded message:)[ \t]*$/im;
const MARKED = /^[ \t]*>[^\n]*$/gm;
const HEADER = /^[ \t>]*(?:From|Sent|To|Cc|Bcc|Date|Reply-To|De|Para|Enviado|Fecha):[^\n]*$/gim;
/** A block of headers is two such lines in a row: "To: warehouse" alone may be anything. */
const BLOCK = /^[ \t>]*(?:From|De):[^\n]*\n[ \t>]*(?:Sent|To|Cc|Date|Para|Enviado|Fecha|Subject|Asunto):/im;
/** A line that takes leave, alone or before a name. */
const CLOSING =
  /^[ \t]*(?:--[ \t]?|(?:many )?(?:thanks|thank you|thx|ty|best|regards|best regards|kind regards|warm regards|warmly|cheers|sincerely|respectfully|cordially|gracias|saludos|atentamente|v\/r|r\/)(?:(?: so much| again| in advance| very much| a lot| everyone| all| team))?[ \t]*[,.!-]*[ \t]*)$/im;
/** Lines of a form that name who orders: a place at most. */
const CUSTOMER =
  /^[ \t]*(?:customer|client|company|account|acct|bill to|employer|contact|requested by|ordered by|submitted by|supervisor|report(?:s|ing)? to|poc|cliente|empresa)(?: name)?[ \t]*[:=][^\n]*$/gim;
/** "[11/27/26, 8:14 AM] Luis:", "27/11/26, 08:14 - Luis:": who wrote when, as a chat is exported. */
const CHAT =
  /^[ \t]*\[?\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]\.?\s?m\.?)?(?:\]|\s?[-–])\s?[^\n:]{1,40}:/gim;
/** "[11/27, 8:14 AM] Luis:", "[8:14] Luis:": in brackets the year or the day may be left out. */
const BRACKETED_CHAT =
  /^[ \t]*\[(?:\d{1,2}[./-]\d{1,2},? )?\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]\.?\s?m\.?)?\]\s?[^\n:]{1,40}:/gim;
/** "Dispatcher: ... Caller: ...": who speaks, where it is said more than once. */
const SPEAKER =
  /\b(?:agent|caller|client|customer|dispatcher|dispatch|foreman|manager|operator|receptionist|recruiter|rep|supervisor|coordinator)[ \t]{0,2}:/gi;
const SPEAKERS_MIN = 2;

/** Words before a closing line, so that "thanks" on the first line closes nothing. */
const ORDER_WORDS_MIN = 3;

/** The parts, in no order; they may overlap. */
export function letterParts(text: string): LetterPart[] {
  const parts: LetterPart[] = [];
  for (const { 0: run, index } of text.matchAll(ADDRESS))
    parts.push({ kind: "header", start: index, end: index + run.length });
  if (text.includes(":")) parts.push(...speakersIn(text));
  if (!text.includes("\n")) return parts;
  for (const { 0: line, index } of text.matchAll(CUSTOMER))
    parts.push({ kind: "signature", start: index, end: index + line.length });
  const wrote = WROTE.exec(text);
  if (wrote !== null) parts.push({ kind: "header", start: wrote.index, end: wrote.index + wrote[0].length });
  const block = BLOCK.exec(text);
  if (block !== null) {
    for (const { 0: line, index } of text.matchAll(HEADER))
      if (index >= block.index) parts.push({ kind: "header", start: index, end: index + line.length });
  }
  const divider = DIVIDER.exec(text);
  const marked = [...text.matchAll(MARKED)];
  const [first, last] = [marked[0], marked.at(-1)];
  const starts = [wrote, block, divider, first].flatMap((found) => (found ? [found.index] : []));
  const start = Math.min(text.length, ...starts);
  // An answer may stand below what it quotes, where marks tell the two apart.
  const end =
    last !== undefined && block === null && divider === null ? last.index + last[0].length : text.length;
  if (start < text.length) parts.push({ kind: "quoted", start, end });
  parts.push(...signatureIn(text, 0, start), ...signatureIn(text, end, text.length));
  return parts;
}

/** Who writes, behind the line that takes leave. */
function signatureIn(text: string, from: number, to: number): LetterPart[] {
  const own = text.slice(from, to);
  const closing = CLOSING.exec(own);
  if (closing === null) return [];
  const start = from + closing.index + closing[0].length;
  const before = own.slice(0, closing.index).split(/\s+/).filter(Boolean).length;
  return before >= ORDER_WORDS_MIN && start < to ? [{ kind: "signature", start, end: to }] : [];
}

/** Who says what, in a chat and in what was written down of a call. */
function speakersIn(text: string): LetterPart[] {
  const parts: LetterPart[] = [];
  for (const said of [CHAT, BRACKETED_CHAT])
    for (const { 0: run, index } of text.matchAll(said))
      parts.push({ kind: "header", start: index, end: index + run.length });
  const speakers = [...text.matchAll(SPEAKER)];
  // "Supervisor: 1, operator: 4" counts; who talks takes turns.
  const names = new Set(speakers.map(([name]) => name.toLowerCase())).size;
  if (names >= SPEAKERS_MIN && speakers.length >= 2 * names - 1)
    for (const { 0: run, index } of speakers)
      parts.push({ kind: "header", start: index, end: index + run.length });
  return parts;
}
