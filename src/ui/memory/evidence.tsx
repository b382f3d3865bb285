// What sources say of one attribute side by side, each with its evidence, and the decision of a person: which of them holds,
// who says so, and why.

import { type ReactNode, useState } from "react";
import type { Belief, TruthValue } from "#contracts/truth";
import { Notice, Problem } from "../parts/notice.tsx";
import { useDraft } from "../parts/use-draft.ts";
import { momentOf } from "../parts/words.ts";
import { truthd } from "../wire/client.ts";
import { useWork } from "../wire/use-work.ts";
import { type Side, sidesOf, typedValue, valueText } from "./sides.ts";

interface EvidenceProps {
  readonly entity: string;
  readonly attribute: string;
  readonly belief: Belief;
  readonly onDecided: () => void;
}

export function Evidence({ entity, attribute, belief, onDecided }: EvidenceProps): ReactNode {
  const sides = sidesOf(belief);
  const [chosen, setChosen] = useState<TruthValue>();
  const { reopened, decision } = belief;
  return (
    <div className="evidence">
      {decision !== undefined && (
        <Notice tone="info">
          Decided by {decision.actor}, {momentOf(decision.at)}: {decision.reason}
        </Notice>
      )}
      {reopened !== undefined && (
        <Notice tone="warn">
          {reopened.actor} decided for <b>{valueText(reopened.value)}</b> ({reopened.reason}); a source
          contradicted it afterwards.
        </Notice>
      )}
      <ul className="sides">
        {sides.map((side) => (
          <SideCard
            key={JSON.stringify(side.value)}
            side={side}
            likeliest={belief.status === "conflict"}
            chosen={chosen !== undefined && chosen === side.value}
            onChoose={() => setChosen(side.value)}
          />
        ))}
      </ul>
      <DecisionForm
        entity={entity}
        attribute={attribute}
        sides={sides}
        chosen={chosen}
        onChoose={setChosen}
        onDecided={onDecided}
      />
    </div>
  );
}

function SideCard({
  side,
  likeliest,
  chosen,
  onChoose,
}: {
  readonly side: Side;
  readonly likeliest: boolean;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}): ReactNode {
  const { value, voices, holds } = side;
  return (
    <li className={chosen ? "card side-card chosen" : "card side-card"}>
      <div className="section-head">
        <b className="side-value">{valueText(value)}</b>
        {holds && <span className="pill info">{likeliest ? "likeliest" : "holds"}</span>}
      </div>
      <ul className="voices">
        {voices.map((voice) => (
          <li key={voice.source}>
            <b>{voice.source}</b>
            {voice.value !== value && <> says {valueText(voice.value)}</>}
            <span className="muted">
              {" "}
              seen {momentOf(voice.observed_at)}
              {voice.confidence < 1 && `, ${Math.round(voice.confidence * 100)} % sure`}
            </span>
            {voice.evidence !== undefined && <p className="said">{voice.evidence}</p>}
          </li>
        ))}
        {voices.length === 0 && <li className="muted">No source says so any more.</li>}
      </ul>
      <button type="button" aria-pressed={chosen} onClick={onChoose}>
        This holds
      </button>
    </li>
  );
}

function DecisionForm({
  entity,
  attribute,
  sides,
  chosen,
  onChoose,
  onDecided,
}: {
  readonly entity: string;
  readonly attribute: string;
  readonly sides: readonly Side[];
  readonly chosen: TruthValue | undefined;
  readonly onChoose: (value: TruthValue | undefined) => void;
  readonly onDecided: () => void;
}): ReactNode {
  const key = `decision.${entity}.${attribute}`;
  const [other, setOther] = useDraft(`${key}.value`);
  const [reason, setReason] = useDraft(`${key}.reason`);
  const [actor, setActor] = useDraft("decision.actor");
  const { busy, fault, run } = useWork();
  const typed = other.trim() === "" ? undefined : typedValue(other, sides);
  const wrong = other.trim() !== "" && typed === undefined;
  const value = typed ?? chosen;
  const decide = (): void => {
    if (value === undefined) return;
    run(async () => {
      await truthd.decide({ entity, attribute, value, actor: actor.trim(), reason: reason.trim() });
      setOther("");
      setReason("");
      onDecided();
    });
  };
  return (
    <form
      className="form grid"
      onSubmit={(event) => {
        event.preventDefault();
        decide();
      }}
    >
      <label>
        Something else
        <input
          value={other}
          maxLength={4000}
          aria-invalid={wrong}
          placeholder="What holds, when none of them is right"
          onChange={(event) => {
            setOther(event.target.value);
            onChoose(undefined);
          }}
        />
        {wrong && <span className="short">The sources give another kind of value here.</span>}
      </label>
      <label>
        Who decides
        <input value={actor} maxLength={200} required onChange={(event) => setActor(event.target.value)} />
      </label>
      <label className="whole">
        Why
        <input
          value={reason}
          maxLength={2000}
          required
          placeholder="Called them on Monday"
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {fault !== undefined && (
        <div className="whole">
          <Problem fault={fault} />
        </div>
      )}
      <div className="whole row">
        <button
          type="submit"
          className="primary"
          disabled={busy || wrong || value === undefined || actor.trim() === "" || reason.trim() === ""}
        >
          {busy
            ? "Recording…"
            : value === undefined
              ? "Choose what holds"
              : `Decide for ${cut(valueText(value))}`}
        </button>
        <span className="muted">It is kept until a source contradicts it by something newer.</span>
      </div>
    </form>
  );
}

const BUTTON_CHARS_MAX = 40;

function cut(text: string): string {
  return text.length > BUTTON_CHARS_MAX ? `${text.slice(0, BUTTON_CHARS_MAX)}…` : text;
}
