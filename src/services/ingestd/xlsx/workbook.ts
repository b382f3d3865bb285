// What a workbook says of itself: its sheets and where they lie, the year its dates are counted from, and the number
// format of each style. Format: ECMA-376 part 1, 18.2 and 18.8; parts are found by their relationships (part 2).

import { posix } from "node:path";
import { Fault } from "#rpc/fault";
import { type Archive, missingPart } from "./archive.ts";
import { type NumberFormat, numberFormat, PLAIN } from "./number-format.ts";
import { readXml } from "./xml.ts";

export interface Sheet {
  readonly name: string;
  readonly hidden: boolean;
  /** The part it lies in. */
  readonly part: string;
}

export interface Workbook {
  readonly sheets: readonly Sheet[];
  readonly since1904: boolean;
  /** By a cell's style. */
  readonly formats: readonly NumberFormat[];
  readonly stringsPart: string | undefined;
}

/** More are no workbook of a person's; Excel itself has no limit but memory. */
const SHEETS_MAX = 4096;
/** Excel's own limit is 64,000. */
const STYLES_MAX = 200_000;

interface Relation {
  readonly id: string;
  /** The last word of its type: `worksheet`, `styles`, ... */
  readonly type: string;
  readonly target: string;
}

export async function readWorkbook(archive: Archive): Promise<Workbook> {
  const main = (await relationsOf(archive, "")).find(({ type }) => type === "officeDocument")?.target;
  if (main === undefined || !archive.has(main)) throw noWorkbook();
  const relations = await relationsOf(archive, main);
  const partOf = (type: string): string | undefined => {
    const part = relations.find((relation) => relation.type === type)?.target;
    if (part !== undefined && !archive.has(part)) throw missingPart(part);
    return part;
  };
  const worksheets = new Map(
    relations.flatMap(({ id, type, target }) => (type === "worksheet" ? [[id, target] as const] : [])),
  );
  const sheets: Sheet[] = [];
  let since1904 = false;
  await readXml(main, archive.text(main), {
    open: (name, attribute) => {
      if (name === "workbookPr") since1904 = isOn(attribute("date1904"));
      if (name !== "sheet" || sheets.length === SHEETS_MAX) return;
      const part = worksheets.get(attribute("r:id") ?? attribute("id") ?? "");
      // A chart has a sheet of its own, and no cells.
      if (part === undefined) return;
      if (!archive.has(part)) throw missingPart(part);
      const state = attribute("state") ?? "visible";
      sheets.push({ name: attribute("name") ?? "", hidden: state !== "visible", part });
    },
  });
  const styles = partOf("styles");
  return {
    sheets,
    since1904,
    formats: styles === undefined ? [] : await formatsIn(archive, styles),
    stringsPart: partOf("sharedStrings"),
  };
}

function noWorkbook(): Fault {
  return new Fault("invalid", "The archive holds no Excel workbook: unpack it and send the file in it.");
}

/** The parts that a part refers to; the archive's own for none. */
async function relationsOf(archive: Archive, part: string): Promise<Relation[]> {
  const folder = posix.dirname(part);
  const listed = posix.join(folder, "_rels", `${posix.basename(part)}.rels`);
  const relations: Relation[] = [];
  if (!archive.has(listed)) return relations;
  await readXml(listed, archive.text(listed), {
    open: (name, attribute) => {
      if (name !== "Relationship" || attribute("TargetMode") === "External") return;
      const target = attribute("Target") ?? "";
      relations.push({
        id: attribute("Id") ?? "",
        type: (attribute("Type") ?? "").split("/").at(-1) ?? "",
        target: target.startsWith("/") ? target.slice(1) : posix.join(folder, target),
      });
    },
  });
  return relations;
}

async function formatsIn(archive: Archive, part: string): Promise<NumberFormat[]> {
  const codes = new Map<number, string>();
  const ids: number[] = [];
  let within = false;
  await readXml(part, archive.text(part), {
    open: (name, attribute) => {
      if (name === "numFmt" && codes.size < STYLES_MAX)
        codes.set(Number(attribute("numFmtId")), attribute("formatCode") ?? "");
      else if (name === "cellXfs") within = true;
      else if (name === "xf" && within && ids.length < STYLES_MAX)
        ids.push(Number(attribute("numFmtId") ?? 0));
    },
    close: (name) => {
      if (name === "cellXfs") within = false;
    },
  });
  const known = new Map<number, NumberFormat>();
  return ids.map((id) => {
    const format = known.get(id) ?? (id === 0 ? PLAIN : numberFormat(id, codes.get(id)));
    known.set(id, format);
    return format;
  });
}

export function isOn(text: string | undefined): boolean {
  return text === "1" || text === "true" || text === "on";
}
