// Who is kept out and by which rule: nobody of the role is dropped without a word.

import { type ReactNode, useState } from "react";
import type { Excluded, Shortlist } from "#contracts/fill";
import { counted } from "../parts/words.ts";
import { ruleWords } from "./rule-words.ts";

interface KeptOutProps {
  readonly excluded: readonly Excluded[];
  /** What is refused of the order itself. */
  readonly ofOrder: Shortlist["order_findings"];
  readonly unchecked: readonly string[];
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (chosen: ReadonlySet<string>) => void;
}

export function KeptOut({ excluded, ofOrder, unchecked, chosen, onChoose }: KeptOutProps): ReactNode {
  const [text, setText] = useState("");
  const words = text.toLowerCase();
  const found = excluded.filter(({ worker_id, name = "" }) =>
    `${worker_id} ${name}`.toLowerCase().includes(words),
  );
  const rules = Map.groupBy(found, ({ code }) => code);
  return (
    <section aria-labelledby="kept-out" className="kept-out">
      <header className="section-head">
        <h2 id="kept-out">
          Kept out{" "}
          <span className="muted">{counted(excluded.length, "person", "people")} of this role nearby</span>
        </h2>
        {excluded.length > 0 && (
          <input
            type="search"
            aria-label="Why is somebody not listed? Name or number"
            placeholder="Why not…? Name or number"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </header>
      {excluded.length === 0 && (
        <p className="muted">No rule keeps anybody of this role out within twice the radius.</p>
      )}
      {found.length === 0 && excluded.length > 0 && (
        <p className="muted">
          Nobody of that name is kept out: the person is listed above, further away, or of another role.
        </p>
      )}
      {[...rules].map(([code, people]) => (
        <details key={code} open={text !== ""}>
          <summary>
            {ruleWords(code)} <span className="count">{people.length}</span>
          </summary>
          <ul>
            {people.map(({ worker_id, name, message, miles }) => (
              <li key={worker_id}>
                <button
                  type="button"
                  className="small quiet"
                  aria-pressed={chosen.has(worker_id)}
                  onClick={() => onChoose(toggled(chosen, worker_id))}
                >
                  {chosen.has(worker_id) ? "Chosen" : "Choose all the same"}
                  <span className="visually-hidden"> {name ?? worker_id}</span>
                </button>
                <b>{name ?? worker_id}</b> <span className="muted">{worker_id}</span> {message}
                {miles !== undefined && <span className="muted"> · {miles.toFixed(1)} miles</span>}
              </li>
            ))}
          </ul>
        </details>
      ))}
      {ofOrder.length > 0 && (
        <details open>
          <summary>
            The order itself is refused <span className="count">{ofOrder.length}</span>
          </summary>
          <ul>
            {ofOrder.map(({ code, message, hint, law }) => (
              <li key={`${code} ${message}`}>
                {message}. {hint} {law !== undefined && <span className="muted">{law}</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
      {unchecked.length > 0 && (
        <details>
          <summary>
            Rules that could not be checked <span className="count">{unchecked.length}</span>
          </summary>
          <ul>
            {unchecked.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

/** The rules look again when the person is proposed, and have the last word. */
function toggled(chosen: ReadonlySet<string>, workerId: string): ReadonlySet<string> {
  const next = new Set(chosen);
  if (!next.delete(workerId)) next.add(workerId);
  return next;
}
