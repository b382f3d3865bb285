// Starts a run: which stages, for which trainers, and what is held out.

import { type ReactNode, useState } from "react";
import type { RunStage } from "#contracts/distill";
import { Dialog } from "../parts/dialog.tsx";
import { Problem } from "../parts/notice.tsx";
import { distilld } from "../wire/client.ts";
import { useWork } from "../wire/use-work.ts";

const STAGES = [
  ["capture", "Take what the journal has since last time"],
  ["materialize", "Make evidence of it"],
  ["score", "Score the evidence by rules"],
  ["export", "Write files that train"],
  ["replay", "Ask models again, and compare"],
  ["accept", "Check that the stages keep their promises, on material made for it"],
  ["audit", "Compute everything again, and compare with earlier"],
] as const satisfies readonly (readonly [RunStage, string])[];

const USUAL: readonly RunStage[] = ["materialize", "score", "export"];
const TRAINERS = ["trl", "openai", "axolotl", "llamafactory", "native"] as const;
type Trainer = (typeof TRAINERS)[number];

export function StartForm({
  root,
  onClose,
  onStarted,
}: {
  readonly root: string;
  readonly onClose: () => void;
  readonly onStarted: (runId: string) => void;
}): ReactNode {
  const [stages, setStages] = useState<readonly RunStage[]>(USUAL);
  const [targets, setTargets] = useState<readonly Trainer[]>(["trl"]);
  const [holdout, setHoldout] = useState("10");
  const [baseline, setBaseline] = useState(false);
  const [breaches, setBreaches] = useState(false);
  const [models, setModels] = useState("");
  const { busy, fault, run } = useWork();
  const start = (): void =>
    run(async () => {
      const named = models.split(/[\s,]+/).filter(Boolean);
      const { run_id } = await distilld.start({
        root,
        stages: [...stages],
        targets: [...targets],
        ...(holdout.trim() === "" ? {} : { holdout_percent: Number(holdout) }),
        ...(stages.includes("audit") ? { append_baseline: baseline } : {}),
        ...(stages.includes("accept") ? { breaches } : {}),
        ...(stages.includes("replay") ? { replay: { models: named } } : {}),
      });
      onStarted(run_id);
    });
  return (
    <Dialog title="Start a run" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          start();
        }}
      >
        <Choices legend="Stages" all={STAGES} chosen={stages} onChange={setStages} />
        <Choices
          legend="Rows in the form of"
          all={TRAINERS.map((name) => [name, name] as const)}
          chosen={targets}
          onChange={setTargets}
        />
        <label>
          Held out of training (%)
          <input
            type="number"
            min={0}
            max={90}
            value={holdout}
            onChange={(event) => setHoldout(event.target.value)}
          />
        </label>
        {stages.includes("replay") && (
          <label>
            Models to ask again <span className="muted">(empty checks the recorded answers again)</span>
            <input
              value={models}
              placeholder="ollama/qwen3, kimi/kimi-k2.6"
              onChange={(event) => setModels(event.target.value)}
            />
          </label>
        )}
        {stages.includes("accept") && (
          <label className="choice">
            <input
              type="checkbox"
              checked={breaches}
              onChange={(event) => setBreaches(event.target.checked)}
            />
            Break each promise on purpose, too, and see that it is noticed
          </label>
        )}
        {stages.includes("audit") && (
          <label className="choice">
            <input
              type="checkbox"
              checked={baseline}
              onChange={(event) => setBaseline(event.target.checked)}
            />
            Later audits compare with this one
          </label>
        )}
        {fault !== undefined && <Problem fault={fault} />}
        <button
          type="submit"
          className="primary"
          disabled={busy || stages.length === 0 || targets.length === 0}
        >
          {busy ? "Starting…" : "Start it"}
        </button>
      </form>
    </Dialog>
  );
}

function Choices<T extends string>({
  legend,
  all,
  chosen,
  onChange,
}: {
  readonly legend: string;
  readonly all: readonly (readonly [T, string])[];
  readonly chosen: readonly T[];
  readonly onChange: (chosen: readonly T[]) => void;
}): ReactNode {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div className="choices">
        {all.map(([name, words]) => (
          <label key={name} className="choice">
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              onChange={(event) =>
                onChange(
                  all
                    .map(([one]) => one)
                    .filter((one) => (one === name ? event.target.checked : chosen.includes(one))),
                )
              }
            />
            {words}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
