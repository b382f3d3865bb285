// Reports of the cutover as files: Markdown for people and JSON for programs, side by side, named by what was done and when.

import { join } from "node:path";
import { makeFolder, writeDurably } from "#lib/durable";

export const REPORTS_FOLDER = "reports/cutover";

export interface ReportPaths {
  readonly markdown: string;
  readonly json: string;
}

export async function writeReport(
  folder: string,
  name: string,
  now: number,
  { markdown, json }: { readonly markdown: string; readonly json: unknown },
): Promise<ReportPaths> {
  await makeFolder(folder);
  const stem = join(folder, `${name}_${stamp(now)}`);
  const paths = { markdown: `${stem}.md`, json: `${stem}.json` };
  await writeDurably(paths.markdown, markdown);
  await writeDurably(paths.json, `${JSON.stringify(json, null, 2)}\n`);
  return paths;
}

/** `2026-11-30T014500123Z`: sorts as text, and a file's name on every system. */
function stamp(now: number): string {
  return new Date(now).toISOString().replaceAll(/[:.]/g, "");
}

/** A table's cell: a line, without what would end it. */
export function cell(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
}
