// Operation paths: `/v1/vectors/{index}/search`, and `{key+}` as the last segment for a name with slashes.

import { Fault } from "./fault.ts";

interface Part {
  readonly name: string;
  /** Which segment of the path, counted from 0. */
  readonly segment: number;
  readonly greedy: boolean;
}

export interface PathPlan {
  readonly parts: readonly Part[];
  /** What every path of it begins with. */
  readonly prefix: string;
  /** The pattern as Bun.serve and Hono both write it: `/v1/vectors/:index`, `/v1/storage/*`. */
  readonly pattern: string;
}

export function planPath(path: string): PathPlan {
  const parts: Part[] = [];
  const segments = path
    .slice(1)
    .split("/")
    .map((segment, index) => {
      const name = /^\{(\w+)(\+?)\}$/.exec(segment);
      if (name === null) return segment;
      const greedy = name[2] === "+";
      parts.push({ name: name[1] ?? "", segment: index, greedy });
      return greedy ? "*" : `:${name[1] ?? ""}`;
    });
  return { parts, prefix: path.replace(/\{.*/, ""), pattern: `/${segments.join("/")}` };
}

/** The path fields of a request's URL, decoded. */
export function readPath(plan: PathPlan, url: string): Record<string, string> {
  const fields: Record<string, string> = {};
  if (plan.parts.length === 0) return fields;
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", start);
  const path = url.slice(start, query === -1 ? undefined : query);
  // The route was chosen by the path as it was sent; in the URL its dots are resolved, which may have changed it.
  if (!path.startsWith(plan.prefix)) throw new Fault("invalid", "The path leaves its own beginning.");
  if (/%2f/i.test(path)) {
    throw new Fault(
      "invalid",
      "An encoded slash (%2F) is not accepted in a path: send it as it is, or leave it out.",
    );
  }
  const segments = path.slice(1).split("/");
  for (const { name, segment, greedy } of plan.parts) {
    const raw = greedy ? segments.slice(segment).join("/") : (segments[segment] ?? "");
    try {
      fields[name] = decodeURIComponent(raw);
    } catch {
      throw new Fault("invalid", `${name} is not valid percent-encoded UTF-8.`, {
        details: [{ path: name, message: "is not valid percent-encoded UTF-8" }],
      });
    }
  }
  return fields;
}

/**
 * The path with its fields filled in, encoded. Throws `invalid` for what would be another path: dots, which a URL resolves, and a
 * segment that is empty.
 */
export function writePath(path: string, fields: Readonly<Record<string, unknown>>): string {
  return path.replaceAll(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) => {
    const value = String(fields[name]);
    const wrong = unwritable(value, greedy === "+");
    if (wrong !== undefined)
      throw new Fault("invalid", `${name}: ${wrong}.`, { details: [{ path: name, message: wrong }] });
    return greedy === "+" ? value.split("/").map(encodeURIComponent).join("/") : encodeURIComponent(value);
  });
}

function unwritable(value: string, isGreedy: boolean): string | undefined {
  if (value.split("/").some((segment) => segment === "." || segment === "..")) return ". and .. are no names";
  return value === "" && !isGreedy ? "must not be empty" : undefined;
}
