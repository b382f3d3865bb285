// Operations of matrixd on its taxonomy: the titles that people write for occupations. The shipped roles are always
// there; imported lists and the titles that a house learns from its own orders vote beside them. Each list of titles has
// a source, by which it is replaced or forgotten as a whole.

import { z } from "zod";
import { op } from "#rpc/contract";
import { datasetName, pageInput, plainName, timestamp } from "./shapes.ts";

/** Titles of one request: O*NET's alternate titles go in one. */
export const TITLES_A_REQUEST = 100_000;
/** Titles of all sources together: about 40 MB of memory. */
export const TITLES_MAX = 250_000;

/** A code of the Standard Occupational Classification; the two digits of O*NET behind the point are left out. */
export const socCode = z
  .string()
  .regex(/^\d\d-\d{4}(?:\.\d\d)?$/, "must be an occupation code such as 53-7051")
  .transform((code) => code.slice(0, 7));

const learntTitle = z.strictObject({
  title: z.string().trim().min(1).max(200),
  soc: socCode,
  count: z
    .number()
    .positive()
    .max(1e9)
    .default(1)
    .describe("How often the title was used for the occupation"),
});

const occupation = z.strictObject({
  soc: socCode,
  title: z.string().trim().min(1).max(200).describe("What the occupation is called"),
});

const learnt = z.object({
  source: plainName,
  learnt: z.int().describe("Pairs of a title and an occupation that are new or whose count changed"),
  titles: z.int().describe("Pairs that the source has now"),
  left_out: z.int().describe("Rows without a title or without an occupation code"),
  version: z.int().describe("Of the taxonomy; grows with every change"),
});
export type Learnt = z.infer<typeof learnt>;

const taxonomySource = z.object({
  source: plainName,
  titles: z.int(),
  occupations: z.int(),
  updated_at: timestamp,
});

export const taxonomyOperations = {
  taxonomy: op({
    method: "GET",
    path: "/v1/matrix/taxonomy",
    summary: "What the taxonomy is made of: shipped roles, imported and learnt titles",
    input: z.strictObject({}),
    output: z.object({
      version: z.int(),
      /** Roles that ship with the house. */
      roles: z.int(),
      titles: z.int(),
      titles_max: z.int(),
      occupations: z.int(),
      sources: z.array(taxonomySource),
    }),
    errors: [],
    scope: "read",
  }),
  taxonomyTitles: op({
    method: "GET",
    path: "/v1/matrix/taxonomy/titles",
    summary: "List imported and learnt titles, by occupation, source or the words they begin with",
    input: z.strictObject({
      soc: socCode.optional(),
      source: plainName.optional(),
      prefix: z.string().min(1).max(200).optional(),
      ...pageInput,
    }),
    output: z.object({
      titles: z.array(z.object({ title: z.string(), soc: z.string(), count: z.number(), source: plainName })),
      next_cursor: z.string().optional(),
    }),
    errors: [],
    scope: "read",
  }),
  learnTitles: op({
    method: "POST",
    path: "/v1/matrix/taxonomy/learn",
    summary: "Learn titles with their occupations: one that a person corrected, or a whole list",
    description:
      "A title that the source has already for the occupation takes the new count. With `replace` the source has these titles and no others afterwards, all at once.",
    input: z.strictObject({
      source: plainName.default("learnt").describe("Names the list, so that it can be replaced or forgotten"),
      titles: z.array(learntTitle).max(TITLES_A_REQUEST).default([]),
      occupations: z
        .array(occupation)
        .max(5000)
        .default([])
        .describe("Names of occupations that the shipped roles do not have"),
      replace: z.boolean().default(false),
    }),
    bodyBytesMax: 32 * 1024 * 1024,
    timeoutMs: 120_000,
    output: learnt,
    idempotent: true,
    errors: ["too_large", "unavailable"],
    scope: "write",
  }),
  learnDataset: op({
    method: "POST",
    path: "/v1/matrix/taxonomy/learn-dataset",
    summary: "Learn titles from a dataset of filled orders; what was learnt from it before is replaced",
    input: z.strictObject({
      dataset: datasetName,
      title: z.string().min(1).max(200).describe("Column of titles"),
      soc: z.string().min(1).max(200).describe("Column of occupation codes"),
      status: z
        .strictObject({ column: z.string().min(1).max(200), is: z.string().max(200) })
        .optional()
        .describe("Only rows with this status, such as filled"),
      source: plainName.optional().describe("The dataset's name unless given"),
    }),
    timeoutMs: 300_000,
    output: learnt,
    idempotent: true,
    errors: ["not_found", "too_large", "unavailable"],
    scope: "write",
  }),
  resetTaxonomy: op({
    method: "DELETE",
    path: "/v1/matrix/taxonomy",
    summary:
      "Start without imported and learnt titles where they are damaged; the damaged file is kept aside",
    input: z.strictObject({}),
    output: z.null(),
    status: 204,
    errors: ["conflict", "unavailable"],
    scope: "write",
  }),
  forgetTitles: op({
    method: "DELETE",
    path: "/v1/matrix/taxonomy/sources/{source}",
    summary: "Forget the titles of a source",
    input: z.strictObject({ source: plainName }),
    output: z.null(),
    status: 204,
    errors: ["not_found", "unavailable"],
    scope: "write",
  }),
};
