// Invariants of exports: the split, the certificate, near-duplicates, and the loaders' own forms.

import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkFile } from "../export/check.ts";
import { TARGETS } from "../export/targets.ts";
import { fileSha256 } from "../files/digest.ts";
import type { Certificate, ProvenanceLine } from "../schemas/reports.ts";
import { evidenceIn } from "./files-invariants.ts";
import type { Invariant, Problems } from "./invariant.ts";
import { NEAR_PAIRS, nearMark } from "./planted-logs.ts";
import { type ExportFolder, exportFolders, jsonLines, linesOfFile } from "./root-files.ts";

const plain = (root: string): ExportFolder[] =>
  exportFolders(root).filter(({ kind, target }) => target === "trl" || kind === "rag");

const trlFile = (root: string, file: string): string => {
  const found = plain(root).find(({ kind }) => kind === file.split(".")[0]);
  return join(root, found?.folder ?? "", file);
};

/** By the evidence itself: entity, trace and source line of both sides, and no name of a group. */
function sharedGroups(root: string): Problems {
  const rows = new Map(evidenceIn(root).map((row) => [row.evidence_id, row]));
  return exportFolders(root).flatMap(({ kind, folder }) => {
    const keysOf = (file: string): Set<string> =>
      new Set(
        jsonLines<ProvenanceLine>(join(root, folder, `${file}.prov.jsonl`)).flatMap(({ evidence_id }) => {
          const row = rows.get(evidence_id);
          if (row === undefined) return [];
          const { input, trace_id, provenance } = row;
          return [
            `line ${provenance.source_sha256}`,
            ...(input.entity === undefined ? [] : [`entity ${input.entity}`]),
            ...(trace_id === undefined ? [] : [`trace ${trace_id}`]),
          ];
        }),
      );
    const [train, holdout] = [keysOf(`${kind}.jsonl`), keysOf(`${kind}.holdout.jsonl`)];
    const both = [...holdout].filter((key) => train.has(key));
    if (kind === "sft" && holdout.size === 0) return [`${folder}: nothing is held out`];
    return both.map((key) => `${folder}: ${key} is on both sides`);
  });
}

/** Whole n-grams, and no hashes: another way than the certificate's. */
function gramsOf(texts: readonly string[], n: number): Set<string> {
  return new Set(
    texts.flatMap((text) => {
      const words =
        text
          .normalize("NFKC")
          .toLowerCase()
          .match(/[\p{L}\p{N}]+/gu) ?? [];
      return Array.from({ length: Math.max(0, words.length - n + 1) }, (_, at) =>
        words.slice(at, at + n).join(" "),
      );
    }),
  );
}

