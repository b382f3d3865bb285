// A house in a process of its own, as `lakehouse up` starts it: what a browser sees when it is killed is what happens then.

import { start } from "#cli/spawned.testing";

export interface SpawnedHouse {
  readonly url: string;
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** The JSON of a reply that is a success. */
  json<T = Record<string, unknown>>(path: string, body?: unknown): Promise<T>;
  /** At once, as a machine that loses its power would. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export async function spawnHouse(
  data: string,
  port = 0,
  env: Readonly<Record<string, string>> = {},
): Promise<SpawnedHouse> {
  const house = start(["up", "-o", "json", "--data", data, "--port", String(port)], { env });
  const { gateway: url } = JSON.parse(await untilJson(house.stdout)) as { gateway: string };
  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(url + path, init);
  return {
    url,
    ask,
    json: async <T>(path: string, body?: unknown): Promise<T> => {
      const reply = await ask(path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
      if (!reply.ok) throw new Error(`${path} replied ${reply.status}: ${await reply.text()}`);
      return (await reply.json()) as T;
    },
    kill: async () => {
      house.kill("SIGKILL");
      await house.exited;
    },
    stop: async () => {
      house.kill("SIGTERM");
      await house.exited;
    },
  };
}

async function untilJson(stdout: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const reader = stdout.getReader();
  let text = "";
  while (!text.trimEnd().endsWith("}")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the house did not start: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
  return text;
}
