// What a transform is: the schema of its log's lines, and what it makes of one. Pure: the same line gives the same evidence.

import type { z } from "zod";
import type { Transformed } from "../schemas/evidence.ts";

export interface Transform {
  readonly schema: z.ZodType;
  readonly of: (line: unknown) => Transformed;
}

export function transform<S extends z.ZodType>(schema: S, of: (line: z.output<S>) => Loose): Transform {
  return { schema, of: (line) => compact(of(line as z.output<S>)) };
}

/** As evidence, with undefined where a member is not there. */
export type Loose = Undefinable<Transformed>;

type Undefinable<T> = T extends readonly (infer Item)[]
  ? Undefinable<Item>[]
  : T extends object
    ? { [K in keyof T]: undefined extends T[K] ? Undefinable<T[K]> | undefined : Undefinable<T[K]> }
    : T;

/** Without the members that are undefined. A 0, an empty text and false stay. */
function compact(value: Loose): Transformed {
  return withoutUndefined(value) as Transformed;
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null) return value;
  const kept: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (member !== undefined) kept[name] = withoutUndefined(member);
  }
  return kept;
}

interface Taught {
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly response_id?: string | undefined;
}

/** The model that a line names; undefined where it names none. */
export function teacherOf({ provider, model, response_id }: Taught): Loose["teacher"] {
  if (provider === undefined && model === undefined) return undefined;
  return { provider: provider ?? "unknown", model: model ?? "unknown", response_id };
}

/** A conversation of one message. */
export function asked(text: string | undefined, system?: string): Loose["input"]["messages"] {
  if (text === undefined || text === "") return undefined;
  const user = { role: "user" as const, content: text };
  return system === undefined ? [user] : [{ role: "system", content: system }, user];
}

export function codesOf(findings: readonly { readonly code: string }[] | undefined): string[] {
  return [...new Set((findings ?? []).map(({ code }) => code))];
}
