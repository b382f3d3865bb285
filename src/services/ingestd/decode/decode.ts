// From whatever bytes came in to one file of UTF-8 without a byte order mark: unpacked, transcoded, and named.
// A file that is UTF-8 already is used in place. Everything streams: memory does not grow with the file.

import { isAscii, isUtf8 } from "node:buffer";
import { stat } from "node:fs/promises";
import { Fault } from "#rpc/fault";
import { charsetOf } from "./charset.ts";
import { chunksOf, readHead, textOf, written } from "./files.ts";
import { lineEndMender, type OddLineEnd, oddLineEndOf } from "./line-ends.ts";
import { textDecoder } from "./text-decoder.ts";

export interface Decoded {
  readonly path: string;
  readonly bytes: number;
  /** As in the Encoding Standard: `utf-8`, `utf-16le`, `windows-1252`, ... */
  readonly encoding: string;
  readonly evidence: readonly string[];
  readonly warnings: readonly string[];
  /** Somewhere there is a NUL, which no engine keeps in a text. */
  readonly hasNul: boolean;
}

/** Text beyond ASCII that is looked at to find its encoding. */
const CHARSET_SAMPLE_BYTES = 256 * 1024;
/** A file with so few lines that are not UTF-8 is UTF-8 with some foreign lines in it. */
const FOREIGN_LINES_SHARE_MAX = 0.1;

/** Below this an encoding is a guess, and said to be one. */
const PLAUSIBLE_MIN = 0.6;

interface Before {
  /** The file was seen to be UTF-8, without a NUL. */
  readonly plain?: boolean;
  /** What somebody says that it is; UTF-8 with some foreign lines in it is that, too. */
  readonly encoding?: string | undefined;
}

/** The file as UTF-8; written to `to` unless it is that already. */
export async function decode(
  path: string,
  to: string,
  { plain = false, encoding }: Before = {},
): Promise<Decoded> {
  const { size } = await stat(path);
  const head = await readHead(path);
  refuseUtf32(head);
  const bom = bomOf(head);
  const start = bom?.bytes ?? 0;
  if (encoding !== undefined && encoding !== "utf-8") {
    if (!encoding.startsWith("utf-16") && isBinary(head)) throw binaryFault();
    return transcode(path, to, encoding, start, [`${encoding}: as was asked for`]);
  }
  const wide = encoding === undefined && bom === undefined ? wideOf(head) : undefined;
  if (wide !== undefined) return transcode(path, to, wide, 0, [`${wide}: every other byte is zero`]);
  if (encoding === undefined && bom !== undefined && bom.encoding !== "utf-8")
    return transcode(path, to, bom.encoding, start, [`${bom.encoding}: the byte order mark says so`]);
  if (isBinary(head)) throw binaryFault();
  const survey = plain ? PLAIN : await surveyOf(path);
  if (survey.foreignLines === 0) {
    const { hasNul } = survey;
    if (bom !== undefined) return transcode(path, to, "utf-8", start, ["utf-8: the byte order mark says so"]);
    if (oddLineEndOf(head.toString()) !== undefined) return transcode(path, to, "utf-8", start, []);
    return { path, bytes: size, encoding: "utf-8", evidence: [], warnings: [], hasNul };
  }
  const { label, plausibility } = charsetOf(survey.sample);
  const western = label === "windows-1252" && plausibility >= PLAUSIBLE_MIN;
  if (isMixed(survey, western)) return repairLines(path, to, start, survey.foreignLines);
  if (encoding !== undefined) return transcode(path, to, "utf-8", start, ["utf-8: as was asked for"]);
  const percent = Math.round(plausibility * 100);
  const evidence = [
    `${label}: not UTF-8, and read so ${percent} % of the characters beyond ASCII are everyday ones`,
  ];
  const warnings =
    plausibility < PLAUSIBLE_MIN
      ? [`The encoding is a guess (${label}): look at the letters with accents.`]
      : [];
  const decoded = await transcode(path, to, label, start, evidence);
  return { ...decoded, warnings: [...warnings, ...decoded.warnings] };
}

