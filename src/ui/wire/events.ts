// Server-sent events as they arrive: an event is its data, with its name as the field `event` where it has one. The event
// `fault` is thrown.

import { faultFrom } from "./wire-fault.ts";

/** Yields each event until the stream ends; `onBytes` hears of whatever comes, comments too. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void = () => undefined,
): AsyncGenerator {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
    onBytes();
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = eventIn(block);
      if (event !== undefined) yield event;
    }
  }
}

function eventIn(block: string): unknown {
  const lines = block.split("\n");
  const of = (field: string): string[] =>
    lines.flatMap((line) => (line.startsWith(`${field}:`) ? [line.slice(field.length + 1).trimStart()] : []));
  const data = of("data");
  if (data.length === 0) return undefined;
  const [name] = of("event");
  const value: unknown = JSON.parse(data.join("\n"));
  if (name === "fault") throw faultFrom(value);
  return name === undefined || typeof value !== "object" ? value : { event: name, ...value };
}
