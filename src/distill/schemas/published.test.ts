// The files of docs/schemas are made from the schemas of the code, and rewritten on purpose only, with:
// SCHEMAS=write bun test src/distill/schemas

import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { PUBLISHED } from "./published.ts";

const FOLDER = join(import.meta.dir, "../../../docs/schemas");

function published(name: string, schema: z.ZodType): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return `${JSON.stringify({ $schema, title: name, ...rest }, null, 2)}\n`;
}

// oxlint-disable-next-line node/no-process-env -- a switch of this test alone
if (process.env["SCHEMAS"] === "write") {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, schema] of Object.entries(PUBLISHED))
    writeFileSync(join(FOLDER, `${name}.json`), published(name, schema));
}

test("docs/schemas has each schema as the code has it, and nothing else", () => {
  expect(readdirSync(FOLDER).sort()).toEqual(
    Object.keys(PUBLISHED)
      .map((name) => `${name}.json`)
      .sort(),
  );
  for (const [name, schema] of Object.entries(PUBLISHED)) {
    expect(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")), name).toEqual(
      JSON.parse(published(name, schema)),
    );
  }
});
