// One foreign request through an operation of this process, without a native request and a native reply between: its fields
// are read from where the dialect carries them, and its output is written in the dialect's bytes. What comes out is what
// `translate.ts` gives for the same request. Where the service keeps its output, the foreign bytes are kept beside it.

import { BACKEND_HEADER } from "#rpc/backend";
import { Encoded, encodedOutput } from "#rpc/contract";
import type { Exchange } from "#rpc/exchange";
import { Fault } from "#rpc/fault";
import type { Carried } from "#rpc/input/input";
import type { DirectOperation } from "#rpc/route";
import { paramsOf, queryOf, readsBody } from "./carried.ts";
import type { DialectRow, ForeignRequest } from "./dialect.ts";

export interface DirectCall {
  readonly direct: DirectOperation;
  readonly row: DialectRow;
  /** Of this row alone: what the names of its kept forms begin with. */
  readonly route: string;
  /** The request came in on the native path, whose fields count. */
  readonly onNativePath: boolean;
}

/** Rejects with what the operation rejects with. */
export async function answeredDirectly(
  called: DirectCall,
  foreign: ForeignRequest,
  request: Request,
  exchange: Exchange,
): Promise<Response> {
  const { direct } = called;
  const input = await direct.read(request, carriedBy(called, foreign, request));
  const room = exchange.admit?.();
  if (room !== undefined) await room;
  const begun = direct.call(input, exchange);
  const output: unknown = begun instanceof Promise ? await begun : begun;
  const { status, headers, body } = keptOrWritten(called, foreign, output);
  exchange.seal(headers, status);
  return new Response(body, { status, headers });
}

function carriedBy({ row, onNativePath }: DirectCall, foreign: ForeignRequest, { url }: Request): Carried {
  const made = row.request?.(foreign) ?? {};
  const carried = { params: paramsOf(made, foreign, onNativePath), query: queryOf(made, url) };
  return readsBody(row) ? { ...carried, body: { value: made.body ?? foreign.body } } : carried;
}

interface Written {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
}

function keptOrWritten(called: DirectCall, foreign: ForeignRequest, output: unknown): Written {
  const { row, route } = called;
  const forms = output instanceof Encoded ? output.forms : undefined;
  if (forms === undefined || row.form === undefined) return written(called, foreign, output);
  const name = `${route} ${row.form(foreign)}`;
  const kept = forms.get(name);
  // A copy: each reply gets headers of its own.
  if (kept !== undefined) return { ...kept, headers: { ...kept.headers } };
  const { status, headers, body } = written(called, foreign, output);
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  if (bytes !== null) forms.keep(name, { status, headers: { ...headers }, body: bytes });
  return { status, headers, body: bytes };
}

const ERROR_MIN = 300;

function written({ direct, row }: DirectCall, foreign: ForeignRequest, output: unknown): Written {
  const { status, headers } = direct.head(output);
  if (status >= ERROR_MIN && row.decides?.includes(status) !== true) {
    throw new Fault("upstream", "The reply of a service could not be read.");
  }
  headers[BACKEND_HEADER] = "native";
  if (status === NO_CONTENT) return { status, headers, body: null };
  const native = encodedOutput(output);
  if (row.reply === undefined) return { status, headers, body: native };
  const text = typeof native === "string" ? native : new TextDecoder().decode(native);
  const reply = row.replyText?.(text, foreign) ?? row.reply(JSON.parse(text), foreign);
  return {
    status: reply.status ?? status,
    headers: { ...headers, "content-type": reply.contentType, ...reply.headers },
    body: reply.text,
  };
}

const NO_CONTENT = 204;
