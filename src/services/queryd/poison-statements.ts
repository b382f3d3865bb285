// Statements that ended the engine which ran them: by crashing it, by outgrowing its memory, or twice by a kill from
// outside, which a system short of memory sends. Each is refused for a while, so that a client that sends it again, or many that do, cost one engine and not one each time. What is
// remembered is a hash of all that the statement was: its text, its parameters, and the data that it read.

import { LRUCache } from "lru-cache";
import { Fault } from "#rpc/fault";

/** Long enough to end a client's retries, short enough to come back after a change. */
const REFUSED_MS = 10 * 60_000;
/** About 200 KiB. */
const STATEMENTS_MAX = 1000;

export interface PoisonStatements {
  /** Throws why a statement of this identity is refused, if it is. */
  check(identity: string): void;
  /** From now on the statement is refused for this reason. */
  add(identity: string, fault: Fault): void;
  /** An engine was killed from outside while it ran the statement; true when that was not the first time. */
  suspect(identity: string): boolean;
}

export function poisonStatements(refusedMs = REFUSED_MS): PoisonStatements {
  const refused = new LRUCache<string, { message: string; until: number }>({ max: STATEMENTS_MAX });
  const suspects = new LRUCache<string, number>({ max: STATEMENTS_MAX });
  return {
    check: (identity) => {
      if (refused.size === 0) return;
      const known = refused.get(hashOf(identity));
      if (known === undefined) return;
      const leftMs = known.until - performance.now();
      if (leftMs <= 0) return;
      const minutes = Math.max(1, Math.ceil(leftMs / 60_000));
      throw new Fault(
        "rejected",
        `${known.message} It ended its engine a moment ago and is refused for ${minutes} more minutes; change the statement.`,
      );
    },
    add: (identity, { message }) => {
      refused.set(hashOf(identity), { message, until: performance.now() + refusedMs });
    },
    suspect: (identity) => {
      const hash = hashOf(identity);
      const before = suspects.get(hash);
      suspects.set(hash, performance.now());
      return before !== undefined && performance.now() - before < refusedMs;
    },
  };
}

function hashOf(identity: string): string {
  return new Bun.CryptoHasher("sha256").update(identity).digest("base64");
}
