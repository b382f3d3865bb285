// What holds, as a table: a row for each entity and attribute. All rows are as of one moment, however long they take, and
// ingestd writes them as one snapshot.

import type { Belief, TruthValue } from "#contracts/truth";
import { timeSlicer } from "#lib/event-loop";
import type { Beliefs } from "./beliefs.ts";
import type { TruthReader } from "./store/reader.ts";

const PAGE_ENTITIES = 500;
/** Rows go out in pieces of about so many bytes. */
const CHUNK_CHARS = 64 * 1024;

/** Types of the columns whose values would have others guessed for them. */
export const TRUTH_COLUMNS = {
  entity: "VARCHAR",
  attribute: "VARCHAR",
  value: "VARCHAR",
  status: "VARCHAR",
  confidence: "DOUBLE",
  rule: "VARCHAR",
  since: "TIMESTAMP WITH TIME ZONE",
  sources: "VARCHAR",
  dissenting_sources: "VARCHAR",
  dissenting_values: "VARCHAR",
} as const;

export function truthLines(
  reader: TruthReader,
  beliefs: Beliefs,
  asOfUs: number,
  onRow: () => void,
): ReadableStream<Uint8Array> {
  const lines = rows(reader, beliefs, asOfUs);
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull: async (controller) => {
      let text = "";
      while (text.length < CHUNK_CHARS) {
        const step = await lines.next();
        if (step.done === true) {
          if (text !== "") controller.enqueue(encoder.encode(text));
          controller.close();
          return;
        }
        text += step.value;
        onRow();
      }
      controller.enqueue(encoder.encode(text));
    },
    cancel: async () => void (await lines.return(undefined)),
  });
}

async function* rows(reader: TruthReader, beliefs: Beliefs, asOfUs: number): AsyncGenerator<string> {
  const slice = timeSlicer();
  let after: string | undefined;
  for (;;) {
    const page = await reader.entities("", after, PAGE_ENTITIES);
    for (const entity of page) {
      const attributes = (await beliefs.ofEntity(entity, asOfUs)) ?? {};
      for (const [attribute, belief] of Object.entries(attributes)) yield lineOf(entity, attribute, belief);
      await slice();
    }
    after = page.at(-1);
    if (after === undefined || page.length < PAGE_ENTITIES) return;
  }
}

function lineOf(entity: string, attribute: string, belief: Belief): string {
  const { value, status, confidence, rule, since, supporting, dissenting } = belief;
  const row: Record<keyof typeof TRUTH_COLUMNS, unknown> = {
    entity,
    attribute,
    value: textOf(value),
    status,
    confidence,
    rule,
    since,
    sources: listOf(supporting.map(({ source }) => source)),
    dissenting_sources: listOf(dissenting.map(({ source }) => source)),
    dissenting_values: listOf(dissenting.map(({ value }) => textOf(value) ?? "")),
  };
  return `${JSON.stringify(row)}\n`;
}

function textOf(value: TruthValue): string | null {
  return value === null ? null : String(value);
}

function listOf(texts: readonly string[]): string | null {
  return texts.length === 0 ? null : [...new Set(texts)].join("; ");
}
