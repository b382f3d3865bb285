// Statements that ended the engine which ran them, by crashing it or by outgrowing its memory. Each is refused for a
// while, so that a client that sends it again, or many that do, cost one engine and not one each time. What is
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
}

export function poisonStatements(refusedMs = REFUSED_MS): PoisonStatements {
  const refused = new LRUCache<string, { message: string; until: number }>({ max: STATEMENTS_MAX });
  return {
    check: (identity) => {
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
  };
}

function hashOf(identity: string): string {
  return new Bun.CryptoHasher("sha256").update(identity).digest("base64");
}
