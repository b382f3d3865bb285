// Fixes as findings carry them: a path into an artifact and the value that belongs there. Applying them needs no judgement,
// so the console, fills and the correction of drafts all do it by this one function.

export interface Fix {
  /** `fills[2].worker_id` */
  readonly path: string;
  readonly value: unknown;
}

const STEP = /[^.[\]]+/g;
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "prototype", "constructor"]);

/**
 * A copy of the artifact with the fixes of the findings applied, in their order. A fix whose place is not there changes
 * nothing; of several for one place the first holds.
 */
export function applyFixes<T>(artifact: T, findings: readonly { readonly fix?: Fix | undefined }[]): T {
  let fixed = artifact;
  const done = new Set<string>();
  for (const { fix } of findings) {
    if (fix === undefined || done.has(fix.path)) continue;
    done.add(fix.path);
    fixed = withValue(fixed, fix.path.match(STEP) ?? [], fix.value) as T;
  }
  return fixed;
}

function withValue(whole: unknown, [step, ...rest]: readonly string[], value: unknown): unknown {
  if (step === undefined) return value;
  if (FORBIDDEN.has(step) || typeof whole !== "object" || whole === null) return whole;
  if (Array.isArray(whole)) {
    const at = Number(step);
    if (!Number.isInteger(at) || at < 0 || at >= whole.length) return whole;
    return whole.map((item: unknown, place) => (place === at ? withValue(item, rest, value) : item));
  }
  const record = whole as Record<string, unknown>;
  if (rest.length > 0 && !Object.hasOwn(record, step)) return whole;
  return { ...record, [step]: withValue(record[step], rest, value) };
}
