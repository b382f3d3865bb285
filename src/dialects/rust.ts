// The rust dialect, below /api, where paths have no version. Errors are `{"error": "..."}`; a verdict is an enum as serde
// writes it, tagged from outside: `{"Schema": {"field": "...", "reason": "..."}}`.

import {
  type Dialect,
  type DialectRow,
  fieldsOf,
  firstError,
  type ForeignReply,
  type NativeFault,
  renamed,
} from "./dialect.ts";
import { columnNames, embeddedText, hitsOf, objectRows, plainHit, sameRows, vectorSearch } from "./rows.ts";

function json(value: unknown): ForeignReply {
  return { contentType: "application/json", text: JSON.stringify(value) };
}

const VECTOR_NAMES = { query: "text", top_k: "k" } as const;
const HYBRID_NAMES = { query: "query_text", role: "query_role", top_k: "k" } as const;

const SAID_DIFFERENTLY: readonly DialectRow[] = [
  {
    method: "GET",
    path: "/health",
    answer: () => ({ contentType: "text/plain; charset=utf-8", text: "lakehouse ok" }),
  },
  {
    method: "POST",
    path: "/ai/embed",
    operation: "embedd.embed",
    form: () => "vectors",
    reply: (native) => {
      const { vectors, dimension, model } = fieldsOf(native);
      return json({ embeddings: vectors, dimensions: dimension, model });
    },
    replyText: (text) => {
      const found = embeddedText(text);
      if (found === undefined) return undefined;
      const { vectors, dimension, model } = found;
      return { ...json(null), text: `{"embeddings":${vectors},"dimensions":${dimension},"model":${model}}` };
    },
  },
  vectorSearch("/vectors/search", json, VECTOR_NAMES),
  {
    method: "POST",
    path: "/vectors/hybrid",
    operation: "matrixd.search",
    names: HYBRID_NAMES,
    request: ({ body }) => ({ body: renamed(body, HYBRID_NAMES) }),
    reply: (native) => {
      const { boosted = 0, injected = 0 } = fieldsOf(fieldsOf(native)["playbook"]);
      return json({ hits: hitsOf(native).map(plainHit), boosted, injected });
    },
  },
  {
    method: "POST",
    path: "/query",
    operation: "queryd.sql",
    reply: (native) => {
      const { rows, row_count } = fieldsOf(native);
      return json({ columns: columnNames(native), rows, row_count });
    },
  },
  {
    method: "POST",
    path: "/validate",
    operation: "validatord.validate",
    decides: [422],
    reply: (native) => {
      const error = firstError(native);
      return json(error === undefined ? native : variantOf(error));
    },
  },
  {
    method: "POST",
    path: "/iterate",
    operation: "validatord.iterate",
    decides: [422],
    reply: (native) => json(native),
  },
  {
    method: "POST",
    path: "/validate/extract",
    operation: "validatord.extract",
    reply: (native) => json(native),
  },
  ...objectRows("/storage/{key+}"),
  { method: "GET", path: "/storage", operation: "storaged.list", reply: (native) => json(native) },
];

/** Only a schema error names its field. */
function variantOf({ kind = "", path = "", message = "" }: Readonly<Record<string, unknown>>): unknown {
  const name = String(kind);
  const variant = name.charAt(0).toUpperCase() + name.slice(1);
  return { [variant]: name === "schema" ? { field: path, reason: message } : { reason: message } };
}

const SAME = sameRows(
  ["catalogd", "ingestd", "pathwayd", "observerd", "chatd"],
  (path) => path.replace(/^\/v1/, ""),
  (_, native) => json(native),
);

export const rust: Dialect = {
  name: "rust",
  prefix: "/api",
  rows: [...SAID_DIFFERENTLY, ...SAME],
  fault: ({ status, message }: NativeFault) => ({ ...json({ error: message }), status }),
};