/**
 * Whether lines of another encoding were joined to lines of UTF-8. Letters of windows-1252 that are UTF-8 by chance, as in
 * Ã©, are no text of anybody's; two bytes of an Asian encoding may be.
 */
function isMixed({ multiByteLines, foreignLines }: Survey, western: boolean): boolean {
  if (multiByteLines === 0) return false;
  return western || foreignLines <= multiByteLines * FOREIGN_LINES_SHARE_MAX;
}

/** Control characters other than those of text: more than one, and more than so many of the first bytes, is no text. */
const CONTROLS_SHARE_MAX = 0.01;

/** Control characters that are made to separate fields and records; 0x01 is the one of Hive. */
const SEPARATORS: ReadonlySet<number> = new Set([0x01, 0x1c, 0x1d, 0x1e, 0x1f]);

/** Cells of a fixed size may be filled up with NULs; a text has not more of them. */
const NUL_SHARE_MAX = 0.3;

function isBinary(head: Buffer): boolean {
  const isText = isUtf8Head(head);
  const nuls = head.reduce((total, byte) => total + Number(byte === 0), 0);
  const padded = isText && nuls < head.length * NUL_SHARE_MAX;
  const separators = new Set<number>();
  let controls = 0;
  for (const byte of head) {
    if (SEPARATORS.has(byte)) separators.add(byte);
    else if (padded && byte === 0) continue;
    else if (byte < 9 || (byte > 13 && byte < 26) || (byte > 27 && byte < 32)) controls += 1;
  }
  // What is no text has separators of every kind.
  if (separators.size > 2 || (separators.size > 1 && !isText)) controls += head.length;
  return controls > Math.max(1, head.length * CONTROLS_SHARE_MAX) || (controls === 1 && !isText);
}

/** Whether the bytes are UTF-8, but for a character that is cut off at their end. */
function isUtf8Head(head: Buffer): boolean {
  for (let cut = 0; cut < 4; cut += 1) if (isUtf8(head.subarray(0, head.length - cut))) return true;
  return false;
}

function binaryFault(): Fault {
  return new Fault(
    "invalid",
    "The file is not text: CSV, NDJSON, JSON and Parquet are read here, also as gzip or zstd.",
  );
}

/** UTF-32 has a mark that begins like that of UTF-16, and no decoder here. */
function refuseUtf32(head: Buffer): void {
  const start = head.toString("latin1", 0, 4);
  if (start === "\u00ff\u00fe\0\0" || start === "\0\0\u00fe\u00ff")
    throw new Fault("invalid", "The file is UTF-32: save it as UTF-8 or UTF-16.");
}

function bomOf(head: Buffer): { encoding: string; bytes: number } | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: "utf-8", bytes: 3 };
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: "utf-16le", bytes: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: "utf-16be", bytes: 2 };
  return undefined;
}

