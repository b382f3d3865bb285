// What must hold before this house answers a route; a limit that is left empty stays as it is.

import { type ReactNode, useState } from "react";
import { Notice, Problem } from "../parts/notice.tsx";
import { cutover } from "../wire/house.ts";
import { useWork } from "../wire/use-work.ts";

const LIMITS = [
  { name: "diff_rate_max", title: "Real differences at most (share of calls)", usual: 0.001, max: 1 },
  { name: "p99_ratio_max", title: "Slowness against the older system at most", usual: 1.1, max: 100 },
  { name: "hours_min", title: "Hours of comparison at least", usual: 1, max: 8760 },
  { name: "compared_share", title: "Share of calls that is compared in shadow", usual: 0.1, max: 1 },
] as const;

export function GateLimits(): ReactNode {
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [said, setSaid] = useState("");
  const { busy, fault, run } = useWork();
  const given = Object.fromEntries(
    Object.entries(values).flatMap(([name, text]) => (text.trim() === "" ? [] : [[name, Number(text)]])),
  );
  return (
    <details className="card">
      <summary>Other limits of the gates</summary>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          run(async () => {
            await cutover.gates(given);
            setValues({});
            setSaid("Set. The gates above are judged by them from now on.");
          });
        }}
      >
        <div className="form grid">
          {LIMITS.map(({ name, title, usual, max }) => (
            <label key={name}>
              {title}
              <input
                type="number"
                min={0}
                max={max}
                step="any"
                placeholder={`usually ${usual}`}
                value={values[name] ?? ""}
                onChange={(event) => setValues({ ...values, [name]: event.target.value })}
              />
            </label>
          ))}
        </div>
        {said !== "" && fault === undefined && <Notice tone="good">{said}</Notice>}
        {fault !== undefined && <Problem fault={fault} />}
        <div>
          <button type="submit" disabled={busy || Object.keys(given).length === 0}>
            {busy ? "Setting…" : "Set these limits"}
          </button>
        </div>
      </form>
    </details>
  );
}