interface TrlRow {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

async function untrueCertificates(root: string): Promise<Problems> {
  const problems: string[] = [];
  for (const { kind, folder } of exportFolders(root)) {
    const certificate = JSON.parse(
      readFileSync(join(root, folder, "certificate.json"), "utf8"),
    ) as Certificate;
    const { overlap_8: short, overlap_13: long, groups_on_both_sides: groups, train, holdout } = certificate;
    if (short + long + groups !== 0) problems.push(`${folder}: the certificate says there is overlap`);
    for (const { path, sha256 } of [train, holdout])
      if (sha256 !== (await fileSha256(join(root, folder, path))))
        problems.push(`${folder}/${path} is another file`);
    if (kind === "sft" && certificate.removed.length === 0)
      problems.push(`${folder}: the planted overlap was not removed`);
  }
  const spoken = (file: string): string[][] =>
    jsonLines<TrlRow>(trlFile(root, file)).map(({ messages }) =>
      messages.filter(({ role }) => role !== "system").map(({ content }) => content),
    );
  const [train, holdout] = [spoken("sft.jsonl"), spoken("sft.holdout.jsonl")];
  const held = gramsOf(holdout.flat(), 8);
  const shared = [...gramsOf(train.flat(), 8)].filter((gram) => held.has(gram));
  const isTemplate = (gram: string): boolean =>
    [train, holdout].some(
      (rows) => rows.filter((texts) => gramsOf(texts, 8).has(gram)).length * 2 >= rows.length,
    );
  for (const gram of shared.filter((each) => !isTemplate(each))) problems.push(`both sides have: ${gram}`);
  return problems;
}

function nearDuplicatesLeft(root: string): Problems {
  const rows = ["sft.jsonl", "sft.holdout.jsonl"].flatMap((file) => linesOfFile(trlFile(root, file)));
  const counts = Array.from(
    { length: NEAR_PAIRS },
    (_, pair) => rows.filter((row) => row.includes(nearMark(pair))).length,
  );
  const found = counts.filter((count) => count <= 1).length / NEAR_PAIRS;
  const gone = counts.filter((count) => count === 0).length;
  return [
    ...(found >= RECALL_LEAST
      ? []
      : [`${(found * 100).toFixed(1)} % of the planted near-duplicates were found`]),
    ...(gone === 0 ? [] : [`${gone} pairs are gone altogether`]),
  ];
}

const RECALL_LEAST = 0.95;

async function unloadable(root: string): Promise<Problems> {
  const problems: string[] = [];
  const there = exportFolders(root);
  for (const target of TARGETS) {
    for (const kind of ["sft", "preference", "kto"] as const) {
      // OpenAI has no KTO.
      if (target === "openai" && kind === "kto") continue;
      const found = there.find((each) => each.kind === kind && each.target === target);
      if (found === undefined) {
        problems.push(`there is no ${kind} file for ${target}`);
        continue;
      }
      const file = join(root, found.folder, `${kind}.jsonl`);
      const checked = await checkFile(file, target);
      for (const { line, problem } of checked.problems)
        problems.push(`${found.folder}, line ${line} ${problem}`);
      if (checked.kind !== kind) problems.push(`${found.folder} reads as ${checked.kind}`);
    }
  }
  const rag = there.find(({ kind }) => kind === "rag");
  if (rag !== undefined) problems.push(...danglingJudgements(join(root, rag.folder)));
  return problems;
}

/** The BEIR triple: each judgement names a query and a document that are there. */
function danglingJudgements(folder: string): Problems {
  const ids = (file: string): Set<string> =>
    new Set(jsonLines<{ _id: string }>(join(folder, file)).map(({ _id }) => _id));
  const [queries, documents] = [ids("queries.jsonl"), ids("corpus.jsonl")];
  return ["train", "test"].flatMap((side) => {
    const [head, ...rows] = linesOfFile(join(folder, "qrels", `${side}.tsv`));
    const wrong = rows.filter((row) => {
      const [query = "", document = "", score = ""] = row.split("\t");
      return !queries.has(query) || !documents.has(document) || !/^[0-2]$/.test(score);
    });
    return [
      ...(head === "query-id\tcorpus-id\tscore" ? [] : [`${side}.tsv has no BEIR header`]),
      ...wrong.map((row) => `${side}.tsv: ${row}`),
    ];
  });
}

export const EXPORT_INVARIANTS: readonly Invariant[] = [
  {
    name: "split_groups_disjoint",
    proves: "what shares an entity, a trace or a source line is on one side of the split",
    check: ({ root }) => sharedGroups(root),
    breach: {
      name: "a held-out row's provenance in the training file's",
      plant: ({ root }) => {
        const [held = ""] = linesOfFile(trlFile(root, "sft.holdout.jsonl.prov.jsonl"));
        appendFileSync(trlFile(root, "sft.jsonl.prov.jsonl"), `${held}\n`);
      },
    },
  },
  {
    name: "certificate",
    proves:
      "no 8-gram stands on both sides of a split, counted anew by whole words, and certificates name these files",
    check: ({ root }) => untrueCertificates(root),
    breach: {
      name: "a held-out row in the training file",
      plant: ({ root }) => {
        const [held = ""] = linesOfFile(trlFile(root, "sft.holdout.jsonl"));
        appendFileSync(trlFile(root, "sft.jsonl"), `${held}\n`);
      },
    },
  },
  {
    name: "near_duplicates",
    proves: `at least ${RECALL_LEAST * 100} % of the planted near-duplicates are left out, and of no pair both rows`,
    check: ({ root }) => nearDuplicatesLeft(root),
    breach: {
      name: "a tenth of the near-duplicates let through",
      plant: ({ root }) => {
        for (let pair = 0; pair < NEAR_PAIRS / 10; pair += 1)
          appendFileSync(
            trlFile(root, "sft.jsonl"),
            `{"messages":[{"role":"assistant","content":"${nearMark(pair)} ${nearMark(pair)}"}]}\n`.repeat(2),
          );
      },
    },
  },
  {
    name: "loader_checks",
    proves:
      "every file passes the check of its trainer, and the BEIR triple names no query or document that is missing",
    check: ({ root }) => unloadable(root),
    breach: {
      name: "a row with a key of ours",
      plant: ({ root }) => {
        const [row = ""] = linesOfFile(trlFile(root, "preference.jsonl"));
        appendFileSync(trlFile(root, "preference.jsonl"), `${row.slice(0, -1)},"meta":{}}\n`);
      },
    },
  },
];
