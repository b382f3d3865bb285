// Version 1 of the scorer. Never changed once rows were scored by it: a better one is a further version.

import type { Scorer } from "./rule.ts";

export const RULES_V1: Scorer = {
  version: "1",
  base: 0.5,
  rules: [
    {
      reason: "validation failed",
      when: { path: "validation.ok", is: false },
      category: "rejected",
      points: -0.5,
    },
    { reason: "protected term", when: { findingLike: "protected_term" }, category: "rejected", points: -0.5 },
    {
      reason: "no input text",
      when: { lacks: "input.messages" },
      category: "needs_human_review",
      points: -0.1,
    },
    {
      reason: "no output text",
      classes: [
        "iterate_accepted",
        "fill_accepted",
        "message_accepted",
        "validation_correction",
        "review_correction",
        "playbook_proven",
        "pathway_success",
        "truth_decision",
        "chat_call",
      ],
      when: { lacks: "output.text" },
      category: "needs_human_review",
      points: -0.1,
    },
    { reason: "passed every check", when: { path: "validation.ok", is: true }, points: 0.25 },
    {
      reason: "a person decided",
      classes: ["truth_decision", "review_correction"],
      when: { path: "output.made_by", is: "person" },
      points: 0.4,
    },
    {
      reason: "a person corrected it",
      classes: ["review_correction"],
      when: { has: "output.rejected" },
      points: 0.3,
    },
    {
      reason: "the correction passed",
      classes: ["validation_correction"],
      when: { has: "output.rejected" },
      points: 0.1,
    },
    {
      reason: "passed at once",
      classes: ["iterate_accepted"],
      when: { path: "output.rejected.length", is: 0 },
      points: 0.1,
    },
    {
      reason: "worked out",
      classes: ["fill_accepted", "playbook_proven", "pathway_success", "search_outcome", "shift_outcome"],
      when: { path: "outcome.score", atLeast: 0.8 },
      points: 0.3,
    },
    {
      reason: "worked out in part",
      classes: ["fill_accepted", "playbook_proven", "pathway_success", "search_outcome", "shift_outcome"],
      when: {
        all: [
          { path: "outcome.score", atLeast: 0.5 },
          { path: "outcome.score", below: 0.8 },
        ],
      },
      points: 0.1,
    },
    {
      reason: "did not work out",
      classes: ["fill_outcome", "playbook_recorded", "pathway_trace", "search_outcome", "shift_outcome"],
      when: { path: "outcome.score", below: 0.5 },
      category: "rejected",
      points: -0.4,
    },
    {
      reason: "rated well by a person",
      when: {
        all: [
          { path: "outcome.result", is: "rated" },
          { path: "outcome.score", atLeast: 0.75 },
        ],
      },
      points: 0.3,
    },
    {
      reason: "rated badly by a person",
      when: {
        all: [
          { path: "outcome.result", is: "rated" },
          { path: "outcome.score", below: 0.5 },
        ],
      },
      category: "rejected",
      points: -0.3,
    },
    // A model's opinion alone stays below every category but a person's review.
    {
      reason: "liked by a judge model",
      when: {
        all: [
          { path: "outcome.result", is: "judged_by_model" },
          { path: "outcome.score", atLeast: 0.75 },
        ],
      },
      points: 0.05,
    },
    {
      reason: "disliked by a judge model",
      when: {
        all: [
          { path: "outcome.result", is: "judged_by_model" },
          { path: "outcome.score", below: 0.5 },
        ],
      },
      points: -0.05,
    },
  ],
  thresholds: [
    ["accepted", 0.75],
    ["partially_accepted", 0.6],
    ["needs_human_review", 0.3],
  ],
};
