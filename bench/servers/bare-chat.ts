// A provider of chat models that does as little as one can: it reads the request, and replies with the same words each time,
// whole or in the number of chunks that it was started with.

import { present } from "#lib/assert";
import { reportPort } from "./server-process.ts";

const chunks = Number(present(process.argv[2], "the number of chunks"));
const usage = { prompt_tokens: 24, completion_tokens: chunks, total_tokens: 24 + chunks };
const head = { id: "chatcmpl-1", object: "chat.completion", created: 1_700_000_000, model: "bare" };
const content = "Three forklift operators are free on Monday. ".repeat(4);
const whole = JSON.stringify({
  ...head,
  choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
  usage,
});
const encoder = new TextEncoder();
const event = (data: object): Uint8Array => encoder.encode(`data: ${JSON.stringify(data)}\n\n`);
const piece = event({ ...head, choices: [{ index: 0, delta: { content: "word " }, finish_reason: null }] });
const end = [
  event({ ...head, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
  event({ ...head, choices: [], usage }),
  encoder.encode("data: [DONE]\n\n"),
];

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: async (request) => {
    const { stream } = (await request.json()) as { stream?: boolean };
    if (stream !== true) return new Response(whole, { headers: { "content-type": "application/json" } });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (let at = 0; at < chunks; at += 1) controller.enqueue(piece);
        for (const last of end) controller.enqueue(last);
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
});
reportPort(server.port);
