// Evidence of the same source logs, file by file. A root of an older program is read where it lies: its logs are materialized by
// this house and the rows compared with those that it wrote. Without one the older side is given generated logs. The seed is the first line of a
// file: its `line_offset` is 0, which an older program left out.

import { compare, type Difference } from "../../diff/compare.ts";
import { words } from "../inputs.ts";
import type { Files, Outcome, Probe, ProbeContext } from "../probe.ts";
import { asFiles, askFiles, asWire } from "../older-files.ts";

const SOURCES = ["validation", "review", "truth", "playbook"] as const;
const LINES_MAX = 8;
/** Each is a root of files on the disk of this house. */
const CASES_MAX = 20;

export const materializer: Probe = {
  name: "materializer",
  summary: "Evidence of the same source logs, row by row; with --root an older program's own files",
  writes: false,
  run: (context) => (context.root === undefined ? askedFor(context) : ofRoot(context, context.root)),
};

async function* ofRoot(
  { distill }: ProbeContext,
  root: NonNullable<ProbeContext["root"]>,
): AsyncGenerator<Outcome> {
  const sources = await root.sources();
  const [there, here] = [await root.evidence(), await distill.materialize(sources)];
  const endpoint = "data/evidence";
  const input = `${sources.size} source logs of the root`;
  if (sources.size === 0) {
    yield {
      endpoint,
      input,
      absent: "the root has no source logs",
      statuses: [0, 0],
      answered: false,
      differences: [],
    };
    return;
  }
  yield {
    endpoint,
    input,
    statuses: [200, 200],
    answered: true,
    differences: differencesOfFiles(there, here),
  };
}

async function* askedFor(context: ProbeContext): AsyncGenerator<Outcome> {
  const { dialect, count, distill } = context;
  const target = dialect === "go" ? "/v1/distill/materialize" : "/distill/materialize";
  const endpoint = `POST ${target}`;
  for (let at = 0; at <= Math.min(count, CASES_MAX); at += 1) {
    const isSeed = at === 0;
    const sources = isSeed ? oneLine() : logs(context);
    const about = {
      endpoint,
      ...(isSeed ? { seed: "the first line of a file, whose line_offset is 0" } : {}),
      input: [...sources].map(([name, bytes]) => `${name}, ${bytes.byteLength} bytes`).join("; "),
    };
    const there = await askFiles(context.left, dialect, target, { sources: asWire(sources) });
    if (typeof there === "string") {
      yield { ...about, absent: there, statuses: [0, 0], answered: false, differences: [] };
      return;
    }
    const differences = differencesOfFiles(asFiles(there["evidence"]), await distill.materialize(sources));
    yield { ...about, statuses: [200, 200], answered: true, differences };
  }
}

function oneLine(): Files {
  return new Map([
    ["review.jsonl", new TextEncoder().encode(`${JSON.stringify(lineOf("review", "r-0", "draft"))}\n`)],
  ]);
}

function logs({ random }: ProbeContext): Files {
  const files = new Map<string, Uint8Array>();
  for (const source of SOURCES) {
    if (random.below(3) === 0) continue;
    const lines = Array.from({ length: 1 + random.below(LINES_MAX) }, (_, at) => {
      const line = JSON.stringify(lineOf(source, `${source}-${at}`, words(random, 6)));
      // A line that is no JSON, one that is blank, and one that stands twice.
      return random.pick([line, line, line, `${line}\n${line}`, "", "{", `${line} `]);
    });
    files.set(`${source}.jsonl`, new TextEncoder().encode(lines.join("\n") + random.pick(["\n", ""])));
  }
  return files.size === 0 ? oneLine() : files;
}

const RECORDED_AT = "2026-11-29T10:00:00Z";

const LINES: Readonly<Record<(typeof SOURCES)[number], (id: string, said: string) => object>> = {
  validation: (validation_id, artifact) => ({
    validation_id,
    kind: "email",
    ok: false,
    artifact,
    findings: [{ code: "email.length" }],
    corrected: `${artifact}.`,
    made_by: "person",
  }),
  review: (review_id, draft) => ({
    review_id,
    prompt: "Confirm the shift.",
    draft,
    corrected: `${draft}.`,
    rating: 2,
    reviewer: "r",
  }),
  truth: (id, reason) => ({
    entity: `worker/${id}`,
    attribute: "city",
    value: "Reno",
    actor: "a",
    reason,
    claims: [],
  }),
  playbook: (playbook_id, query_text) => ({
    playbook_id,
    query_text,
    answer_id: "w-1",
    result: "completed",
    score: 1,
  }),
};

function lineOf(source: (typeof SOURCES)[number], id: string, said: string): object {
  return { recorded_at: RECORDED_AT, ...LINES[source](id, said) };
}

/** Rows by what they come from, so that one that is missing does not move all others. */
function differencesOfFiles(there: Files, here: Files): Difference[] {
  const [a, b] = [rowsOf(there), rowsOf(here)];
  const found = new Map<string, Difference>();
  for (const difference of compare([...a.keys()].sort(), [...b.keys()].sort())) {
    const detail = `${a.size} rows there, ${b.size} here`;
    found.set("rows", { ...difference, path: "rows", kind: "set", detail });
  }
  for (const [place, row] of a) {
    const other = b.get(place);
    if (other === undefined) continue;
    for (const difference of compare(row, other)) {
      const path = `rows[].${difference.path}`;
      found.set(`${path} ${difference.kind}`, { ...difference, path });
    }
  }
  return [...found.values()];
}

function rowsOf(files: Files): Map<string, Record<string, unknown>> {
  const rows = new Map<string, Record<string, unknown>>();
  for (const bytes of files.values()) {
    for (const line of new TextDecoder().decode(bytes).split("\n")) {
      if (line.trim() === "") continue;
      const row = parsed(line);
      const { source_file = "", source_sha256 = "" } = (row["provenance"] ?? {}) as Record<string, unknown>;
      rows.set(`${String(source_file)} ${String(source_sha256)}`, row);
    }
  }
  return rows;
}

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { unreadable: line.length };
  }
}
