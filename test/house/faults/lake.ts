// Provocations of the services that keep objects, tables and files, and of SQL. The fixture has a dataset `here` and an
// object `here`.

import { erase, get, post, type Provocations } from "./provocation.ts";

export const LAKE: Provocations = {
  "storaged.put": {
    conflict: { method: "PUT", path: "/v1/storage/here", body: "x", headers: { "if-none-match": "*" } },
    too_large: {
      method: "PUT",
      path: "/v1/storage/x",
      headers: { "content-length": String(257 * 1024 * 1024) },
    },
  },
  "storaged.get": { not_found: get("/v1/storage/nobody") },
  "storaged.head": { not_found: { method: "HEAD", path: "/v1/storage/nobody" } },
  "catalogd.dataset": { not_found: get("/v1/catalog/datasets/nobody") },
  "catalogd.drop": { not_found: erase("/v1/catalog/datasets/nobody") },
  "catalogd.snapshots": { not_found: get("/v1/catalog/datasets/nobody/snapshots") },
  "catalogd.rollback": { not_found: post("/v1/catalog/datasets/here/rollback", { snapshot_id: 5 }) },
  "catalogd.tag": {
    not_found: post("/v1/catalog/datasets/nobody/tags", { name: "a" }),
    conflict: post("/v1/catalog/datasets/here/tags", { name: "first" }),
  },
  "catalogd.schema": {
    not_found: { method: "PATCH", path: "/v1/catalog/datasets/here/schema", body: { drop: ["nobody"] } },
    conflict: {
      method: "PATCH",
      path: "/v1/catalog/datasets/here/schema",
      body: { add: [{ name: "id", type: "BIGINT" }] },
    },
  },
  "catalogd.append": {
    not_found: post("/v1/catalog/datasets/nobody/append", { rows: [{ id: 1 }] }),
    rejected: post("/v1/catalog/datasets/here/append", { rows: [{ id: "no number" }] }),
    conflict: {
      method: "POST",
      path: "/v1/catalog/datasets/here/append",
      body: { rows: [{ id: 8 }] },
      headers: { "idempotency-key": "appended" },
    },
  },
  "catalogd.maintain": { not_found: post("/v1/catalog/datasets/nobody/maintain") },
  "ingestd.ingest": {
    conflict: {
      method: "POST",
      path: "/v1/ingest?dataset=here",
      body: "id\n9\n",
      headers: { "idempotency-key": "once" },
    },
    rejected: { method: "POST", path: "/v1/ingest?dataset=here&contract=freeze", body: "id,more\n1,2\n" },
  },
  "ingestd.replay": { not_found: post("/v1/ingest/replay", { dataset: "nobody", ingest_id: "one" }) },
  "queryd.sql": {
    forbidden: post("/v1/sql", { sql: "drop table here" }),
    not_found: post("/v1/sql", { sql: "select * from nobody" }),
  },
  "queryd.sqlStream": {
    forbidden: { ...post("/v1/sql", { sql: "drop table here" }), headers: { accept: "text/csv" } },
    not_found: { ...post("/v1/sql", { sql: "select * from nobody" }), headers: { accept: "text/csv" } },
  },
};
