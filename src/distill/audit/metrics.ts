// The ten metrics, by two ways that share no count: from the files themselves, and from the receipts of the stages that wrote
// them. Rows of an export are those of training and hold-out together.

import { dirname, join } from "node:path";
import { linesIfThere } from "../files/quarantine.ts";
import {
  entriesOf,
  EVIDENCE_FOLDER,
  LINES_SUFFIX,
  partitions,
  QUARANTINE_FOLDER,
  SCORED_FOLDER,
  SOURCES_FOLDER,
  sourceNames,
} from "../root.ts";
import { readSources } from "../materialize/source-state.ts";
import type { Metrics, Receipt } from "../schemas/reports.ts";

export function metricsFromReceipts(receipts: ReadonlyMap<string, Receipt>): Metrics {
  const totals = (stage: string): number => receipts.get(stage)?.totals.out ?? 0;
  const scored = receipts.get("score")?.detail ?? {};
  const materialized = receipts.get("materialize")?.totals;
  return {
    p2_evidence_rows: totals("materialize"),
    p2_evidence_skips: (materialized?.duplicates ?? 0) + (materialized?.quarantined ?? 0),
    p3_accepted: scored["accepted"] ?? 0,
    p3_partial: scored["partially_accepted"] ?? 0,
    p3_rejected: scored["rejected"] ?? 0,
    p3_human: scored["needs_human_review"] ?? 0,
    p4_rag_rows: totals("export-rag"),
    p4_sft_rows: totals("export-sft"),
    p4_pref_pairs: totals("export-preference"),
    p4_total_quarantined: [...receipts.values()].reduce(
      (all, { detail }) => all + (detail["quarantine_entries"] ?? 0),
      0,
    ),
  };
}

/** `receipts` say only which export is the newest. */
export async function metricsFromFiles(
  root: string,
  receipts: ReadonlyMap<string, Receipt>,
): Promise<Metrics> {
  let sourceLines = 0;
  const read = (await readSources(root)).sources;
  for (const name of await sourceNames(root)) {
    // What was appended since is not evidence yet.
    const bytes = read[name]?.bytes ?? 0;
    sourceLines += await countLines(join(root, SOURCES_FOLDER, `${name}${LINES_SUFFIX}`), { bytes });
  }
  let rows = 0;
  for (const path of await partitions(root, EVIDENCE_FOLDER))
    rows += await countLines(join(root, EVIDENCE_FOLDER, path), { holding: ['"schema":"evidence.v1"'] });
  const categories = { accepted: 0, partially_accepted: 0, rejected: 0, needs_human_review: 0 };
  for (const path of await partitions(root, SCORED_FOLDER)) {
    for (const name of Object.keys(categories) as (keyof typeof categories)[])
      categories[name] += await countLines(join(root, SCORED_FOLDER, path), {
        holding: ['"schema":"scored_run.v1"', `"category":"${name}"`],
      });
  }
  const exported = async (kind: string): Promise<number> => {
    const folder = exportFolder(receipts.get(`export-${kind}`));
    if (folder === undefined) return 0;
    const train = await countLines(join(root, folder, `${kind}.jsonl`));
    return train + (await countLines(join(root, folder, `${kind}.holdout.jsonl`)));
  };
  let quarantined = 0;
  for (const { name } of await entriesOf(join(root, QUARANTINE_FOLDER))) {
    // What no stage of ours has left is another program's.
    if (receipts.has(name.slice(0, -LINES_SUFFIX.length)))
      quarantined += await countLines(join(root, QUARANTINE_FOLDER, name));
  }
  return {
    p2_evidence_rows: rows,
    p2_evidence_skips: Math.max(0, sourceLines - rows),
    p3_accepted: categories.accepted,
    p3_partial: categories.partially_accepted,
    p3_rejected: categories.rejected,
    p3_human: categories.needs_human_review,
    p4_rag_rows: await exported("rag"),
    p4_sft_rows: await exported("sft"),
    p4_pref_pairs: await exported("preference"),
    p4_total_quarantined: quarantined,
  };
}

export function exportFolder(receipt: Receipt | undefined): string | undefined {
  const main = receipt?.outputs.find(({ path }) => /\/(?:sft|preference|kto|rag)\.jsonl$/.test(path));
  return main === undefined ? undefined : dirname(main.path);
}

interface Counted {
  /** Lines that hold each of these texts. */
  readonly holding?: readonly string[];
  /** Lines that end within so many bytes. */
  readonly bytes?: number;
}

async function countLines(
  path: string,
  { holding = [], bytes: within = Infinity }: Counted = {},
): Promise<number> {
  const wanted = holding.map((text) => Buffer.from(text));
  let count = 0;
  for await (const { bytes, length, start } of linesIfThere(path)) {
    if (start + length > within) break;
    if (length === 0 || (length === 1 && bytes?.[0] === 13)) continue;
    const held = bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (!wanted.every((text) => held?.includes(text) === true)) continue;
    count += 1;
  }
  return count;
}
