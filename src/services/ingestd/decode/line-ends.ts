// Line ends that no reader of tables knows, made into those that all do: two carriage returns before each line feed, as
// text that was written twice through a layer that adds them, and the line separators of mainframes and of Unicode in a
// text that has no other.

export type OddLineEnd = "\r\r\n" | "\u0085" | "\u2028";

/** The odd line ends of a text, by its beginning; undefined where they are the usual ones. */
export function oddLineEndOf(head: string): OddLineEnd | undefined {
  if (head.includes("\r\r\n")) return isEvery(head) ? "\r\r\n" : undefined;
  if (/[\n\r]/.test(head)) return undefined;
  if (head.includes("\u0085")) return "\u0085";
  return head.includes("\u2028") ? "\u2028" : undefined;
}

/** Whether all line feeds but the last, which may be that of a line without an end, have two carriage returns before them. */
function isEvery(head: string): boolean {
  const feeds = head.split("\n").slice(0, -1);
  return feeds.filter((line) => line.endsWith("\r\r")).length >= feeds.length - 1;
}

/** Replaces odd line ends in a text that comes in pieces; gives what is certain of it so far. */
export function lineEndMender(odd: OddLineEnd | undefined): (piece: string, last?: boolean) => string {
  if (odd === undefined) return (piece) => piece;
  if (odd !== "\r\r\n") return (piece) => piece.replaceAll(odd, "\n");
  let held = "";
  return (piece, last = false) => {
    const text = held + piece;
    const end = last ? text.length : text.length - (/\r{1,2}$/.exec(text)?.[0].length ?? 0);
    held = text.slice(end);
    return text.slice(0, end).replaceAll(odd, "\r\n");
  };
}
