// A stand-in of an older side, as a process: it speaks the bytes that are stated of that side, and has switches for faults
// that the older programs are known for. `bun older-side-server.ts go|rust [PREFIX]` prints its port. Faults are set by
// `POST /_faults`, and `GET /_seen` gives the requests that came, with their headers.

import { hashedModel } from "#adapters/embed/hashed";

export interface OlderFaults {
  /** Vectors as long as the model made them. */
  readonly raw_vectors: boolean;
  /** `line_offset` is left out where it is 0, as `omitempty` does. */
  readonly drop_line_offset: boolean;
  /** Answers 500 to everything. */
  readonly broken: boolean;
  /** Answers nothing. */
  readonly hung: boolean;
  readonly delay_ms: number;
}

export interface SeenCall {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
}

const [side = "go", prefix = ""] = process.argv.slice(2);
/** Of nomic-embed-text on Ollama, by its older API. */
const RAW_NORM = 21.4;
const CHUNK = new Uint8Array(64 * 1024).fill(120);
const SEEN_MAX = 1000;
let faults: OlderFaults = {
  raw_vectors: false,
  drop_line_offset: false,
  broken: false,
  hung: false,
  delay_ms: 0,
};
const seen: SeenCall[] = [];
const model = hashedModel();
const notFound = (): Response => failure(404, "not found");

function failure(status: number, message: string): Response {
  return side === "go"
    ? new Response(`${message}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } })
    : Response.json({ error: message }, { status });
}

async function embedded(request: Request): Promise<Response> {
  const { texts, model: name = model.name } = (await request.json()) as { texts: string[]; model?: string };
  const made = await model.embed(texts, new AbortController().signal);
  const norm = faults.raw_vectors ? RAW_NORM : 1;
  const vectors = made.map((vector) => Array.from(vector, (value) => value * norm));
  return side === "go"
    ? Response.json({ vectors, dimension: model.dimension, model: name })
    : Response.json({ embeddings: vectors, dimensions: model.dimension, model: name });
}

/** What a materialiser wrote: the first line of a file has the offset 0. */
function materialised(): Response {
  const provenance = { source_file: "a.jsonl", line_offset: 0, source_sha256: "0".repeat(64) };
  const { line_offset, ...rest } = provenance;
  return Response.json({
    kind: "fill",
    provenance: faults.drop_line_offset ? rest : { line_offset, ...rest },
  });
}

async function counted(request: Request): Promise<number> {
  let bytes = 0;
  for await (const chunk of request.body ?? []) bytes += (chunk as Uint8Array).byteLength;
  return bytes;
}

function streamOf(bytes: number): Response {
  let left = bytes;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.byteLength));
        left -= chunk.byteLength;
        if (chunk.byteLength > 0) controller.enqueue(chunk);
        if (left === 0) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "application/octet-stream" } });
}

async function answered(request: Request, path: string, query: URLSearchParams): Promise<Response> {
  switch (`${request.method} ${path}`) {
    case "GET /health":
      return side === "go"
        ? Response.json({ status: "ok", service: "gateway" })
        : new Response("lakehouse ok");
    case "POST /v1/embed":
    case "POST /ai/embed":
      return embedded(request);
    case "GET /v1/storage/evidence/0.json":
    case "GET /storage/evidence/0.json":
      return materialised();
    case "PUT /v1/storage/large":
      return Response.json({ bytes: await counted(request) });
    case "GET /v1/storage/large":
      return streamOf(Number(query.get("bytes")));
    case "GET /v1/cookies":
      return new Response("", {
        headers: [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
          ["x-older", "yes"],
          ["x-hop", "no"],
          ["connection", "x-hop"],
        ],
      });
    default:
      return notFound();
  }
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  development: false,
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  fetch: async (request) => {
    const { pathname, search, searchParams } = new URL(request.url);
    if (pathname === "/_faults") {
      faults = { ...faults, ...((await request.json()) as Partial<OlderFaults>) };
      return Response.json(faults);
    }
    if (pathname === "/_seen") return Response.json(seen);
    if (seen.length < SEEN_MAX) {
      const headers = Object.fromEntries(request.headers);
      seen.push({ method: request.method, target: pathname + search, headers, bytes: 0 });
    }
    if (faults.delay_ms > 0) await Bun.sleep(faults.delay_ms);
    if (faults.hung) return new Promise<Response>(() => undefined);
    if (faults.broken) return failure(500, "it is broken");
    return pathname.startsWith(prefix)
      ? answered(request, pathname.slice(prefix.length), searchParams)
      : notFound();
  },
});
process.stdout.write(`${server.port}\n`);
