// Against a real Ollama with an embedding model pulled, where there is one at its usual address.

import { expect, test } from "bun:test";
import { ollamaModel } from "./ollama.ts";

const ADDRESS = "http://127.0.0.1:11434";

/** The name of an embedding model that is there. */
async function pulled(): Promise<string | undefined> {
  try {
    const reply = await fetch(`${ADDRESS}/api/tags`, { signal: AbortSignal.timeout(500) });
    const { models } = (await reply.json()) as { models: { name: string }[] };
    return models.find(({ name }) => name.includes("embed"))?.name;
  } catch {
    return undefined;
  }
}

const name = await pulled();
const reason = name === undefined ? ` (skipped: no Ollama with an embedding model at ${ADDRESS})` : "";

test.skipIf(name === undefined)(
  `a real model gives unit vectors, near for near texts${reason}`,
  async () => {
    const model = ollamaModel({ url: ADDRESS, name: name ?? "" });
    const vectors = await model.embed(["forklift operator", "fork lift driver", "registered nurse"]);
    const [forklift = [], driver = [], nurse = []] = vectors.map((vector) => [...vector]);
    expect(Math.hypot(...forklift)).toBeCloseTo(1, 3);
    expect(dot(forklift, driver)).toBeGreaterThan(dot(forklift, nurse));
  },
  120_000,
);

test.skipIf(name === undefined)(`a model that was never pulled is not found${reason}`, async () => {
  const absent = ollamaModel({ url: ADDRESS, name: "no-such-model-here" });
  const fault: unknown = await absent.embed(["x"]).catch((error: unknown) => error);
  expect(fault).toMatchObject({
    code: "not_found",
    message: expect.stringContaining("ollama pull") as string,
  });
});

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, place) => sum + value * (b[place] ?? 0), 0);
}
