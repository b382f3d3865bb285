// A conversation with a model as it is shown and sent again: what was said, what came back, and what became of the last turn.

import type { ChatEvent, ChatReply } from "#contracts/chat";

export interface Turn {
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly reasoning?: string;
  /** Of a reply that is whole. */
  readonly reply?: Pick<ChatReply, "provider" | "model" | "usage" | "took_ms" | "finish_reason" | "attempts">;
  /** It was stopped, or broke off: it is shown, and not sent with the next question. */
  readonly cutOff?: true;
}

export const NOTHING_SAID: readonly Turn[] = [];

/** What is sent: whole turns, and the instruction before them. A question whose reply broke off is asked again by its writer. */
export function messagesOf(
  system: string,
  turns: readonly Turn[],
): { role: "system" | "user" | "assistant"; content: string }[] {
  const kept = turns.filter(
    (turn, at) => turn.cutOff !== true && !(turn.role === "user" && turns[at + 1]?.cutOff === true),
  );
  return [
    ...(system.trim() === "" ? [] : [{ role: "system" as const, content: system }]),
    ...kept.map(({ role, content }) => ({ role, content })),
  ];
}

/** The turn that is being written, after one more event. */
export function written(turn: Turn, event: ChatEvent): Turn {
  if (event.event === "delta") {
    const reasoning = `${turn.reasoning ?? ""}${event.reasoning ?? ""}`;
    return {
      ...turn,
      content: turn.content + (event.content ?? ""),
      ...(reasoning === "" ? {} : { reasoning }),
    };
  }
  if (event.event !== "done") return turn;
  const { message, provider, model, usage, took_ms, finish_reason, attempts } = event;
  return {
    role: "assistant",
    content: message.content,
    ...(message.reasoning === undefined ? {} : { reasoning: message.reasoning }),
    reply: { provider, model, usage, took_ms, finish_reason, attempts },
  };
}

/** Kept in the tab's session as text; what cannot be read is an empty conversation. */
export function turnsIn(text: string): readonly Turn[] {
  if (text === "") return NOTHING_SAID;
  try {
    const turns: unknown = JSON.parse(text);
    return Array.isArray(turns) ? (turns as Turn[]) : NOTHING_SAID;
  } catch {
    return NOTHING_SAID;
  }
}
