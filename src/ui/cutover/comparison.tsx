// What was compared of one route: its gates with their numbers, how long both sides took, and the differences by path.

import type { ReactNode } from "react";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Notice } from "../parts/notice.tsx";
import { counted, momentOf, msText } from "../parts/words.ts";
import type { CutoverState, Difference, Gate } from "../wire/house.ts";
import { type RouteLine, STATE_WORDS } from "./states.ts";

function meaningOf({ noise, explained }: Difference): string {
  return noise ? "noise" : explained ? "explained" : "real";
}

const MEANING_TONES: Readonly<Record<string, string>> = { noise: "plain", explained: "info", real: "bad" };

const COLUMNS: readonly ShownColumn<Difference>[] = [
  { key: "path", title: "Path", value: ({ path }) => path, width: 280 },
  {
    key: "meaning",
    title: "Meaning",
    value: meaningOf,
    show: (difference) => (
      <span className={`pill ${MEANING_TONES[meaningOf(difference)] ?? "plain"}`}>
        {meaningOf(difference)}
      </span>
    ),
    width: 110,
  },
  { key: "kind", title: "Kind", value: ({ kind }) => kind },
  { key: "calls", title: "Calls", value: ({ count }) => count, number: true },
  { key: "detail", title: "What differs (values are hashed)", value: ({ detail }) => detail, width: 420 },
];

const GATE_WORDS: Readonly<Record<string, string>> = {
  differences: "Differences",
  latency: "Slowness",
  errors: "Failures",
  shapes: "Kinds of calls",
  hours: "Time",
};

const DROP_WORDS: Readonly<Record<string, string>> = {
  full: "no room in the queue",
  large: "too large",
  lagging: "the house was busy",
  deadline: "too late",
  failed: "failed",
};

export function Comparison({
  line: { status, report },
  onFlip,
}: {
  readonly line: RouteLine;
  readonly onFlip: (wish: { route: string; tenant?: string; to: CutoverState }) => void;
}): ReactNode {
  const { route, tenant, state } = status;
  const wish = (to: CutoverState): void => onFlip({ route, to, ...(tenant === "" ? {} : { tenant }) });
  if (report === undefined) {
    return (
      <section className="card" aria-labelledby="comparison">
        <h2 id="comparison">{route}</h2>
        <p>
          {STATE_WORDS[state].title}: {STATE_WORDS[state].means} Nothing was compared since the house started.
        </p>
        {(state === "pass-through" || state === "off") && (
          <button type="button" onClick={() => wish("shadow")}>
            Compare it in shadow
          </button>
        )}
      </section>
    );
  }
  const drops = Object.entries(report.dropped).filter(([, count]) => count > 0);
  const { there, here } = report.p99_ms;
  return (
    <section className="card comparison" aria-labelledby="comparison">
      <h2 id="comparison">
        {route} <span className="muted">{tenant === "" ? "" : `for ${tenant}`}</span>
      </h2>
      <p>
        {counted(report.compared, "call")} compared since {momentOf(report.since)}:{" "}
        <b>{counted(report.different, "real difference")}</b>, {report.explained.toLocaleString("en-US")}{" "}
        explained, {report.noisy.toLocaleString("en-US")} in noise alone.
        {drops.length > 0 && (
          <span className="muted">
            {" "}
            Not compared: {drops.map(([why, count]) => `${count} ${DROP_WORDS[why] ?? why}`).join(", ")}.
          </span>
        )}
      </p>
      <Gates gates={report.gates} />
      {there !== null && here !== null && <Slowness there={there} here={here} />}
      {report.differences.length === 0 ? (
        <Notice tone="good">No difference was found.</Notice>
      ) : (
        <DataGrid
          name="differences"
          columns={COLUMNS}
          rows={report.differences}
          rowKey={({ path, kind }) => `${path} ${kind}`}
          rowsShown={10}
        />
      )}
      {report.noise.length > 0 && (
        <p className="muted">
          Differs also when the older system is asked the same twice: {report.noise.join(", ")}
        </p>
      )}
      <div className="row">
        {state === "shadow" && (
          <button type="button" onClick={() => wish("canary")}>
            Let this house answer a share
          </button>
        )}
        {state === "canary" && (
          <button type="button" onClick={() => wish("primary")}>
            Let this house answer all
          </button>
        )}
        {(state === "canary" || state === "primary") && (
          <button type="button" onClick={() => wish("shadow")}>
            Roll back to shadow
          </button>
        )}
      </div>
    </section>
  );
}

function Gates({ gates }: { readonly gates: readonly Gate[] }): ReactNode {
  return (
    <ul className="gates">
      {gates.map(({ name, ok, text }) => (
        <li key={name}>
          <span className={`pill ${ok ? "good" : "bad"}`}>{ok ? "holds" : "does not hold"}</span>{" "}
          <b>{GATE_WORDS[name] ?? name}</b> <span>{text}</span>
        </li>
      ))}
    </ul>
  );
}

/** Two bars over one scale. */
function Slowness({ there, here }: { readonly there: number; readonly here: number }): ReactNode {
  const most = Math.max(there, here, 0.001);
  return (
    <dl className="slowness" aria-label="99 of 100 replies came within">
      {[
        { name: "Older system", ms: there },
        { name: "This house", ms: here },
      ].map(({ name, ms }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <meter min={0} max={most} value={ms} aria-label={`${name}: 99 % within`} /> 99 % within{" "}
            {msText(ms)}
          </dd>
        </div>
      ))}
    </dl>
  );
}
