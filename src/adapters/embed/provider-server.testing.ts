// A small HTTP server that speaks the wires of embedding providers and misbehaves on demand, for tests. Each request
// takes the next behaviour of the script; after the last one it answers well.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hashedModel } from "./hashed.ts";

export interface Asked {
  readonly path: string;
  readonly authorization: string | null;
  readonly body: { readonly model: string; readonly input: string[]; readonly encoding_format?: string };
}

/** Answers in its own way: a response, the end of the connection within one, or undefined to answer well. */
export type Behaviour = (
  asked: Asked,
) => Promise<Response | "cut" | undefined> | Response | "cut" | undefined;

export interface ProviderServer {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** What happens to the next requests. */
  script(...behaviours: Behaviour[]): void;
  stop(): Promise<void>;
}

/** Behaves as an Ollama under `/api/embed`, and as an OpenAI-compatible server under `/v1/embeddings`. */
export async function providerServer(dimension = 64): Promise<ProviderServer> {
  const model = hashedModel({ dimension });
  const asked: Asked[] = [];
  let next: Behaviour[] = [];

  const answer = async (question: Asked): Promise<Response | "cut"> => {
    const special = await next.shift()?.(question);
    if (special !== undefined) return special;
    const vectors = await model.embed(question.body.input);
    if (question.path === "/api/embed") return Response.json({ embeddings: vectors.map((v) => [...v]) });
    const data = vectors.map((vector, index) => ({ index, embedding: encoded(vector, question) }));
    return Response.json({ object: "list", data: data.toReversed() });
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const question: Asked = {
      path: request.url ?? "",
      authorization: request.headers.authorization ?? null,
      body: JSON.parse(Buffer.concat(pieces).toString()) as Asked["body"],
    };
    asked.push(question);
    const reply = await answer(question);
    if (reply === "cut") {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"embeddings":[[0.1,', () => response.destroy());
      return;
    }
    response.writeHead(reply.status, Object.fromEntries(reply.headers));
    for await (const piece of (reply.body ?? []) as AsyncIterable<Uint8Array>) {
      if (response.destroyed) return;
      response.write(piece);
      await Bun.sleep(0);
    }
    response.end();
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    script: (...behaviours) => {
      next = behaviours;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

function encoded(vector: Float32Array, { body }: Asked): string | number[] {
  return body.encoding_format === "base64" ? Buffer.from(vector.buffer).toString("base64") : [...vector];
}

export const answering = (status: number, body: unknown, headers: Record<string, string> = {}): Behaviour => {
  return () => Response.json(body, { status, headers });
};

/** Says that a body comes, sends a part of it and closes. */
export const cutOff: Behaviour = () => "cut";

/** Never answers. */
export const hang: Behaviour = () => new Promise<Response>(() => undefined);

export const slow =
  (ms: number): Behaviour =>
  async () => {
    await Bun.sleep(ms);
    return undefined;
  };
