// The four invariants of the firewall. The fixture's barred rows carry words that must stand in no export of any target, and
// must stand in the evidence, or there would be nothing to bar.

import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXPORTS_FOLDER, QUARANTINE_FOLDER, SCORED_FOLDER } from "../root.ts";
import type { ScoredRun } from "../schemas/evidence.ts";
import type { ProvenanceLine } from "../schemas/reports.ts";
import { evidenceIn } from "./files-invariants.ts";
import type { Invariant, Problems } from "./invariant.ts";
import { MARKS, PERSONAL } from "./planted-logs.ts";
import { exportFolders, filesBelow, jsonLines, linesOfFile } from "./root-files.ts";

function leaksOf(root: string, words: readonly string[], rowsLeast: number): Problems {
  const [mark = ""] = words;
  const barred = evidenceIn(root).filter((row) => JSON.stringify(row).includes(mark)).length;
  const problems = barred >= rowsLeast ? [] : [`only ${barred} rows of evidence are there to be barred`];
  const leaks = filesBelow(root, EXPORTS_FOLDER)
    .filter((path) => !path.startsWith(QUARANTINE_FOLDER))
    .flatMap((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return words.filter((word) => text.includes(word)).map((word) => `${path} has ${word}`);
    });
  return [...problems, ...leaks];
}

/** Rows of exports by the category of their evidence; triples may hold what did not work out as negatives. */
function badVerdicts(root: string): Problems {
  const categories = new Map(
    filesBelow(root, SCORED_FOLDER)
      .filter((path) => path.endsWith(".jsonl"))
      .flatMap((path) => jsonLines<ScoredRun>(join(root, path)))
      .map(({ evidence_id, category }) => [evidence_id, category]),
  );
  return exportFolders(root).flatMap(({ kind, folder }) =>
    [`${kind}.jsonl`, `${kind}.holdout.jsonl`].flatMap((file) =>
      jsonLines<ProvenanceLine>(join(root, folder, `${file}.prov.jsonl`)).flatMap(({ row, evidence_id }) => {
        const category = categories.get(evidence_id) ?? "none";
        const ok =
          category === "accepted" ||
          category === "partially_accepted" ||
          (kind === "rag" && category !== "rejected");
        return ok ? [] : [`${folder}/${file} row ${row} is ${category}`];
      }),
    ),
  );
}

/** The first row of an export with `text` put into it, as a row that slipped through. */
function slip(root: string, kind: string, text: string): void {
  const found = exportFolders(root).find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`there is no ${kind} export`);
  const path = join(root, found.folder, `${kind}.jsonl`);
  const [row = ""] = linesOfFile(path);
  appendFileSync(path, `${row.replace(/"content":"|"anchor":"/, (start) => `${start}${text} `)}\n`);
}

export const FIREWALL_INVARIANTS: readonly Invariant[] = [
  {
    name: "firewall_verdicts",
    proves: "what is rejected, failed its checks or awaits a person is in no SFT, preference or KTO file",
    check: ({ root }) => [...leaksOf(root, [MARKS.verdict], 7), ...badVerdicts(root)],
    breach: {
      name: "a rejected row in an SFT file",
      plant: ({ root }) => slip(root, "sft", MARKS.verdict),
    },
  },
  {
    name: "firewall_teachers",
    proves:
      "nothing of a model whose terms forbid training, are unknown, or that is not named, is in any export",
    check: ({ root }) => leaksOf(root, [MARKS.teacher], 30),
    breach: {
      name: "a forbidden teacher's draft in a preference file",
      plant: ({ root }) => slip(root, "preference", MARKS.teacher),
    },
  },
  {
    name: "firewall_personal_data",
    proves: "no e-mail address, telephone number, social security number or key is in any export",
    check: ({ root }) => leaksOf(root, [MARKS.personal, ...PERSONAL], 50),
    breach: {
      name: "a telephone number in a RAG file",
      plant: ({ root }) => slip(root, "rag", PERSONAL[1] ?? ""),
    },
  },
  {
    name: "firewall_protected_terms",
    proves: "no draft that broke a rule about protected terms is in any export, quoted in a prompt neither",
    check: ({ root }) => leaksOf(root, [MARKS.protected], 8),
    breach: {
      name: "a draft with a protected term in a KTO file",
      plant: ({ root }) => slip(root, "kto", MARKS.protected),
    },
  },
];
