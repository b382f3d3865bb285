import { join } from "node:path";
import { sqliteState } from "#adapters/state";
import { keyPart, loadPlaybooks, saveParts, versionPart } from "#services/matrixd/playbooks/store";
import type { Writer } from "./writer.ts";

/** Step `n` records the version `n >> 1` of one of two playbooks. */
function playbookParts(n: number): Parameters<typeof saveParts>[1] {
  const id = `pb_${n % 2}`;
  const key = { corpus: "people", queryText: `query ${n % 2}`, role: "Welder", answerId: "w1", actor: "a" };
  const said = { score: 1 / (n + 1), outcome: undefined, tags: [`step ${n}`], expiresAt: undefined };
  const version = { version: (n >> 1) + 1, recordedAt: n + 1, recordedBy: "local", ...said };
  return [...(n < 2 ? [keyPart(id, key)] : []), versionPart(id, version)];
}

export const playbooksWriter: Writer = {
  open: async (folder) => {
    const state = sqliteState(join(folder, "playbooks.sqlite"));
    await loadPlaybooks(state);
    return { step: (n) => saveParts(state, playbookParts(n)), close: () => state.close() };
  },
  check: async (folder, acked, tried) => {
    const state = sqliteState(join(folder, "playbooks.sqlite"));
    const there = (await loadPlaybooks(state)).flatMap(({ versions }) =>
      versions.flatMap(({ tags = [] }) => tags),
    );
    await state.close();
    const wrong = acked.filter((n) => !there.includes(`step ${n}`)).map((n) => `record ${n} is gone`);
    if (there.length > tried) wrong.push(`there are ${there.length} records of ${tried}`);
    return wrong;
  },
};
