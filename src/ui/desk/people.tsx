// People in rank order: who, how far, with which certificates, why, and what moved them.

import { type ReactNode, useEffect, useRef } from "react";
import type { Candidate, FillOrder } from "#contracts/fill";
import { useCommands } from "../shell/commands.ts";
import { certificatesOf } from "./certificates.ts";
import { ruleWords } from "./rule-words.ts";

interface PeopleProps {
  readonly candidates: readonly Candidate[];
  readonly order: FillOrder;
  /** Have a place of this order already. */
  readonly seated: ReadonlySet<string>;
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (chosen: ReadonlySet<string>) => void;
  readonly ranksBefore: ReadonlyMap<string, number>;
}

export function People({ candidates, order, seated, chosen, onChoose, ranksBefore }: PeopleProps): ReactNode {
  const table = useRef<HTMLTableElement>(null);
  const move = (step: number): void => {
    const boxes = [...(table.current?.querySelectorAll<HTMLInputElement>("input[type=checkbox]") ?? [])];
    const at = boxes.findIndex((box) => box === document.activeElement);
    boxes[Math.max(0, Math.min(boxes.length - 1, at + step))]?.focus();
  };
  useCommands([
    { name: "Next person", keys: "j", run: () => move(1) },
    { name: "Person before", keys: "k", run: () => move(-1) },
    {
      name: "Choose the person",
      keys: "x",
      run: () => {
        const { activeElement } = document;
        if (activeElement instanceof HTMLInputElement && activeElement.type === "checkbox")
          activeElement.click();
      },
    },
  ]);
  if (candidates.length === 0) {
    return (
      <div className="empty">
        <h3>Nobody fits this order as it stands</h3>
        <p>
          Those who are kept out are below, each with the rule. A wider radius, another time or a higher pay
          may let some of them in: correct the order above.
        </p>
      </div>
    );
  }
  const toggle = (workerId: string): void => {
    const next = new Set(chosen);
    if (!next.delete(workerId)) next.add(workerId);
    onChoose(next);
  };
  return (
    <table className="people" ref={table}>
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">Choose</span>
          </th>
          <th scope="col" className="number">
            Rank
          </th>
          <th scope="col">Who and why</th>
          <th scope="col" className="number">
            Miles
          </th>
          <th scope="col">Certificates</th>
        </tr>
      </thead>
      <tbody>
        {candidates.map((one) => (
          <Person
            key={one.worker_id}
            one={one}
            order={order}
            seated={seated.has(one.worker_id)}
            chosen={chosen.has(one.worker_id)}
            before={ranksBefore.get(one.worker_id)}
            onToggle={() => toggle(one.worker_id)}
          />
        ))}
      </tbody>
    </table>
  );
}

interface PersonProps {
  readonly one: Candidate;
  readonly order: FillOrder;
  readonly seated: boolean;
  readonly chosen: boolean;
  readonly before: number | undefined;
  readonly onToggle: () => void;
}

function Person({ one, order, seated, chosen, before, onToggle }: PersonProps): ReactNode {
  const { worker_id, name, rank, miles, city, state, why, lacks = [], checks, standby, metadata } = one;
  const row = useRef<HTMLTableRowElement>(null);
  const moved = before === undefined ? 0 : before - rank;
  useEffect(() => {
    if (moved === 0 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const height = row.current?.offsetHeight ?? 0;
    row.current?.animate(
      [
        { transform: `translateY(${moved * height}px)`, opacity: 0.6 },
        { transform: "none", opacity: 1 },
      ],
      { duration: 450, easing: "ease-out" },
    );
  }, [moved, rank]);
  const certificates = certificatesOf(
    metadata["certifications"],
    order.end_at === undefined ? Date.now() : Date.parse(order.end_at),
  );
  return (
    <tr ref={row} className={chosen ? "chosen" : undefined}>
      <td>
        <input
          type="checkbox"
          aria-label={`Choose ${name ?? worker_id}`}
          checked={chosen || seated}
          disabled={seated}
          onChange={onToggle}
        />
      </td>
      <td className="number rank">{rank + 1}</td>
      <td>
        <div className="who">
          <b>{name ?? worker_id}</b> <span className="muted">{worker_id}</span>
          {seated && <span className="pill info">Has a place</span>}
          {standby === true && <span className="pill info">Stands by</span>}
          <Moved one={one} />
        </div>
        <div className="why">{why}</div>
        {lacks.length > 0 && <div className="why">Not known to have: {lacks.join(", ")}</div>}
        {checks.map(({ code, message }) => (
          <div key={code + message} className="check">
            <b>{ruleWords(code)}:</b> {message}
          </div>
        ))}
      </td>
      <td className="number">
        {miles === undefined ? "?" : miles.toFixed(1)}
        <div className="muted">{[city, state].filter((part) => part !== undefined).join(", ")}</div>
      </td>
      <td>
        <ul className="certificates">
          {certificates.map(({ name: certificate, expires, state: holds }) => (
            <li key={certificate} className={holds}>
              {certificate}
              {expires !== undefined && (
                <span className="muted">
                  {holds === "expired" ? ` expired ${expires}` : ` until ${expires}`}
                </span>
              )}
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}

/** What earlier outcomes did to the rank. */
function Moved({ one: { boost, rank, base_rank } }: { readonly one: Candidate }): ReactNode {
  if (boost === undefined) return null;
  const up = base_rank - rank;
  const words = up > 0 ? `up from ${base_rank + 1}` : up < 0 ? `down from ${base_rank + 1}` : "kept its rank";
  return (
    <span
      className={boost.factor <= 1 ? "pill good" : "pill warn"}
      title={`Playbook ${boost.playbook_id}, distance × ${boost.factor.toFixed(2)}`}
    >
      Playbook: {words}
    </span>
  );
}
