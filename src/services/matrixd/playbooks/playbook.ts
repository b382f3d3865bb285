// What a playbook is: one query, answer, role and actor, with the versions that were recorded of it and the changes of its
// state since. Nothing is overwritten, so that any past moment can be asked for: `standingAt` is the one way to
// know what a playbook said and whether it acted.

import type { PlaybookRecord } from "#contracts/matrix";
import type { OrderPlace } from "./order-place.ts";

export interface Version {
  readonly version: number;
  /** 0 to 1. */
  readonly score: number;
  readonly outcome: PlaybookRecord["outcome"];
  readonly tags: readonly string[] | undefined;
  /** Milliseconds since the epoch, as all times here. */
  readonly recordedAt: number;
  readonly expiresAt: number | undefined;
  /** The API key. */
  readonly recordedBy: string;
}

export interface Change {
  readonly at: number;
  readonly to: "disabled" | "enabled" | "removed";
  readonly by: string;
  readonly reason: string;
}

/** What one later outcome says about a version: DCG@10 with it less DCG@10 without it. */
export interface Replay {
  readonly version: number;
  readonly at: number;
  readonly effect: number;
}

/** Who said what about which query; never changes. */
export interface PlaybookKey {
  readonly corpus: string;
  readonly queryText: string;
  /** Null where none is known for sure. */
  readonly role: string | null;
  readonly answerId: string;
  readonly actor: string;
}

export interface Playbook extends PlaybookKey {
  readonly id: string;
  /** Where the recorded query wants people; undefined in records that were made before this was kept. */
  readonly place?: OrderPlace | undefined;
  /** By version, from 1; never empty. */
  readonly versions: readonly Version[];
  /** In the order in which they happened. */
  readonly changes: readonly Change[];
  /** By the outcome that it was replayed against. */
  readonly replays: ReadonlyMap<string, Replay>;
  readonly exposures: number;
  readonly lastExposedAt: number | undefined;
}

export interface Standing {
  readonly version: Version;
  readonly state: "active" | "disabled" | "expired" | "removed";
  /** The change that disabled it. */
  readonly disabled: Change | undefined;
}

/** What a playbook was at a moment; undefined before it was recorded. */
export function standingAt({ versions, changes }: Playbook, at: number): Standing | undefined {
  const version = versions.findLast(({ recordedAt }) => recordedAt <= at);
  if (version === undefined) return undefined;
  const removal = changes.findLast((change) => change.to === "removed" && change.at <= at);
  // What is recorded after a removal is a playbook again.
  if (removal !== undefined && removal.at >= version.recordedAt)
    return { version, state: "removed", disabled: undefined };
  const last = changes.findLast((change) => change.to !== "removed" && change.at <= at);
  if (last?.to === "disabled") return { version, state: "disabled", disabled: last };
  const isExpired = version.expiresAt !== undefined && version.expiresAt <= at;
  return { version, state: isExpired ? "expired" : "active", disabled: undefined };
}

/** The same for the same query, answer, role and actor. */
export function playbookIdOf(key: PlaybookKey): string {
  const { corpus, queryText, role, answerId, actor } = key;
  return `pb_${digest([corpus, canonicalText(queryText), role, answerId, actor])}`;
}

/** Names a query within its corpus and role. */
export function queryKeyOf({ corpus, queryText, role }: Omit<PlaybookKey, "answerId" | "actor">): string {
  return digest([corpus, canonicalText(queryText), role]);
}

export function canonicalText(text: string): string {
  return text.normalize("NFC").trim().replaceAll(/\s+/g, " ");
}

/** Of 128 bits: playbooks by accident the same are not to be expected. */
const ID_CHARS = 32;

function digest(parts: readonly (string | null)[]): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, ID_CHARS);
}
