// Playbooks as they go over the wire, and what later outcomes say about them in sum.

import type { NewEvent } from "#contracts/journal";
import type { Playbook as WirePlaybook } from "#contracts/matrix";
import { present } from "#lib/assert";
import { effectOf } from "./effect.ts";
import { type Playbook, standingAt, type Version } from "./playbook.ts";

export function describedPlaybook(playbook: Playbook, now: number): WirePlaybook {
  const { versions } = playbook;
  const standing = standingAt(playbook, Math.max(now, versions.at(-1)?.recordedAt ?? 0));
  const version = standing?.version ?? present(versions.at(-1), "a playbook has a version");
  const { disabled } = standing ?? {};
  return {
    playbook_id: playbook.id,
    query_text: playbook.queryText,
    role: playbook.role,
    answer_id: playbook.answerId,
    answer_corpus: playbook.corpus,
    actor: playbook.actor,
    ...describedVersion(version),
    effect: effectOf(version),
    state: standing === undefined || standing.state === "removed" ? "active" : standing.state,
    ...(disabled === undefined
      ? {}
      : { disabled: { at: rfc3339(disabled.at), by: disabled.by, reason: disabled.reason } }),
  };
}

/** Who switches a harmful playbook off. */
export const HARM_LIMIT = "harm_limit";

/** What later outcomes say about the version that counts, since it was last enabled. */
export function evidenceOf(playbook: Playbook): { judged: number; lift: number; harm: number } {
  const version = playbook.versions.at(-1)?.version;
  const since = playbook.changes.findLast(({ to }) => to === "enabled")?.at ?? 0;
  const effects = [...playbook.replays.values()]
    .filter((replay) => replay.version === version && replay.at >= since)
    .map(({ effect }) => effect);
  const sum = (of: (effect: number) => number): number => effects.reduce((all, one) => all + of(one), 0);
  return {
    judged: effects.length,
    lift: sum((effect) => Math.max(0, effect)),
    harm: sum((effect) => Math.max(0, -effect)),
  };
}

export function describedVersion({
  version,
  score,
  outcome,
  tags,
  recordedAt,
  expiresAt,
  recordedBy,
}: Version): Pick<
  WirePlaybook,
  "version" | "score" | "outcome" | "tags" | "recorded_at" | "expires_at" | "recorded_by"
> {
  return {
    version,
    score,
    ...(outcome === undefined ? {} : { outcome }),
    ...(tags === undefined ? {} : { tags: [...tags] }),
    recorded_at: rfc3339(recordedAt),
    ...(expiresAt === undefined ? {} : { expires_at: rfc3339(expiresAt) }),
    recorded_by: recordedBy,
  };
}

export function rfc3339(at: number): string {
  return new Date(at).toISOString();
}

/** The event of a version that was recorded. The query's words stay out: an order may name people. */
export function recordedEvent({
  playbook_id: subject,
  version,
  role,
  answer_id,
  answer_corpus,
  score,
  outcome,
  effect,
  actor,
  recorded_at: at,
}: WirePlaybook): NewEvent {
  const data = { version, role, answer_id, answer_corpus, score, effect, ...(outcome && { outcome }) };
  return { id: `${subject}.${version}`, type: "playbook.recorded", subject, actor, at, data };
}
