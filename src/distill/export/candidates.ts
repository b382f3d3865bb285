// What may become rows of an export. A candidate is one row before it has a target's form: its messages, the text it
// teaches, and what it would have in all, for the firewall to see.

import { type Barred, draftNever, neverExported, sftNever } from "../score/sft-never.ts";
import { type Category, type Draft, type Evidence, SFT_CLASSES } from "../schemas/evidence.ts";
import { areAlike } from "./near-duplicates.ts";
import type { ScoredEvidence } from "./scored-evidence.ts";
import { FORMS, type Message, type Meta, type Target } from "./targets.ts";

export interface Candidate {
  readonly source: ScoredEvidence;
  readonly row: object;
  /** Compared for overlap: no system messages. */
  readonly texts: readonly string[];
  /** Compared for near-duplicates; `texts` unless given. */
  readonly said?: readonly string[];
  readonly barred: Barred | "near_identical" | undefined;
}

export type ExportKind = "sft" | "preference" | "kto" | "rag";

const SFT: ReadonlySet<string> = new Set(SFT_CLASSES);

function promptOf({ input }: Evidence): Message[] {
  return (input.messages ?? []).map(({ role, content }) => ({ role, content }));
}

function metaOf({ evidence, scored }: ScoredEvidence): Meta {
  return {
    evidence_id: evidence.evidence_id,
    source_class: evidence.source_class,
    score: scored?.score ?? 0,
    category: scored?.category ?? "unscored",
  };
}

function spoken(messages: readonly Message[]): string[] {
  return messages.filter(({ role }) => role !== "system").map(({ content }) => content);
}

export function sftCandidates(source: ScoredEvidence, target: Target): Candidate[] {
  const { evidence, scored } = source;
  const { text } = evidence.output;
  const prompt = promptOf(evidence);
  if (!SFT.has(evidence.source_class) || text === undefined || prompt.length === 0) return [];
  const messages = [...prompt, { role: "assistant", content: text }];
  const all = messages.map(({ content }) => content);
  return [
    {
      source,
      row: FORMS[target].sft(messages, metaOf(source)),
      texts: spoken(messages),
      barred: sftNever(evidence, scored?.category, all),
    },
  ];
}

interface FoundPair {
  readonly source: ScoredEvidence;
  readonly prompt: readonly Message[];
  readonly chosen: string;
  readonly rejected: string;
  readonly labels: readonly string[];
  readonly barred: Candidate["barred"];
}

/** Of one task: one that is replayed each night would make as many as the square of its nights. */
const REPLAY_PAIRS_MAX = 64;

/** Pairs of runs and reviews, and of replays of one task that had different verdicts. */
function pairsOf(sources: readonly ScoredEvidence[]): FoundPair[] {
  const replays = new Map<string, ScoredEvidence[]>();
  const pairs: FoundPair[] = [];
  for (const source of sources) {
    const { evidence } = source;
    if (evidence.kind === "replay") {
      const of = evidence.input.entity ?? "";
      const others = replays.get(of);
      if (others === undefined) replays.set(of, [source]);
      else others.push(source);
      continue;
    }
    if (evidence.kind !== "iterate" && evidence.kind !== "review") continue;
    const { text } = evidence.output;
    if (text === undefined) continue;
    for (const draft of evidence.output.rejected ?? []) pairs.push(pairOf(source, source, text, draft));
  }
  for (const runs of replays.values()) {
    let found = 0;
    const seen = new Set<string>();
    for (const passed of runs) {
      const { text } = passed.evidence.output;
      if (text === undefined) continue;
      for (const failed of runs) {
        for (const draft of failed.evidence.output.rejected ?? []) {
          const key = `${text}\u0000${draft.text}`;
          if (found === REPLAY_PAIRS_MAX || seen.has(key)) continue;
          seen.add(key);
          found += 1;
          pairs.push(pairOf(passed, failed, text, draft));
        }
        if (found === REPLAY_PAIRS_MAX) break;
      }
      if (found === REPLAY_PAIRS_MAX) break;
    }
  }
  return pairs;
}

function pairOf(source: ScoredEvidence, loser: ScoredEvidence, chosen: string, draft: Draft): FoundPair {
  const { text: rejected, labels } = draft;
  const { evidence, scored } = source;
  const prompt = promptOf(evidence);
  const texts = [...prompt.map(({ content }) => content), chosen];
  const barred =
    sftNever(evidence, scored?.category, texts) ??
    draftNever(draft) ??
    // A failed draft of another run has a teacher of its own.
    (loser === source ? undefined : neverExported(loser.evidence, [rejected])) ??
    (areAlike(chosen, rejected) ? ("near_identical" as const) : undefined);
  return { source, prompt, chosen, rejected, labels, barred };
}

export function preferenceCandidates(sources: readonly ScoredEvidence[], target: Target): Candidate[] {
  return pairsOf(sources).flatMap(({ source, prompt, chosen, rejected, labels, barred }) =>
    prompt.length === 0
      ? []
      : [
          {
            source,
            row: FORMS[target].preference(
              { prompt, chosen, rejected },
              { ...metaOf(source), labels: [...labels] },
            ),
            texts: [...spoken(prompt), chosen, rejected],
            barred,
          },
        ],
  );
}

export function ktoCandidates(sources: readonly ScoredEvidence[], target: Target): Candidate[] {
  const form = FORMS[target].kto;
  if (form === undefined) return [];
  return pairsOf(sources).flatMap(({ source, prompt, chosen, rejected, barred }) =>
    prompt.length === 0
      ? []
      : [true, false].map((label) => {
          const completion = label ? chosen : rejected;
          return {
            source,
            row: form(prompt, completion, label, metaOf(source)),
            texts: [...spoken(prompt), completion],
            barred,
          };
        }),
  );
}

const REJECTED: ReadonlySet<Category> = new Set(["rejected"]);

/** `{anchor, positive, negative}` for each thing that worked out and one that did not, or that nobody took. */
export function ragCandidates(source: ScoredEvidence): Candidate[] {
  const { evidence, scored } = source;
  const [anchor] = spoken(promptOf(evidence));
  const ranking = (evidence.output.ranking ?? []).filter(({ text, title }) => text !== "" || title !== "");
  if (anchor === undefined || ranking.length === 0) return [];
  const textOf = ({ title, text }: { title: string; text: string }): string =>
    title === "" || text === "" ? title + text : `${title}\n${text}`;
  const positives = ranking.filter(({ score }) => (score ?? 0) >= POSITIVE_SCORE);
  const negatives = ranking.filter(({ score }) => (score ?? 0) < POSITIVE_SCORE);
  return positives.flatMap((positive) =>
    negatives.slice(0, NEGATIVES_MAX).map((negative) => {
      const texts = [anchor, textOf(positive), textOf(negative)];
      return {
        source,
        row: { anchor, positive: textOf(positive), negative: textOf(negative) },
        // Two rows of one query repeat each other only when their documents do.
        texts: [anchor],
        said: texts,
        barred:
          neverExported(evidence, texts) ??
          (scored === undefined
            ? ("unscored" as const)
            : REJECTED.has(scored.category)
              ? ("rejected" as const)
              : undefined),
      };
    }),
  );
}

const POSITIVE_SCORE = 0.5;
/** Hard negatives of one positive: the highest of the ranking that did not work out. */
const NEGATIVES_MAX = 4;
