// Options of a load that came in its form: each as a field of its own name, or several as a JSON object in the field
// `options`. They mean what they mean in the query, where long ones have no room; an option that is given in both
// places must be the same in both.

import type { z } from "zod";
import { ingestFormFields } from "#contracts/ingest";
import { Fault } from "#rpc/fault";
import { textFieldsReader } from "#rpc/input/input";
import { parseInput } from "#rpc/input/invalid-input";
import { parseJson } from "#rpc/input/json-check";
import { OPTIONS_FIELD, type Sent } from "./multipart.ts";

type Options = z.output<typeof ingestFormFields>;

const readTexts = textFieldsReader(ingestFormFields);

/** What a query that says nothing says. */
const UNSAID: Options = { mode: "append", contract: "evolve", format: "auto", dry_run: false };

/** The input with the options of its form. Throws `invalid` for what is no option, and for one that is given twice. */
export function withFormOptions<I extends Options>(input: I, fields: Sent["fields"]): I {
  if (fields.length === 0) return input;
  const given = new Map<string, unknown>();
  for (const [name, value] of optionsIn(fields)) {
    if (given.has(name)) throw new Fault("invalid", `${name}: is given twice in the form.`);
    given.set(name, value);
  }
  const options = parseInput(ingestFormFields, Object.fromEntries(given)) as Options;
  for (const name of Object.keys(options) as (keyof Options)[]) {
    const before = input[name];
    if (before === undefined || before === UNSAID[name] || Bun.deepEquals(before, options[name])) continue;
    throw new Fault("invalid", `${name}: is another one in the query than in the form.`);
  }
  return { ...input, ...options };
}

function* optionsIn(fields: Sent["fields"]): Generator<readonly [string, unknown]> {
  for (const [name, text] of fields) {
    if (name !== OPTIONS_FIELD) yield* Object.entries(readTexts([[name, text]]));
    else yield* Object.entries(objectOf(text));
  }
}

function objectOf(text: string): object {
  const value: unknown = parseJson(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Fault(
    "invalid",
    `${OPTIONS_FIELD}: must be a JSON object of options, as in {"types":{"zip":"string"}}.`,
  );
}
