// The probes by their names, in the order in which they run.

import type { Probe, ProbeName } from "./probe.ts";
import { audit } from "./probes/audit.ts";
import { embed } from "./probes/embed.ts";
import { extractJson } from "./probes/extract-json.ts";
import { materializer } from "./probes/materializer.ts";
import { search } from "./probes/search.ts";
import { sql } from "./probes/sql.ts";
import { storage } from "./probes/storage.ts";
import { validate } from "./probes/validate.ts";

export const PROBES: Readonly<Record<ProbeName, Probe>> = {
  embed,
  validate,
  extract_json: extractJson,
  materializer,
  search,
  sql,
  storage,
  audit,
};
