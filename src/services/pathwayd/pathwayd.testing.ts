// A memory of traces over the built-in embedder, in this process or behind a socket, whose clock belongs to the test.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashedModel } from "#adapters/embed/hashed";
import { embed } from "#contracts/embed";
import { pathway } from "#contracts/pathway";
import type { Handlers, Service } from "#rpc/contract";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { pathwayd, type PathwaydDeps } from "./service.ts";

export type Topology = "local" | "remote";

export interface TestMemory {
  readonly service: Service<typeof pathway>;
  readonly file: string;
  /** Milliseconds since the epoch. */
  readonly clock: { time: number; now(): number };
  /** Whether embedd responds. */
  readonly embedder: { responds: boolean };
  stats(): Readonly<Record<string, unknown>>;
  /** Closes it and opens it again over the same file. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export const START = Date.parse("2026-11-29T12:00:00Z");

export async function testMemory(
  topology: Topology = "local",
  more: Partial<PathwaydDeps> = {},
): Promise<TestMemory> {
  const folder = mkdtempSync(join(tmpdir(), "pathwayd-"));
  const file = more.file ?? join(folder, "pathway.sqlite");
  const clock = {
    time: START,
    now(): number {
      return this.time;
    },
  };
  const embedder = { responds: true };
  let opened = await open();

  async function open() {
    const daemon = await pathwayd({ embed: embedding(embedder), clock, ...more, file });
    const implementation = implement(pathway, "pathwayd", daemon.handlers, { checkOutputs: true });
    if (topology === "local")
      return { daemon, service: local(implementation), stop: () => Promise.resolve() };
    const at = { hostname: "127.0.0.1", port: 0 };
    const { port, stop } = listen({ origin: "pathwayd", at, routes: routes(implementation) });
    const service = remote(pathway, { url: `http://127.0.0.1:${port}` }, { origin: "pathwayd" });
    return { daemon, service, stop: () => stop(0) };
  }

  const shut = async (): Promise<void> => {
    await opened.stop();
    await opened.daemon.close();
  };
  // The same object over a restart.
  const service = new Proxy({} as Service<typeof pathway>, {
    get: (_, operation) => Reflect.get(opened.service, operation) as unknown,
  });
  return {
    service,
    file,
    clock,
    embedder,
    stats: () => opened.daemon.stats?.() ?? {},
    restart: async () => {
      await shut();
      opened = await open();
    },
    close: async () => {
      await shut();
      rmSync(folder, { recursive: true });
    },
  };
}

function embedding(embedder: { readonly responds: boolean }): Service<typeof embed> {
  const model = hashedModel();
  const handlers: Handlers<typeof embed> = {
    embed: async ({ texts }) => {
      if (!embedder.responds) throw new Error("down");
      const vectors = await model.embed(texts);
      return {
        model: model.name,
        dimension: vectors[0]?.length ?? 0,
        vectors: vectors.map((vector) => [...vector]),
      };
    },
    models: () => ({ models: [] }),
    stats: () => {
      throw new Error("nobody asks");
    },
  };
  return local(implement(embed, "embedd", handlers));
}

/** A trace with words of its own. */
export function trace(content: string, more: Partial<Parameters<Service<typeof pathway>["add"]>[0]> = {}) {
  return { kind: "order", subject: "Harbor Foods", task: "Fill a night shift", content, ...more };
}
