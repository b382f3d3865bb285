// The path as it was sent, for names with slashes. The platform resolves `.`, `..`, their encoded forms and backslashes
// in a request's URL before anything here sees it, so `a/../b` would silently name another object than the client wrote.
// Its router, though, matches and decodes the path as it was sent: with a pattern for each depth, the parameters of a
// match are the segments that were sent, and are compared with those of the URL.

import { Fault } from "#rpc/fault";

/** Names with more segments than this are matched by the wildcard alone and not compared. */
const DEPTH_MAX = 32;

const WILDCARD = "/*";

/** The pattern itself, and where it ends in a wildcard one for each depth below it. */
export function patternsOf(pattern: string): readonly string[] {
  if (!pattern.endsWith(WILDCARD)) return [pattern];
  const start = pattern.slice(0, -WILDCARD.length);
  const depths: string[] = [];
  for (let depth = 1, below = start; depth <= DEPTH_MAX; depth += 1) {
    below += `/:_${depth}`;
    depths.push(below);
  }
  return [...depths, pattern];
}

/** Throws `invalid` when the URL of a request that matched one of `pattern`'s patterns names another path than was sent. */
export function checkUnfolded(request: Request, pattern: string): void {
  const sent = Object.entries((request as { params?: Record<string, string> }).params ?? {})
    .filter(([name]) => name.startsWith("_"))
    .map(([, segment]) => segment);
  const below = new URL(request.url).pathname.split("/").slice(pattern.split("/").length - 1);
  const same =
    sent.length > 0
      ? sent.length === below.length && sent.every((segment, at) => isSent(below[at] ?? "", segment))
      : // Only a path with an empty segment, or a deeper one, matches the wildcard alone.
        below.length > DEPTH_MAX || below.includes("");
  if (same) return;
  throw new Fault("invalid", "The path has a . or .. segment or a backslash: write the name without them.");
}

function isSent(segment: string, sent: string): boolean {
  try {
    return decodeURIComponent(segment) === sent;
  } catch {
    // No UTF-8: the operation refuses it with its own words.
    return true;
  }
}
