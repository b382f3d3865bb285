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
const MARKED = /^[ \t]*>/m;
const HEADER = /^[ \t>]*(?:From|Sent|To|Cc|Bcc|Date|Reply-To|De|Para|Enviado|Fecha):[^\n]*$/gim;
/** A block of headers is two such lines in a row: "To: warehouse" alone may be anything. */
const BLOCK = /^[ \t>]*(?:From|De):[^\n]*\n[ \t>]*(?:Sent|To|Cc|Date|Para|Enviado|Fecha|Subject|Asunto):/im;
/** A line that takes leave, alone or before a name. */
const CLOSING =
  /^[ \t]*(?:--[ \t]?|(?:many )?(?:thanks|thank you|thx|ty|best|regards|best regards|kind regards|warm regards|warmly|cheers|sincerely|respectfully|cordially|gracias|saludos|atentamente|v\/r|r\/)(?:(?: so much| again| in advance| very much| a lot| everyone| all| team))?[ \t]*[,.!-]*[ \t]*)$/im;
/** Lines of a form that name who orders: a place at most. */
const CUSTOMER =
  /^[ \t]*(?:customer|client|company|account|acct|bill to|employer|contact|requested by|ordered by|submitted by|supervisor|report(?:s|ing)? to|poc|cliente|empresa)(?: name)?[ \t]*[:=][^\n]*$/gim;
/** Words before a closing line, so that "thanks" on the first line closes nothing. */
const ORDER_WORDS_MIN = 3;

/** The parts, in no order; they may overlap. */
export function letterParts(text: string): LetterPart[] {
  const parts: LetterPart[] = [];
  for (const { 0: run, index } of text.matchAll(ADDRESS))
    parts.push({ kind: "header", start: index, end: index + run.length });
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
  const starts = [wrote, block, DIVIDER.exec(text), MARKED.exec(text)].flatMap((found) =>
    found === null ? [] : [found.index],
  );
  const quoted = Math.min(text.length, ...starts);
  if (quoted < text.length) parts.push({ kind: "quoted", start: quoted, end: text.length });
  const own = text.slice(0, quoted);
  const closing = CLOSING.exec(own);
  if (closing !== null) {
    const start = closing.index + closing[0].length;
    const before = own.slice(0, closing.index).split(/\s+/).filter(Boolean).length;
    if (before >= ORDER_WORDS_MIN && start < quoted) parts.push({ kind: "signature", start, end: quoted });
  }
  return parts;
}
