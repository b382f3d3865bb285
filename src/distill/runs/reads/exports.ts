// Exports of a root: a folder each, with its manifest and certificate. What has no manifest is none, or is being written.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere } from "#lib/durable";
import { Fault } from "#rpc/fault";
import type { ExportKind } from "../../export/candidates.ts";
import { jsonOr } from "#lib/json-or";
import { linesIfThere } from "../../files/quarantine.ts";
import { entriesOf, EXPORTS_FOLDER } from "../../root.ts";
import {
  certificate as certificateSchema,
  type Certificate,
  type FileDigest,
  manifest as manifestSchema,
  provenanceLine,
} from "../../schemas/reports.ts";
import { type Page, pageOf } from "./page.ts";

export interface FoundExport {
  readonly name: string;
  /** Below the root. */
  readonly folder: string;
  readonly kind: ExportKind;
  readonly target: string;
  readonly scorer_version: string;
  readonly written_at: string;
  readonly rows: Record<string, number>;
  readonly left_out: Record<string, number>;
  readonly certified: boolean;
  readonly files: FileDigest[];
  readonly certificate: Certificate | undefined;
}

const FOLDERS = ["preference", "rag", "sft"] as const;

/** Folders of exports below the root, the newest first, then by name. */
export async function exportFolders(root: string): Promise<string[]> {
  const found: { folder: string; at: number }[] = [];
  for (const kind of FOLDERS) {
    for (const entry of await entriesOf(join(root, EXPORTS_FOLDER, kind))) {
      if (!entry.isDirectory() || entry.name.startsWith(".")) continue;
      const folder = `${EXPORTS_FOLDER}/${kind}/${entry.name}`;
      found.push({ folder, at: (await stat(join(root, folder))).mtimeMs });
    }
  }
  return found.sort((a, b) => b.at - a.at || (a.folder < b.folder ? -1 : 1)).map(({ folder }) => folder);
}

export function listExports(
  root: string,
  folders: readonly string[],
  given: { readonly limit: number; readonly cursor?: string | undefined; readonly kind?: string | undefined },
): Promise<Page<FoundExport>> {
  const byName = new Map(folders.map((folder) => [nameOf(folder), folder]));
  return pageOf([...byName.keys()], given, async (name) => {
    const found = await exportIn(root, byName.get(name) ?? "");
    return given.kind === undefined || found?.kind === given.kind ? found : undefined;
  });
}

/** Throws `not_found`. */
export async function readExport(root: string, name: string): Promise<FoundExport> {
  const folder = (await exportFolders(root)).find((each) => nameOf(each) === name);
  const found = folder === undefined ? undefined : await exportIn(root, folder);
  if (found === undefined) throw new Fault("not_found", `There is no export ${name} in this root.`);
  return found;
}

export async function exportIn(root: string, folder: string): Promise<FoundExport | undefined> {
  const [text, certified] = await Promise.all(
    ["manifest.json", "certificate.json"].map((name) => readIfThere(join(root, folder, name))),
  );
  const manifest = text === undefined ? undefined : manifestSchema.safeParse(jsonOr(text)).data;
  if (manifest === undefined) return undefined;
  const certificate =
    certified === undefined ? undefined : certificateSchema.safeParse(jsonOr(certified)).data;
  const { kind, target, scorer_version, rows, left_out, files } = manifest;
  const written = await stat(join(root, folder, "manifest.json"));
  return {
    name: nameOf(folder),
    folder,
    kind,
    target,
    scorer_version,
    written_at: written.mtime.toISOString(),
    rows,
    left_out,
    certified:
      certificate !== undefined &&
      certificate.overlap_8 + certificate.overlap_13 + certificate.groups_on_both_sides === 0,
    files,
    certificate,
  };
}

/** Rows of exports that come from a piece of evidence. */
export async function rowsOf(
  root: string,
  evidenceId: string,
): Promise<{ readonly file: string; readonly row: number }[]> {
  const decoder = new TextDecoder();
  const rows: { file: string; row: number }[] = [];
  for (const folder of await exportFolders(root)) {
    for (const entry of await entriesOf(join(root, folder))) {
      if (!entry.name.endsWith(PROVENANCE_SUFFIX)) continue;
      const file = `${folder}/${entry.name.slice(0, -PROVENANCE_SUFFIX.length)}`;
      for await (const { bytes } of linesIfThere(join(root, folder, entry.name))) {
        const text = bytes === undefined ? "" : decoder.decode(bytes);
        if (!text.includes(evidenceId)) continue;
        const line = provenanceLine.safeParse(jsonOr(text)).data;
        if (line?.evidence_id === evidenceId) rows.push({ file, row: line.row });
      }
    }
  }
  return rows;
}

const PROVENANCE_SUFFIX = ".prov.jsonl";

function nameOf(folder: string): string {
  return folder.split("/").at(-1) ?? folder;
}
