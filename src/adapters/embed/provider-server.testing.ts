// A small HTTP server with the APIs of embedding providers that misbehaves on demand, for tests. Each request consumes
// the next behaviour of the script; after the last one the server behaves normally.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hashedModel } from "./hashed.ts";

export interface ProviderRequest {
  readonly path: string;
  readonly authorization: string | null;
  readonly body: { readonly model: string; readonly input: string[]; readonly encoding_format?: string };
}

/** Overrides the response to a request: a response, a body that breaks off, or undefined for normal behaviour. */
export type Behaviour = (
  request: ProviderRequest,
) => Promise<Response | "cut" | undefined> | Response | "cut" | undefined;

export interface ProviderServer {
  readonly url: string;
  readonly requests: readonly ProviderRequest[];
  /** Behaviours of the next requests. */
  script(...behaviours: Behaviour[]): void;
  stop(): Promise<void>;
}

/** Behaves as an Ollama under `/api/embed`, and as an OpenAI-compatible server under `/v1/embeddings`. */
export async function providerServer(dimension = 64): Promise<ProviderServer> {
  const model = hashedModel({ dimension });
  const requests: ProviderRequest[] = [];
  let next: Behaviour[] = [];

  const respond = async (request: ProviderRequest): Promise<Response | "cut"> => {
    const special = await next.shift()?.(request);
    if (special !== undefined) return special;
    const vectors = await model.embed(request.body.input);
    if (request.path === "/api/embed") return Response.json({ embeddings: vectors.map((v) => [...v]) });
    const data = vectors.map((vector, index) => ({ index, embedding: encoded(vector, request) }));
    return Response.json({ object: "list", data: data.toReversed() });
  };
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const request: ProviderRequest = {
      path: incoming.url ?? "",
      authorization: incoming.headers.authorization ?? null,
      body: JSON.parse(Buffer.concat(pieces).toString()) as ProviderRequest["body"],
    };
    requests.push(request);
    const reply = await respond(request);
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
  const server = createServer((incoming, response) => void serve(incoming, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    script: (...behaviours) => {
      next = behaviours;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

function encoded(vector: Float32Array, { body }: ProviderRequest): string | number[] {
  return body.encoding_format === "base64" ? Buffer.from(vector.buffer).toString("base64") : [...vector];
}

export const responding = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Behaviour => {
  return () => Response.json(body, { status, headers });
};

/** Announces a body, sends a part of it and closes the connection. */
export const cutOff: Behaviour = () => "cut";

/** Never responds. */
export const hang: Behaviour = () => new Promise<Response>(() => undefined);

export const slow =
  (ms: number): Behaviour =>
  async () => {
    await Bun.sleep(ms);
    return undefined;
  };
