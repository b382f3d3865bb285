// Starts the fake providers as a process of their own, and gives their addresses as the settings of a house take them.

import { join } from "node:path";
import type { SeenRequest } from "./fake.ts";

export interface FakeProviders {
  readonly url: string;
  /** `LAKEHOUSE_CHAT_URLS`. */
  readonly urls: string;
  /** Of requests for a model, the newest last. */
  seen(model: string): Promise<SeenRequest[]>;
  stop(): void;
}

export const FAKE_PATHS = {
  kimi: "/kimi/v1",
  opencode: "/opencode/zen/v1",
  openrouter: "/openrouter/api/v1",
  ollama_cloud: "/ollama_cloud",
  ollama: "/ollama",
  compat: "/compat/v1",
} as const;

export async function startFakeProviders(): Promise<FakeProviders> {
  const child = Bun.spawn([process.execPath, "--no-env-file", join(import.meta.dir, "fake.ts")], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  const url = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`;
  return {
    url,
    urls: Object.entries(FAKE_PATHS)
      .map(([name, path]) => `${name}=${url}${path}`)
      .join(","),
    seen: async (model) =>
      (await (await fetch(`${url}/_requests?model=${encodeURIComponent(model)}`)).json()) as SeenRequest[],
    stop: () => child.kill(),
  };
}
