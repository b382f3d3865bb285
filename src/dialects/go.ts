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
import { filled } from "./zero-fields.ts";
import {
  columnNames,
  embeddedText,
  hitsOf,
  objectRows,
  plainHit,
  rowLists,
  sameRows,
  vectorSearch,
} from "./rows.ts";

const ESCAPED: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** JSON as Go's `json.Marshal` writes it; what is not there is null, for no field is left out. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value, (_, field: unknown) => (field === undefined ? null : field)) ?? "null";
  return text.replaceAll(/[<>&\u2028\u2029]/g, (character) => ESCAPED[character] ?? character);
}

function json(value: unknown, more: Partial<ForeignReply> = {}): ForeignReply {
  return { contentType: "application/json", text: goJson(value), ...more };
}

const NORMALIZED = { headers: { "x-lakehouse-normalized": "true" } } as const;
const SEARCH_NAMES = { query: "query_text", role: "query_role" } as const;
const RECORD_NAMES = { query: "query_text" } as const;

const SAID_DIFFERENTLY: readonly DialectRow[] = [
  { method: "GET", path: "/health", answer: () => json({ status: "ok", service: "gateway" }) },
  {
    method: "POST",
    path: "/v1/embed",
    operation: "embedd.embed",
    form: () => "vectors",
    // The older side gave vectors as long as its model made them; those of the house have unit length, which a header says.
    reply: (native) => {
      const { vectors = [], dimension = 0, model = "" } = fieldsOf(native);
      return json({ vectors, dimension, model }, NORMALIZED);
    },
    replyText: (text) => {
      const found = embeddedText(text);
      if (found === undefined) return undefined;
      const { vectors, dimension, model } = found;
      const name = goJson(JSON.parse(model));
      return {
        ...json(null),
        ...NORMALIZED,
        text: `{"vectors":${vectors},"dimension":${dimension},"model":${name}}`,
      };
    },
  },
  ...(["/v1/matrix/search", "/v1/matrix/retrieve"] as const).map((path): DialectRow => ({
    method: "POST",
    path,
    operation: path.endsWith("search") ? "matrixd.search" : "matrixd.retrieve",
    names: SEARCH_NAMES,
    request: ({ body }) => ({ body: renamed(body, SEARCH_NAMES) }),
    reply: (native) => {
      const { boosted = 0, injected = 0 } = fieldsOf(fieldsOf(native)["playbook"]);
      return json({ hits: hitsOf(native).map(plainHit), boosted, injected });
    },
  })),
  {
    method: "POST",
    path: "/v1/matrix/playbooks/record",
    operation: "matrixd.recordPlaybook",
    names: RECORD_NAMES,
    request: ({ body }) => ({ body: renamed(body, RECORD_NAMES) }),
    reply: (native) => {
      const { playbook_id = "", version = 0, role = "" } = fieldsOf(native);
      return json({ playbook_id, version, role });
    },
  },
  vectorSearch("/v1/vectors/search", json),
  {
    method: "POST",
    path: "/v1/sql",
    operation: "queryd.sql",
    reply: (native) => {
      const { row_count = 0 } = fieldsOf(native);
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
      if (error === undefined) return json(filled("validatord.validate", native));
      const { kind = "", path = "", message = "" } = error;
      return json({ Kind: kind, Field: path, Reason: message });
    },
  },
  same("POST", "/v1/validate/extract", "validatord.extract"),
  ...objectRows("/v1/storage/{key+}"),
  same("GET", "/v1/storage", "storaged.list"),
];

/** As the house says them, with no field left out. */
function same(method: DialectRow["method"], path: string, operation: string): DialectRow {
  return { method, path, operation, reply: (native) => json(filled(operation, native)) };
}

const SAME = sameRows(
  ["catalogd", "ingestd", "pathwayd", "observerd", "chatd"],
  (path) => path,
  (operation, native) => json(filled(operation, native)),
);

const ITERATE: DialectRow = { ...same("POST", "/v1/iterate", "validatord.iterate"), decides: [422] };

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
