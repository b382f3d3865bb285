// The go dialect, below /_go. Its errors are plain text with a line feed, as `http.Error` writes them; its JSON has no field
// left out, and `<`, `>` and `&` escaped, as `encoding/json` writes them.

import {
  type Dialect,
  type DialectRow,
  fieldsOf,
  firstError,
  type ForeignReply,
  type NativeFault,
  renamed,
} from "./dialect.ts";
import { columnNames, hitsOf, plainHit, rowLists, sameRows } from "./rows.ts";

const ESCAPED: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** JSON as Go's `json.Marshal` writes it. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => ESCAPED[character] ?? character,
  );
}

function json(value: unknown, more: Partial<ForeignReply> = {}): ForeignReply {
  return { contentType: "application/json", text: goJson(value), ...more };
}

const SAID_DIFFERENTLY: readonly DialectRow[] = [
  { method: "GET", path: "/health", answer: () => json({ status: "ok", service: "gateway" }) },
  {
    method: "POST",
    path: "/v1/embed",
    operation: "embedd.embed",
    // The older side gave vectors as long as its model made them; those of the house have unit length, and say so.
    reply: (native) => {
      const { vectors, dimension, model } = fieldsOf(native);
      return json({ vectors, dimension, model }, { headers: { "x-lakehouse-normalized": "true" } });
    },
  },
  ...(["/v1/matrix/search", "/v1/matrix/retrieve"] as const).map((path): DialectRow => ({
    method: "POST",
    path,
    operation: path.endsWith("search") ? "matrixd.search" : "matrixd.retrieve",
    request: ({ body }) => ({ body: renamed(body, { query: "query_text", role: "query_role" }) }),
    reply: (native) => {
      const { boosted = 0, injected = 0 } = fieldsOf(fieldsOf(native)["playbook"]);
      return json({ hits: hitsOf(native).map(plainHit), boosted, injected });
    },
  })),
  {
    method: "POST",
    path: "/v1/matrix/playbooks/record",
    operation: "matrixd.recordPlaybook",
    request: ({ body }) => ({ body: renamed(body, { query: "query_text" }) }),
    reply: (native) => {
      const { playbook_id, version, role } = fieldsOf(native);
      return json({ playbook_id, version, role });
    },
  },
  {
    method: "POST",
    path: "/v1/vectors/search",
    operation: "vectord.search",
    request: ({ body }) => {
      const { index, ...rest } = fieldsOf(body);
      return { params: { index: String(index ?? "") }, body: rest };
    },
    reply: (native) =>
      json({
        hits: hitsOf(native).map((hit, at) => {
          const { rank = at, id, distance, metadata = {} } = fieldsOf(hit);
          return { rank, id, distance, metadata };
        }),
      }),
  },
  {
    method: "POST",
    path: "/v1/sql",
    operation: "queryd.sql",
    reply: (native) => {
      const { row_count } = fieldsOf(native);
      return json({ columns: columnNames(native), rows: rowLists(native), row_count });
    },
  },
  {
    method: "POST",
    path: "/v1/validate",
    operation: "validatord.validate",
    decides: [422],
    reply: (native) => {
      const error = firstError(native);
      if (error === undefined) return json(native);
      const { kind, path, message } = error;
      return json({ Kind: kind, Field: path, Reason: message });
    },
  },
  ...(["PUT", "GET", "HEAD", "DELETE"] as const).map((method): DialectRow => ({
    method,
    path: "/v1/storage/{key+}",
    operation: `storaged.${{ PUT: "put", GET: "get", HEAD: "head", DELETE: "remove" }[method]}`,
  })),
  { method: "GET", path: "/v1/storage", operation: "storaged.list", reply: (native) => json(native) },
];

/** As the house says them. */
const SAME = sameRows(
  ["catalogd", "ingestd", "pathwayd", "observerd", "chatd"],
  (path) => path,
  (native) => json(native),
);

const ITERATE: DialectRow = {
  method: "POST",
  path: "/v1/iterate",
  operation: "validatord.iterate",
  decides: [422],
  reply: (native) => json(native),
};

export const go: Dialect = {
  name: "go",
  prefix: "/_go",
  rows: [...SAID_DIFFERENTLY, ITERATE, ...SAME],
  fault: ({ status, message }: NativeFault) => ({
    status,
    contentType: "text/plain; charset=utf-8",
    headers: { "x-content-type-options": "nosniff" },
    text: `${message}\n`,
  }),
};
