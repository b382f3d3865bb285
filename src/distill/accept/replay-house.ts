// The house that acceptance replays against: a script that answers by its prompt, and checks that follow from the artifact
// alone. What is proved is the replay around them.

import type { Finding } from "#contracts/validate";
import { canonicalJson } from "#lib/canonical-json";
import { Fault } from "#rpc/fault";
import { sha256Hex } from "../files/digest.ts";
import type { ReplayDeps } from "../replay/replay.ts";

/** Even or odd, by the hash of a value. */
const isEven = (value: unknown): boolean =>
  Number.parseInt(sha256Hex(canonicalJson(value)).slice(0, 2), 16) % 2 === 0;

export const FINDING: Finding = {
  code: "fill.geo",
  kind: "policy",
  severity: "error",
  path: "fills",
  message: "made for the fixture",
};

export const REPLAY_HOUSE: ReplayDeps["house"] = {
  matrixd: {
    search: () => Promise.reject(new Fault("unavailable", "Acceptance retrieves nothing.")),
  },
  chatd: {
    chat: async ({ messages }) => ({
      id: "scripted",
      provider: "scripted",
      model: "any",
      message: {
        role: "assistant",
        content: JSON.stringify({ fills: [{ worker_id: sha256Hex(canonicalJson(messages)) }] }),
      },
      finish_reason: "stop",
      usage: { input_tokens: 0, output_tokens: 0 },
      attempts: [],
      took_ms: 0,
    }),
  },
  validatord: {
    validate: async ({ kind, artifact }) => ({
      ok: isEven(artifact),
      kind,
      findings: isEven(artifact) ? [] : [FINDING],
      checked: [],
      roster_version: "1",
      took_ms: 0,
    }),
  },
};
