// What kind of file it is, by its first bytes and never by its name.

import { Fault } from "#rpc/fault";

/** Files that people send by mistake, with what to do instead. */
const FOREIGN: readonly [magic: string, advice: string][] = [
  ["%PDF", "a PDF: send the data that it was made from"],
  ["\u0089PNG", "a picture"],
  ["\u00ff\u00d8\u00ff", "a picture"],
  ["GIF8", "a picture"],
  ["II*\0", "a picture"],
  ["MM\0*", "a picture"],
  ["%!PS", "PostScript, which is made for printing: send the data that it was made from"],
  ["{\\rtf", "a document (RTF): send the data that it was made from"],
  ["SQLite format 3", "an SQLite database: export its tables as CSV"],
  ["Obj\u0001", "an Avro file: send Parquet, NDJSON or CSV"],
  ["ARROW1", "an Arrow file: send Parquet, NDJSON or CSV"],
  ["ORC", "an ORC file: send Parquet, NDJSON or CSV"],
  ["7z\u00bc\u00af", "a 7z archive: unpack it"],
  ["Rar!", "a RAR archive: unpack it"],
  ["\u007fELF", "a program"],
  ["MZ\u0090", "a program"],
  ["BZh", "packed with bzip2: gzip and zstd are unpacked here"],
  ["\u00fd7zXZ", "packed with xz: gzip and zstd are unpacked here"],
];

/**
 * Before decoding: Parquet, a ZIP archive (as a workbook is one), a compound file (as old workbooks are), or something
 * that is no table at all. Undefined for what may be text.
 */
export function binaryFormat(head: Buffer): "parquet" | "zip" | "compound" | undefined {
  const start = head.toString("latin1", 0, 16);
  if (start.startsWith("PAR1")) return "parquet";
  if (start.startsWith("PK\u0003\u0004") || start.startsWith("PK\u0005\u0006")) return "zip";
  if (start.startsWith("\u00d0\u00cf\u0011\u00e0")) return "compound";
  if (start.startsWith("PARE"))
    throw new Fault("invalid", "The Parquet file is encrypted: send it in the clear.");
  for (const [magic, advice] of FOREIGN) {
    if (start.startsWith(magic)) throw new Fault("invalid", `The file is ${advice}.`);
  }
  return undefined;
}

/** Comments above a JSON value that are looked through. */
const COMMENT_CHARS_MAX = 4096;

const HTML =
  /^<(?:!doctype html|html|head|title|link|meta|body|table|thead|tbody|tr|div|p|span|pre|h[1-6]|ul|ol|form|style|script|font|center)[\s>/]/i;
const XML = /^<(?:\?xml|!--|[a-z][\w.-]*:[\w.-]+)[\s>?]/i;

/** An element with attributes, or one that is closed further down: a header may stand in the same brackets, <TICKER>,<DATE>. */
function isElement(text: string): boolean {
  const [, name, attributes] = /^<([a-z][\w.-]*)(\s+[\w:.-]+\s*=\s*["'][^>]*)?\s*\/?>/i.exec(text) ?? [];
  return name !== undefined && (attributes !== undefined || text.includes(`</${name}>`));
}

/** A page that was saved under the name of a workbook. Throws `invalid` for what is markup and no table of text. */
function refuseMarkup(text: string): void {
  if (HTML.test(text))
    throw new Fault(
      "invalid",
      "The file is HTML, whatever its name says: open it in a spreadsheet and save it as CSV or XLSX.",
    );
  if (XML.test(text) || isElement(text))
    throw new Fault(
      "invalid",
      "The file is XML: open it in a spreadsheet and save it as CSV or XLSX, or send JSON.",
    );
}

/** Blanks, and the mark with which each value of a JSON text sequence begins (RFC 7464). */
// oxlint-disable-next-line no-control-regex
const BEFORE_JSON = /^[\s\ufeff]*\u001e?\s*(?=[[{])|^\s+/;

/** What a text is. A first line that is an object of its own means NDJSON. Throws `invalid` for markup. */
export function textFormat(head: string): "csv" | "json" | "ndjson" {
  const text = head.replace(BEFORE_JSON, "");
  refuseMarkup(text);
  const first = text.slice(0, text.indexOf("\n") < 0 ? undefined : text.indexOf("\n")).trim();
  if (text.startsWith("{")) {
    if (isJson(first)) return "ndjson";
    return /^\{\s*("|\}|$)/.test(text) ? (looksCutOff(first, text) ? "ndjson" : "json") : "csv";
  }
  if (/^\[\s*\{/.test(text)) return "json";
  if (areArraysOfValues(text)) return "ndjson";
  if (text.startsWith("["))
    return /^\[\s*([["\]\d-]|$)/.test(text) && !/^\[[^\]]*\][^,\s\]]/.test(text) ? "json" : "csv";
  if (/^(?:\/\/[^\n]*\s+|\/\*[^]*?\*\/\s*)+[[{]\s*["{[]/.test(text.slice(0, COMMENT_CHARS_MAX)))
    throw new Fault("invalid", "The file is JSON with comments: take them out.");
  return "csv";
}

/** Whether the first two lines are arrays of values, as many each: rows, and no members of one. */
function areArraysOfValues(text: string): boolean {
  const [one, other] = text.split("\n", 2).map((line) => {
    const value: unknown = line.trim().startsWith("[") && isJson(line) ? JSON.parse(line) : undefined;
    return Array.isArray(value) && !value.some((member) => typeof member === "object" && member !== null)
      ? value.length
      : 0;
  });
  return one !== undefined && one > 1 && one === other;
}

/** A first line that is damaged, above others that are objects. */
function looksCutOff(first: string, text: string): boolean {
  const lines = text.split("\n").slice(1, 6);
  return first.length > 2 && lines.some((line) => line.trimStart().startsWith("{") && isJson(line.trim()));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
