// How often evidence is among the first ten: for each made question whether a turn that says the answer is found, by ways of
// searching that have one thing more each.

import type { EmbedModel } from "#adapters/embed/embed-model";
import { bm25 } from "#domain/lexical/bm25";
import { hashOf } from "#services/pathwayd/index/derived";
import { indexVersion, Memory } from "#services/pathwayd/index/memory";
import { cosineOf, packVector, sketchOf } from "#services/pathwayd/index/sketch";
import { candidatesOf } from "#services/pathwayd/rank/candidates";
import { populationOf } from "#services/pathwayd/rank/population";
import { meaningOf, readQuestion } from "#services/pathwayd/rank/question";
import { rank, type Weights, WEIGHTS } from "#services/pathwayd/rank/score";
import type { Conversation, Question, QuestionKind, Turn } from "./conversations.ts";

export const FIRST = 10;

export interface Recall {
  readonly all: number;
  readonly byKind: Readonly<Record<QuestionKind, number>>;
}

/** The ids of the first turns for a question. */
type Finder = (question: Question) => readonly string[];

function recallOf(conversations: readonly (readonly [Conversation, Finder])[]): Recall {
  const found = { single: 0, multi: 0, temporal: 0, open: 0 };
  const asked = { ...found };
  for (const [{ questions }, find] of conversations) {
    for (const question of questions) {
      asked[question.kind] += 1;
      const ids = find(question);
      if (question.evidence.some((id) => ids.includes(id))) found[question.kind] += 1;
    }
  }
  const share = (kind: QuestionKind): number => found[kind] / Math.max(1, asked[kind]);
  const sum = (counts: typeof found): number => Object.values(counts).reduce((all, count) => all + count, 0);
  return {
    all: sum(found) / sum(asked),
    byKind: {
      single: share("single"),
      multi: share("multi"),
      temporal: share("temporal"),
      open: share("open"),
    },
  };
}

/** BM25 over words as they are written, in small letters. */
export function plainRecall(conversations: readonly Conversation[]): Recall {
  const WORD = /[\p{L}\p{N}]+/gu;
  const wordsOf = (text: string): string[] => text.toLowerCase().match(WORD) ?? [];
  return recallOf(
    conversations.map((conversation) => {
      const documents = conversation.turns.map((turn) => wordsOf(`${turn.speaker}: ${turn.text}`));
      const mean = documents.reduce((sum, words) => sum + words.length, 0) / documents.length;
      const find: Finder = ({ text }) => {
        const scores = documents.map(() => 0);
        for (const word of wordsOf(text)) {
          const counts = documents.map((words) => words.filter((other) => other === word).length);
          const holding = counts.filter((count) => count > 0).length;
          const idf = Math.log(1 + (documents.length - holding + 0.5) / (holding + 0.5));
          for (const [at, count] of counts.entries()) {
            const length = (documents[at]?.length ?? 0) / mean;
            scores[at] = (scores[at] ?? 0) + (idf * count * 2.2) / (count + 1.2 * (0.25 + 0.75 * length));
          }
        }
        return firstOf(conversation.turns, scores);
      };
      return [conversation, find] as const;
    }),
  );
}

/** Our word index, over stems, over texts of the caller's making. */
export function stemmedRecall(
  conversations: readonly Conversation[],
  textOf: (turn: Turn) => string,
): Recall {
  return recallOf(
    conversations.map((conversation) => {
      const index = bm25();
      for (const [row, turn] of conversation.turns.entries()) index.put(row, textOf(turn));
      const find: Finder = ({ text }) =>
        index.search(text, FIRST).map(({ row }) => conversation.turns[row]?.id ?? "");
      return [conversation, find] as const;
    }),
  );
}

/** What pathwayd does, with weights of the caller's choice. */
export async function pathwayRecall(
  conversations: readonly Conversation[],
  model: EmbedModel,
  weights: Partial<Weights> = {},
): Promise<Recall> {
  const finders: (readonly [Conversation, Finder])[] = [];
  for (const conversation of conversations)
    finders.push([conversation, await pathwayFinder(conversation, model, { ...WEIGHTS, ...weights })]);
  return recallOf(finders);
}

const MOMENT = 2 ** 52;

async function pathwayFinder(
  { turns, questions, id }: Conversation,
  model: EmbedModel,
  weights: Weights,
): Promise<Finder> {
  const memory = new Memory();
  const packed: Uint8Array[] = [];
  const head = { event: "add", kind: "turn", subject: id, score: null, key: null, request: null } as const;
  const contents = turns.map(({ speaker, text, date, id: turn }) => ({
    task: date,
    steps: [],
    content: text,
    metadata: { turn },
    actor: speaker,
  }));
  const texts = contents.map((content) => indexVersion("turn", id, content, undefined).said.meaning);
  const vectors = await model.embed(texts);
  for (const [at, content] of contents.entries()) {
    const vector = vectors[at] ?? new Float32Array();
    const { indexed } = indexVersion("turn", id, content, { model: model.name, vector });
    memory.apply({ ...head, seq: at + 1, at: at + 1, traceId: turns[at]?.id ?? "", version: 1 }, indexed);
    packed.push(packVector(vector));
  }
  const isSpeaker = (word: number): boolean => memory.versions.isSpeakerAt(word, MOMENT);
  const asked = await model.embed(questions.map(({ text }) => meaningOf(text, isSpeaker)));
  const vectorOf = new Map(questions.map(({ text }, at) => [text, asked[at] ?? new Float32Array()]));
  const filter = { kind: undefined, subject: id, includeRetired: false };
  const population = populationOf(memory.versions, memory.traces, filter, MOMENT);
  return ({ text }) => {
    const vector = vectorOf.get(text) ?? new Float32Array();
    const question = readQuestion(text);
    const query = { vector, sketch: sketchOf(vector), model: hashOf(model.name) };
    const ranked = rank(
      {
        versions: memory.versions,
        traces: memory.traces,
        candidates: candidatesOf(memory, question, query, population, MOMENT),
        cosineOf: (slot) => cosineOf(packed[slot] ?? new Uint8Array(), vector),
        asksWhen: question.asksWhen,
        moment: MOMENT,
      },
      weights,
    );
    return ranked.slice(0, FIRST).map(({ slot }) => turns[slot]?.id ?? "");
  };
}

function firstOf(turns: readonly Turn[], scores: readonly number[]): string[] {
  return scores
    .map((score, at) => ({ score, at }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.at - b.at)
    .slice(0, FIRST)
    .map(({ at }) => turns[at]?.id ?? "");
}
