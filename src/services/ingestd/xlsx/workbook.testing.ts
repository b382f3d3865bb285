// Workbooks for tests: cells, formats and merged ranges as Office Open XML, packed into a ZIP archive.

import { crc32, deflateRawSync } from "node:zlib";

/** A value, or one with a number format, a formula, or a type of its own. */
export type TestCell =
  | string
  | number
  | boolean
  | null
  | {
      readonly v?: string | number | boolean;
      readonly format?: string;
      readonly f?: string;
      /** As `t` in the file: `e`, `d`, `str`. */
      readonly t?: string;
    };

export interface TestSheet {
  readonly name: string;
  readonly rows: readonly (readonly TestCell[] | undefined)[];
  readonly state?: "hidden" | "veryHidden";
  readonly merges?: readonly string[];
}

export interface TestWorkbook {
  readonly sheets: readonly TestSheet[];
  readonly since1904?: boolean;
  /** Texts in a table of their own, as Excel has them; in their cells otherwise. */
  readonly sharedStrings?: boolean;
}

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships";

export function escaped(text: string): string {
  return text
    .replace(/_(?=x[0-9A-Fa-f]{4})/g, "_x005F_")
    .replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replaceAll("\r", "_x000D_");
}

function placeOf(column: number, row: number): string {
  let name = "";
  for (let left = column + 1; left > 0; left = Math.floor((left - 1) / 26))
    name = String.fromCharCode(65 + ((left - 1) % 26)) + name;
  return `${name}${row}`;
}

export function workbookBytes({
  sheets,
  since1904 = false,
  sharedStrings = true,
}: TestWorkbook): Uint8Array<ArrayBuffer> {
  const formats: string[] = ["General"];
  const strings = new Map<string, number>();
  const cellXml = (cell: TestCell, place: string): string => {
    if (cell === null) return "";
    const { v, format = "General", f, t } = typeof cell === "object" ? cell : { v: cell };
    if (!formats.includes(format)) formats.push(format);
    const style = formats.indexOf(format);
    const formula = f === undefined ? "" : `<f>${escaped(f)}</f>`;
    const open = `<c r="${place}"${style === 0 ? "" : ` s="${style}"`}`;
    if (v === undefined) return `${open}>${formula}</c>`;
    if (typeof v === "boolean") return `${open} t="b">${formula}<v>${v ? 1 : 0}</v></c>`;
    if (typeof v === "number") return `${open}>${formula}<v>${v}</v></c>`;
    if (t !== undefined || f !== undefined)
      return `${open} t="${t ?? "str"}">${formula}<v>${escaped(v)}</v></c>`;
    const space = 'xml:space="preserve"';
    if (!sharedStrings) return `${open} t="inlineStr"><is><t ${space}>${escaped(v)}</t></is></c>`;
    if (!strings.has(v)) strings.set(v, strings.size);
    return `${open} t="s"><v>${strings.get(v)}</v></c>`;
  };
  const sheetXml = ({ rows, merges = [] }: TestSheet): string => {
    const lines = rows.map((cells, at) => {
      if (cells === undefined) return "";
      const row = at + 1;
      return `<row r="${row}">${cells.map((cell, column) => cellXml(cell, placeOf(column, row))).join("")}</row>`;
    });
    const merged = merges.map((ref) => `<mergeCell ref="${ref}"/>`).join("");
    return `${HEAD}<worksheet ${MAIN}><sheetData>${lines.join("")}</sheetData>${merged === "" ? "" : `<mergeCells count="${merges.length}">${merged}</mergeCells>`}</worksheet>`;
  };
  const parts: [string, string][] = sheets.map((sheet, at) => [
    `xl/worksheets/sheet${at + 1}.xml`,
    sheetXml(sheet),
  ]);
  const listed = sheets.map(
    ({ name, state }, at) =>
      `<sheet name="${escaped(name)}" sheetId="${at + 1}"${state === undefined ? "" : ` state="${state}"`} r:id="rId${at + 1}"/>`,
  );
  const relation = (id: string, type: string, target: string): string =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
  const related = [
    ...sheets.map((_, at) => relation(`rId${at + 1}`, "worksheet", `worksheets/sheet${at + 1}.xml`)),
    relation("rIdStyles", "styles", "styles.xml"),
    ...(sharedStrings ? [relation("rIdStrings", "sharedStrings", "/xl/sharedStrings.xml")] : []),
  ];
  const codes = formats
    .slice(1)
    .map((code, at) => `<numFmt numFmtId="${164 + at}" formatCode="${escaped(code)}"/>`);
  const styles = formats.map((_, at) => `<xf numFmtId="${at === 0 ? 0 : 163 + at}"/>`);
  parts.push(
    [
      "_rels/.rels",
      `${HEAD}<Relationships xmlns="${PACKAGE}">${relation("rId1", "officeDocument", "xl/workbook.xml")}</Relationships>`,
    ],
    [
      "xl/workbook.xml",
      `${HEAD}<workbook ${MAIN} xmlns:r="${OFFICE}"><workbookPr${since1904 ? ' date1904="1"' : ""}/><sheets>${listed.join("")}</sheets></workbook>`,
    ],
    [
      "xl/_rels/workbook.xml.rels",
      `${HEAD}<Relationships xmlns="${PACKAGE}">${related.join("")}</Relationships>`,
    ],
    [
      "xl/styles.xml",
      `${HEAD}<styleSheet ${MAIN}><numFmts>${codes.join("")}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>${styles.join("")}</cellXfs></styleSheet>`,
    ],
  );
  if (sharedStrings) {
    const texts = [...strings.keys()].map((text) => `<si><t xml:space="preserve">${escaped(text)}</t></si>`);
    parts.push(["xl/sharedStrings.xml", `${HEAD}<sst ${MAIN}>${texts.join("")}</sst>`]);
  }
  return zipBytes(parts);
}

/** A ZIP archive of parts by name. Format: APPNOTE 6.3.10, without ZIP64. */
export function zipBytes(
  parts: readonly (readonly [name: string, content: string | Uint8Array])[],
): Uint8Array<ArrayBuffer> {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of parts) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0);
    about.writeUInt16LE(8, 4);
    about.writeUInt32LE(crc32(bytes), 10);
    about.writeUInt32LE(packed.length, 14);
    about.writeUInt32LE(bytes.length, 18);
    about.writeUInt16LE(Buffer.byteLength(name), 22);
    const file = Buffer.concat([Buffer.from("PK\u0003\u0004"), about, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\0"), about, place, Buffer.from(name)]));
    files.push(file);
    at += file.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", 0, "latin1");
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...files, listed, end]));
}
