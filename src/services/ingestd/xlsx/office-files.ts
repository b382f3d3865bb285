// Files of Excel and its kin that are not .xlsx, recognised by their content: the old binary format, a workbook under a
// password, other archives. Each is refused with what to do instead.

import { open } from "node:fs/promises";
import { Fault } from "#rpc/fault";
import type { Archive } from "./archive.ts";

const SECTOR_SHIFT_AT = 30;
const DIRECTORY_AT = 48;
/** The directory's first sectors name what the file holds. */
const DIRECTORY_BYTES = 64 * 1024;

/** What a compound file is, as old Office files and encrypted new ones are, in words. Format: MS-CFB. */
export async function compoundFileFault(path: string, head: Buffer): Promise<Fault> {
  const names = await directoryOf(path, head);
  const has = (name: string): boolean => names.includes(Buffer.from(name, "utf16le"));
  if (has("EncryptedPackage"))
    return new Fault(
      "invalid",
      "The workbook is protected by a password: open it in Excel, remove the password (File, Info, Protect Workbook) and send it again.",
    );
  if (has("Workbook") || has("Book"))
    return new Fault(
      "invalid",
      "The file is an old Excel workbook (.xls): save it as .xlsx or CSV and send that.",
    );
  return new Fault(
    "invalid",
    "The file is an old Office document and no .xlsx workbook: save its table as .xlsx or CSV and send that.",
  );
}

async function directoryOf(path: string, head: Buffer): Promise<Buffer> {
  if (head.length < DIRECTORY_AT + 4) return Buffer.alloc(0);
  const sectorBytes = 2 ** Math.min(head.readUInt16LE(SECTOR_SHIFT_AT), 12);
  const at = (head.readUInt32LE(DIRECTORY_AT) + 1) * sectorBytes;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(DIRECTORY_BYTES), 0, DIRECTORY_BYTES, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Archives of other kinds, by a part that each has. */
const OTHERS: readonly [part: RegExp, advice: string][] = [
  [/^xl\/workbook\.bin$/, "an Excel workbook in the binary format (.xlsb): save it as .xlsx"],
  [/^content\.xml$/, "an OpenDocument file: save its sheet as .xlsx or CSV"],
  [/^word\//, "a Word document: save its table as .xlsx or CSV"],
  [/^ppt\//, "a presentation: send the data that it was made from"],
  [/^index\/document\.iwa$/, "a Numbers document: export it as .xlsx or CSV"],
];

/** Refuses an archive that is no workbook of ours. */
export function refuseOtherArchives(archive: Archive): void {
  const names = archive.names;
  const other = OTHERS.find(([part]) => names.some((name) => part.test(name)));
  if (other !== undefined) throw new Fault("invalid", `The file is ${other[1]}.`);
  if (!archive.has("_rels/.rels"))
    throw new Fault("invalid", "The file is a ZIP archive: unpack it and send the file in it.");
}
