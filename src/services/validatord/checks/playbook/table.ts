// The checks of a playbook, in the order in which their findings come.

import type { Check } from "../check.ts";
import { isActive } from "../fill/people.ts";
import type { PlaybookSubject } from "./subject.ts";

type PlaybookCheck = Check<PlaybookSubject>;

/** From this score on a playbook moves rankings much, and an outcome must speak for it. */
const EVIDENCE_SCORE = 0.8;
/** Events that say how a shift went. */
const OUTCOME_EVENT = /^(?:shift\.completed|outcome\.[a-z_]+)$/;
/** A recommendation that is older says little of the people of today, unless it says itself how long it holds. */
const TTL_DAYS = 365;
const DAY_MS = 86_400_000;

const schema: PlaybookCheck = {
  code: "playbook.schema",
  kind: "schema",
  severity: "error",
  tests: "query_text, answer_id and answer_corpus are texts, score is a number from 0 to 1",
  whole: ({ defects }) => defects,
};

const answerExists: PlaybookCheck = {
  code: "playbook.answer_exists",
  kind: "consistency",
  severity: "error",
  tests: "the answer is a row of its corpus, and neither inactive nor do_not_hire",
  applies: ({ answer }) => answer.state !== "unasked",
  whole: function* ({ answer, record: { answer_id, answer_corpus } }) {
    if (answer.state === "no_corpus")
      yield {
        path: "answer_corpus",
        message: `there is no corpus ${answer_corpus}`,
        actual: answer_corpus,
        hint: "Name a corpus that searches use.",
      };
    else if (answer.state === "absent")
      yield {
        path: "answer_id",
        message: `${answer_id} is not in ${answer_corpus}`,
        actual: answer_id,
        hint: "Record an answer that a search gave.",
      };
    else if (answer.state === "found" && isGone(answer.worker.status))
      yield {
        path: "answer_id",
        message: `${answer_id} has the status ${answer.worker.status}`,
        actual: answer.worker.status,
        hint: "A playbook must not bring back whom nobody sends.",
      };
  },
};

function isGone(status: string): boolean {
  return status === "inactive" || status === "do_not_hire";
}

const roleGate: PlaybookCheck = {
  code: "playbook.role_gate",
  kind: "consistency",
  severity: "error",
  tests: "the role of the query and the role of the answer are one occupation; an unknown role is none",
  applies: ({ answer, policy, record }) =>
    answer.state === "found" && policy.gate !== "off" && record.query_text !== "",
  whole: function* ({ answer, asked, policy, know }) {
    if (answer.state !== "found") return;
    const { worker } = answer;
    const own = know.occupation(worker.role, worker.soc);
    if (own.soc !== undefined && own.soc === asked.soc) return;
    const adjacent = own.role?.adjacent.some((name) => know.occupation(name).soc === asked.soc) === true;
    yield {
      path: "role",
      severity: adjacent && policy.gate === "adjacent" ? "warning" : "error",
      message:
        asked.soc === undefined
          ? "which role the query asks for is not known"
          : own.soc === undefined
            ? `which role the answer has is not known: ${worker.role || "none"}`
            : `the query asks for ${asked.title}, and the answer is a ${worker.role}`,
      expected: asked.title ?? null,
      actual: worker.role,
      hint: "A playbook never crosses roles.",
    };
  },
};

const evidence: PlaybookCheck = {
  code: "playbook.evidence",
  kind: "completeness",
  severity: "error",
  tests:
    "a score of 0.8 or more has the journal's event of an outcome (shift.completed, outcome...) of this answer, and nobody scores an own proposal",
  whole: function* ({ record, outcome }) {
    const { score = 0, event_id, actor, proposed_by, answer_id } = record;
    if (score >= EVIDENCE_SCORE && event_id === undefined)
      yield {
        path: "outcome.event_id",
        message: `a score of ${score} needs the event of an outcome`,
        expected: "shift.completed",
        hint: "Give the id of the event that says how the shift went, or a score below 0.8.",
      };
    if (event_id !== undefined && outcome === null)
      yield {
        path: "outcome.event_id",
        message: `the journal has no event ${event_id}`,
        actual: event_id,
        hint: "Give the id of a recorded event.",
      };
    else if (outcome && !OUTCOME_EVENT.test(outcome.type))
      yield {
        path: "outcome.event_id",
        message: `${event_id} is ${outcome.type}, which says nothing of how a shift went`,
        expected: "shift.completed",
        actual: outcome.type,
      };
    else if (outcome?.worker_id !== undefined && outcome.worker_id !== answer_id)
      yield {
        path: "outcome.event_id",
        message: `${event_id} is of ${outcome.worker_id}`,
        expected: answer_id,
        actual: outcome.worker_id,
      };
    const scoredBy = actor ?? outcome?.actor;
    if (proposed_by !== undefined && scoredBy !== undefined && isSameActor(proposed_by, scoredBy))
      yield {
        path: "proposed_by",
        message: `${proposed_by} proposed this and scored it`,
        actual: proposed_by,
        hint: "Somebody else must score it.",
      };
  },
};

/** However they were typed: nobody scores an own proposal by a capital. */
function isSameActor(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}

const conflict: PlaybookCheck = {
  code: "playbook.conflict",
  kind: "consistency",
  severity: "error",
  tests: "no block of the worker, everywhere or for the order's client or site, speaks against it",
  applies: ({ answer }) => answer.state === "found",
  whole: function* ({ blocks, order, now, record }) {
    const active = blocks.find((block) => {
      if (order !== undefined) return isActive(block, { start: Date.parse(order.start_at), order });
      const begun = !block.start_at || Date.parse(block.start_at) <= now;
      const over = block.end_at && Date.parse(block.end_at) <= now;
      return block.scope === "system" && begun && !over;
    });
    if (active === undefined) return;
    yield {
      path: "answer_id",
      message: `${record.answer_id} is blocked${active.reason ? `: ${active.reason}` : ""}`,
      actual: active.scope,
      hint: "Record another answer, or end the block first.",
    };
  },
};

const stale: PlaybookCheck = {
  code: "playbook.stale",
  kind: "policy",
  severity: "warning",
  tests: `it is not older than ttl_days (${TTL_DAYS}), and has not acted as often as exposure_cap`,
  whole: function* ({ record, now }) {
    const { recorded_at, ttl_days = TTL_DAYS, exposures, exposure_cap } = record;
    if (recorded_at !== undefined && now - recorded_at > ttl_days * DAY_MS) {
      const days = Math.floor((now - recorded_at) / DAY_MS);
      yield {
        path: "recorded_at",
        message: `is ${days} days old; it holds for ${ttl_days}`,
        expected: ttl_days,
        actual: days,
        hint: "Record it again on a newer outcome.",
      };
    }
    if (exposures !== undefined && exposure_cap !== undefined && exposures >= exposure_cap)
      yield {
        path: "exposures",
        message: `has acted ${exposures} times; ${exposure_cap} are allowed`,
        expected: exposure_cap,
        actual: exposures,
        hint: "Let others be found too.",
      };
  },
};

export const PLAYBOOK_CHECKS: readonly PlaybookCheck[] = [
  schema,
  answerExists,
  roleGate,
  evidence,
  conflict,
  stale,
];
