// A change of who answers a route, with its reason. Gates that do not hold are told with their numbers, and may be overruled.

import { type ReactNode, useState } from "react";
import { Dialog } from "../parts/dialog.tsx";
import { Notice, Problem } from "../parts/notice.tsx";
import { useDraft } from "../parts/use-draft.ts";
import { cutover, type CutoverState, type Flip } from "../wire/house.ts";
import { useWork } from "../wire/use-work.ts";
import { STATE_WORDS, STATES } from "./states.ts";

const ROUTE = String.raw`(go|rust):([a-z]+\.[A-Za-z]+|health|\*)`;

export function FlipForm({
  wish,
  known,
  onClose,
  onFlipped,
}: {
  readonly wish: { readonly route: string; readonly tenant?: string; readonly to: CutoverState };
  readonly known: readonly string[];
  readonly onClose: () => void;
  readonly onFlipped: () => void;
}): ReactNode {
  const [route, setRoute] = useState(wish.route);
  const [to, setTo] = useState<CutoverState>(wish.to);
  const [percent, setPercent] = useState("5");
  const [compared, setCompared] = useState(false);
  const [tenant, setTenant] = useState(wish.tenant ?? "");
  const [until, setUntil] = useState("");
  const [why, setWhy] = useDraft("flip.why");
  const { busy, fault, run } = useWork();
  const flip = (force: boolean): void => {
    const end = until === "" ? undefined : new Date(until);
    const change: Flip = {
      route: route.trim(),
      to,
      why: why.trim(),
      ...(to === "canary" ? { percent: Number(percent) } : {}),
      ...(to === "primary" && compared ? { shadow: "upstream" } : {}),
      ...(tenant.trim() === "" ? {} : { tenant: tenant.trim() }),
      ...(end === undefined ? {} : { until: end.toISOString() }),
      ...(force ? { force } : {}),
    };
    run(async () => {
      await cutover.flip(change);
      setWhy("");
      onFlipped();
    });
  };
  const ready = !busy && why.trim() !== "" && new RegExp(`^${ROUTE}$`).test(route.trim());
  return (
    <Dialog title={wish.route === "" ? "Flip a route" : `Flip ${wish.route}`} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) flip(false);
        }}
      >
        {wish.route === "" && (
          <label>
            Route <span className="muted">(go:matrix.search; go:* is all of a dialect)</span>
            <input
              value={route}
              list="known-routes"
              required
              pattern={ROUTE}
              onChange={(event) => setRoute(event.target.value)}
            />
            <datalist id="known-routes">
              {[...new Set(known)].map((name) => (
                <option key={name} value={name} />
              ))}
            </datalist>
          </label>
        )}
        <label>
          To
          <select value={to} onChange={(event) => setTo(event.target.value as CutoverState)}>
            {STATES.map((state) => (
              <option key={state} value={state}>
                {STATE_WORDS[state].title}
              </option>
            ))}
          </select>
        </label>
        <p className="muted">{STATE_WORDS[to].means}</p>
        {to === "canary" && (
          <label>
            Share that this house answers (%)
            <input
              type="number"
              min={0}
              max={100}
              step="any"
              required
              value={percent}
              onChange={(event) => setPercent(event.target.value)}
            />
          </label>
        )}
        {to === "primary" && (
          <label className="choice">
            <input
              type="checkbox"
              checked={compared}
              onChange={(event) => setCompared(event.target.checked)}
            />
            Ask the older system the same behind it, and compare
          </label>
        )}
        <label>
          Why <span className="muted">(kept with the change)</span>
          <input
            data-focus
            value={why}
            maxLength={2000}
            required
            placeholder="A week without a difference"
            onChange={(event) => setWhy(event.target.value)}
          />
        </label>
        <details>
          <summary>For one key, or for a time</summary>
          <div className="form">
            <label>
              Key <span className="muted">(empty is all callers)</span>
              <input value={tenant} maxLength={64} onChange={(event) => setTenant(event.target.value)} />
            </label>
            <label>
              Until <span className="muted">(your clock; then what was before holds again)</span>
              <input type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />
            </label>
          </div>
        </details>
        {fault?.code === "conflict" ? (
          <Notice tone="warn">
            <p>It is refused while these do not hold:</p>
            <ul>
              {fault.details.map(({ path, message }) => (
                <li key={path + message}>{message}</li>
              ))}
              {fault.details.length === 0 && <li>{fault.message}</li>}
            </ul>
            <p className="notice-foot">
              <button type="button" disabled={!ready} onClick={() => flip(true)}>
                Flip it all the same
              </button>
              <span>The reason is kept with it.</span>
            </p>
          </Notice>
        ) : (
          fault !== undefined && <Problem fault={fault} />
        )}
        <button type="submit" className="primary" disabled={!ready}>
          {busy ? "Flipping…" : `Flip to ${STATE_WORDS[to].title}`}
        </button>
      </form>
    </Dialog>
  );
}
