// A stand-in of an older side, as a process: it speaks the bytes that are stated of that side, and has switches for faults
// that the older programs are known for. `bun older-side-server.ts go|rust [PREFIX]` prints its port. Faults are set by
// `POST /_faults`, and `GET /_seen` gives the requests that came, with their headers.

import { createHash } from "node:crypto";
import { hashedModel } from "#adapters/embed/hashed";
import { evidenceOf } from "#distill/materialize/evidence-of";
import { extractJson } from "#lib/extract-json";

export interface OlderFaults {
  /** Vectors as long as the model made them. */
  readonly raw_vectors: boolean;
  /** `line_offset` is left out where it is 0, as `omitempty` does. */
  readonly drop_line_offset: boolean;
  /** A verdict in the other side's form. */
  readonly other_verdict: boolean;
  /** Numbers of a SQL reply as texts. */
  readonly numbers_as_text: boolean;
  /** The nearest two hits change places. */
  readonly swapped_hits: boolean;
  /** The object after the first one is taken from what a model wrote. */
  readonly last_object: boolean;
  /** Lines of the baselines are written again in its own spelling. */
  readonly respelt_baselines: boolean;
  /** Objects lose their last byte. */
  readonly short_objects: boolean;
  /** Writes that came twice under one key are made twice, and this many are kept back with a 503. */
  readonly refused_writes: number;
  /** A house whose native wire knows what it should: what its checks, searches and statements come to. Empty for none. */
  readonly oracle: string;
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
  other_verdict: false,
  numbers_as_text: false,
  swapped_hits: false,
  last_object: false,
  respelt_baselines: false,
  short_objects: false,
  refused_writes: 0,
  oracle: "",
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
  const { texts, model: name = model.name } = (await request.json()) as { texts?: unknown; model?: string };
  const isTexts = (value: unknown): value is string[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((text) => typeof text === "string" && text.trim() !== "");
  if (!isTexts(texts)) return failure(400, "texts is a list of strings");
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

type Fields = Record<string, unknown>;

/** What the house says on its own wire: of checks, searches and statements this program has no copy. */
async function oracle(path: string, body: unknown): Promise<{ status: number; json: Fields }> {
  const reply = await fetch(faults.oracle + path, { method: "POST", body: JSON.stringify(body) });
  return { status: reply.status, json: (await reply.json()) as Fields };
}

const refusal = ({ status, json }: { status: number; json: Fields }): Response =>
  failure(status, String((json["error"] as Fields | undefined)?.["message"]));

const KINDS = ["schema", "completeness", "consistency", "policy"];

async function validated(request: Request): Promise<Response> {
  const said = await oracle("/v1/validate", await request.json());
  const findings = (said.json["findings"] ?? []) as Fields[];
  const rank = (finding: Fields): number => KINDS.indexOf(String(finding["kind"]));
  const row = (finding: Fields): number => Number(/\[(\d+)\]/.exec(String(finding["path"]))?.[1] ?? -1);
  const [first] = findings
    .filter(({ severity }) => severity === "error")
    .toSorted((a, b) => rank(a) - rank(b) || row(a) - row(b));
  if (said.status !== 200 && first === undefined) return refusal(said);
  if (first === undefined) {
    // Its structs leave nothing out.
    const zeroes = { expected: null, actual: null, hint: "", law: "", fix: null };
    const whole = {
      rules_failed: null,
      ...said.json,
      findings: findings.map((one) => ({ ...zeroes, ...one })),
    };
    return Response.json(side === "go" ? whole : said.json);
  }
  const { kind, path, message } = first as Record<string, string>;
  const speaks = faults.other_verdict ? (side === "go" ? "rust" : "go") : side;
  const name = `${kind?.[0]?.toUpperCase()}${kind?.slice(1)}`;
  const body =
    speaks === "go"
      ? { Kind: kind, Field: path, Reason: message }
      : { [name]: kind === "schema" ? { field: path, reason: message } : { reason: message } };
  return Response.json(body, { status: 422 });
}

async function extracted(request: Request): Promise<Response> {
  const { text } = (await request.json()) as { text: string };
  const at = faults.last_object ? text.lastIndexOf("{") : 0;
  const { matched, value, repaired } = extractJson(at > 0 ? text.slice(at) : text);
  return Response.json(
    side === "go" ? { matched, value, repaired: repaired === true } : { matched, value, repaired },
  );
}

async function searched(request: Request, path: string): Promise<Response> {
  const { query, top_k, k, ...rest } = (await request.json()) as Fields;
  const said = await oracle(path, { ...rest, query_text: query, k: k ?? top_k });
  if (said.status !== 200) return refusal(said);
  const hits = ((said.json["hits"] ?? []) as Fields[]).map((hit, at) => {
    const { name = "", role = "", city = "", state = "" } = (hit["metadata"] ?? {}) as Fields;
    return { rank: at, id: hit["id"], distance: hit["distance"], name, role, city, state };
  });
  const [first, second] = hits;
  if (faults.swapped_hits && first !== undefined && second !== undefined) {
    hits.splice(0, 2, { ...second, distance: first.distance }, { ...first, distance: second.distance });
  }
  const { boosted = 0, injected = 0 } = (said.json["playbook"] ?? {}) as Fields;
  return Response.json({ hits, boosted, injected });
}

async function stated(request: Request): Promise<Response> {
  const said = await oracle("/v1/sql", await request.json());
  if (said.status !== 200) return refusal(said);
  const columns = (said.json["columns"] as { name: string }[]).map(({ name }) => name);
  const value = (one: unknown): unknown =>
    faults.numbers_as_text && typeof one === "number" ? `${one}` : one;
  const rows = (said.json["rows"] as Fields[]).map((row) => {
    const values = columns.map((name) => value(row[name]));
    return side === "go" ? values : Object.fromEntries(columns.map((name, at) => [name, values[at]]));
  });
  return Response.json({ columns, rows, row_count: said.json["row_count"] });
}

/** Evidence by partition, of each line that is new and is one. */
async function materialise(request: Request): Promise<Response> {
  const { sources } = (await request.json()) as { sources: Record<string, string> };
  const evidence: Record<string, string> = {};
  for (const [name, content] of Object.entries(sources)) {
    const source = name.replace(/\.jsonl$/, "");
    const seen = new Set<string>();
    for (const [lineOffset, line] of Buffer.from(content, "base64").toString().split("\n").entries()) {
      const sourceSha256 = createHash("sha256").update(line).digest("hex");
      if (line.trim() === "" || seen.has(sourceSha256)) continue;
      seen.add(sourceSha256);
      const place = { source, sourceFile: `data/_kb/${name}`, lineOffset, sourceSha256 };
      const made = evidenceOf(Buffer.from(line), { ...place, fallbackMoment: "2026-01-01T00:00:00Z" });
      if ("reason" in made) continue;
      const { line_offset, ...rest } = made.evidence.provenance;
      const provenance = faults.drop_line_offset && line_offset === 0 ? rest : { line_offset, ...rest };
      const day = rest.recorded_at.slice(0, 10).replaceAll("-", "/");
      const file = `${day}/${name}`;
      evidence[file] = `${evidence[file] ?? ""}${JSON.stringify({ ...made.evidence, provenance })}\n`;
    }
  }
  const wire = Object.entries(evidence).map(([file, text]) => [file, Buffer.from(text).toString("base64")]);
  return Response.json({ evidence: Object.fromEntries(wire) as object });
}

async function baselines(request: Request): Promise<Response> {
  const { before, baseline } = (await request.json()) as { before: string; baseline: Fields };
  let bytes: Buffer = Buffer.from(before, "base64");
  if (faults.respelt_baselines) {
    const lines = bytes.toString().split("\n");
    const again = (line: string): string => {
      try {
        return JSON.stringify(JSON.parse(line));
      } catch {
        return line;
      }
    };
    bytes = Buffer.from(lines.map(again).join("\n"));
  }
  const feed = bytes.length > 0 && bytes.at(-1) !== 10 ? "\n" : "";
  const after = Buffer.concat([bytes, Buffer.from(`${feed}${JSON.stringify(baseline)}\n`)]);
  return Response.json({ after: after.toString("base64") });
}

const objects = new Map<string, Uint8Array>();
/** Keys of writes that were made. */
const written = new Map<string, number>();

async function object(request: Request, key: string): Promise<Response> {
  const bytes = objects.get(key);
  switch (request.method) {
    case "PUT": {
      if (faults.refused_writes > 0) {
        faults = { ...faults, refused_writes: faults.refused_writes - 1 };
        return failure(503, "not now");
      }
      const idempotency = request.headers.get("idempotency-key") ?? "";
      written.set(idempotency, (written.get(idempotency) ?? 0) + 1);
      const body = new Uint8Array(await request.arrayBuffer());
      objects.set(key, faults.short_objects ? body.slice(0, -1) : body);
      return Response.json({ key, size: body.byteLength, etag: "older" }, { status: 201 });
    }
    case "DELETE":
      objects.delete(key);
      return new Response(null, { status: 204 });
    default:
      return bytes === undefined ? notFound() : new Response(bytes.slice());
  }
}

function listed(searched: string): Response {
  const found = [...objects].filter(([key]) => key.startsWith(searched)).sort(([a], [b]) => (a < b ? -1 : 1));
  const all = found.map(([key, bytes]) => ({ key, size: bytes.byteLength, etag: "older", modified_at: "" }));
  return Response.json({ objects: all, prefixes: [], ...(side === "go" ? { next_cursor: "" } : {}) });
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
    case "POST /v1/validate":
    case "POST /validate":
      return faults.oracle === "" ? notFound() : validated(request);
    case "POST /v1/validate/extract":
    case "POST /validate/extract":
      return extracted(request);
    case "POST /v1/matrix/search":
    case "POST /v1/matrix/retrieve":
    case "POST /vectors/hybrid":
      return faults.oracle === ""
        ? notFound()
        : searched(request, path === "/vectors/hybrid" ? "/v1/matrix/search" : path);
    case "POST /v1/sql":
    case "POST /query":
      return faults.oracle === "" ? notFound() : stated(request);
    case "POST /v1/distill/materialize":
    case "POST /distill/materialize":
      return materialise(request);
    case "POST /v1/distill/baselines":
    case "POST /distill/baselines":
      return baselines(request);
    case "GET /v1/storage":
    case "GET /storage":
      return listed(query.get("prefix") ?? "");
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
    default: {
      const [, key] = /^(?:\/v1)?\/storage\/(.+)$/.exec(path) ?? [];
      return key === undefined ? notFound() : object(request, decodeURIComponent(key));
    }
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
    if (pathname === "/_written") return Response.json(Object.fromEntries(written));
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
