// The conversation that a replay sends: the form that is asked for, what was retrieved, and the prompt of the evidence. The
// same evidence and the same hits give the same bytes, whose hash a replay is known by.

import type { ChatMessage } from "#contracts/chat";
import { ARTIFACT_FORMS } from "#domain/artifact-forms";
import { canonicalJson } from "#lib/canonical-json";
import { sha256Hex } from "../files/digest.ts";
import type { Replayable } from "./choose.ts";

export interface Retrieved {
  readonly cite: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Bundle {
  readonly messages: ChatMessage[];
  readonly promptSha256: string;
  /** The prompt alone, as it is logged. */
  readonly prompt: string;
}

/** What a model reads of one hit. */
const HIT_CHARS_MAX = 2000;

export function bundleOf({ evidence, artifactKind }: Replayable, hits: readonly Retrieved[]): Bundle {
  const system = [
    `You draft ${ARTIFACT_FORMS[artifactKind]}.`,
    "Reply with that one JSON object and nothing else. It is checked by rules.",
  ];
  const { entity } = evidence.input;
  if (entity !== undefined) system.push(`order_id: ${entity}`);
  const given = evidence.input.messages ?? [];
  for (const { role, content } of given) if (role === "system") system.push(content);
  if (hits.length > 0) {
    system.push("What was found for it:");
    for (const { cite, metadata } of hits)
      system.push(`[${cite}] ${canonicalJson(metadata).slice(0, HIT_CHARS_MAX)}`);
  }
  const spoken = given.flatMap(({ role, content }) =>
    role === "user" || role === "assistant" ? [{ role, content }] : [],
  );
  const messages: ChatMessage[] = [{ role: "system", content: system.join("\n") }, ...spoken];
  return {
    messages,
    promptSha256: sha256Hex(canonicalJson(messages)),
    prompt: spoken.map(({ content }) => content).join("\n\n"),
  };
}