/** UTF-16 without a mark: where text is mostly ASCII, one byte of each pair is zero. */
function wideOf(head: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (head.length < 4) return undefined;
  const zeros = [0, 0];
  for (let at = 0; at < head.length; at += 1) if (head[at] === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const half = head.length / 2;
  if (odd > half * 0.6 && even < half * 0.05) return "utf-16le";
  if (even > half * 0.6 && odd < half * 0.05) return "utf-16be";
  return undefined;
}

interface Survey {
  /** Lines that are not UTF-8, and those that are and go beyond ASCII. */
  readonly foreignLines: number;
  readonly multiByteLines: number;
  /** Foreign lines, joined. */
  readonly sample: Uint8Array;
  readonly hasNul: boolean;
}

const PLAIN: Survey = { foreignLines: 0, multiByteLines: 0, sample: new Uint8Array(0), hasNul: false };

/** Reads the file once. A chunk that is UTF-8 costs microseconds; only the others are looked at line by line. */
async function surveyOf(path: string): Promise<Survey> {
  let foreignLines = 0;
  let multiByteLines = 0;
  let hasNul = false;
  let sampled = 0;
  const sample: Uint8Array[] = [];
  for await (const lines of lineChunks(path)) {
    hasNul ||= lines.includes(0);
    if (isUtf8(lines)) {
      // Counted only while it matters: against foreign lines in the same file.
      if (multiByteLines < 1000) multiByteLines += countLinesBeyondAscii(lines);
      continue;
    }
    for (const line of linesIn(lines)) {
      if (isUtf8(line)) {
        if (!isAscii(line)) multiByteLines += 1;
        continue;
      }
      foreignLines += 1;
      if (sampled < CHARSET_SAMPLE_BYTES) {
        sample.push(Uint8Array.from(line.subarray(0, CHARSET_SAMPLE_BYTES)));
        sampled += line.length;
      }
    }
  }
  return { foreignLines, multiByteLines, sample: Buffer.concat(sample), hasNul };
}

function countLinesBeyondAscii(lines: Buffer): number {
  if (isAscii(lines)) return 0;
  let total = 0;
  for (const line of linesIn(lines)) if (!isAscii(line)) total += 1;
  return total;
}

/** Chunks that end with a line, so that no character is cut; a line longer than a chunk comes whole. */
async function* lineChunks(path: string, from = 0): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunksOf(path, from)) {
    const end = Math.max(chunk.lastIndexOf(10), chunk.lastIndexOf(13)) + 1;
    if (end === 0) {
      rest = Buffer.concat([rest, chunk]);
      if (rest.length > LINE_BYTES_MAX) {
        yield rest;
        rest = Buffer.alloc(0);
      }
      continue;
    }
    yield rest.length === 0 ? chunk.subarray(0, end) : Buffer.concat([rest, chunk.subarray(0, end)]);
    rest = Buffer.from(chunk.subarray(end));
  }
  if (rest.length > 0) yield rest;
}

/** A line that is longer is cut: what is read from it is refused further on. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;

function* linesIn(lines: Buffer): Generator<Buffer> {
  for (let at = 0; at < lines.length;) {
    const feed = lines.indexOf(10, at);
    const end = feed < 0 ? lines.length : feed + 1;
    yield lines.subarray(at, end);
    at = end;
  }
}

async function transcode(
  path: string,
  to: string,
  encoding: string,
  from: number,
  evidence: readonly string[],
): Promise<Decoded> {
  let replaced = 0;
  let hasNul = false;
  const odd = oddLineEndOf(textDecoder(encoding).decode(await readHead(path)));
  const mended = lineEndMender(odd);
  const bytes = await written(to, async (write) => {
    for await (const text of textOf(path, encoding, from)) {
      for (let at = text.indexOf("\ufffd"); at >= 0; at = text.indexOf("\ufffd", at + 1)) replaced += 1;
      hasNul ||= text.includes("\0");
      await write(mended(text));
    }
    await write(mended("", true));
  });
  const warnings = replaced === 0 ? [] : [`${replaced} characters are not ${encoding} and became \ufffd.`];
  const ends = odd === undefined ? [] : [`lines end with ${LINE_ENDS[odd]}`];
  return { path: to, bytes, encoding, evidence: [...evidence, ...ends], warnings, hasNul };
}

const LINE_ENDS: Readonly<Record<OddLineEnd, string>> = {
  "\r\r\n": "two carriage returns and a line feed",
  "\u0085": "NEL, U+0085",
  "\u2028": "the line separator U+2028",
};

/** UTF-8 with some lines of another encoding in it, as when files are joined: those lines are read as windows-1252. */
async function repairLines(path: string, to: string, from: number, foreignLines: number): Promise<Decoded> {
  const western = new TextDecoder("windows-1252");
  let hasNul = false;
  const bytes = await written(to, async (write) => {
    for await (const lines of lineChunks(path, from)) {
      hasNul ||= lines.includes(0);
      if (isUtf8(lines)) await write(Buffer.from(lines));
      else
        for (const line of linesIn(lines))
          await write(isUtf8(line) ? Buffer.from(line) : western.decode(line));
    }
  });
  return {
    path: to,
    bytes,
    encoding: "utf-8",
    evidence: [`utf-8, but for ${foreignLines} lines`],
    warnings: [`${foreignLines} lines are not UTF-8 and were read as windows-1252.`],
    hasNul,
  };
}
