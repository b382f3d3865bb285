// What the house watches of itself: its alert rules with the state of each, made, changed and removed here.

import { type ReactNode, useState } from "react";
import type { Alert } from "#contracts/observe";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Problem } from "../parts/notice.tsx";
import { useEvery } from "../parts/use-every.ts";
import { momentOf } from "../parts/words.ts";
import { observerd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";

const AGAIN_MS = 10_000;

type Measure = Alert["measure"];

const MEASURES: Readonly<Record<Measure, string>> = {
  error_rate: "Share of events that are errors",
  latency: "How long calls take (ms)",
  count: "Number of events",
  queue_growth: "How fast a queue grows (a minute)",
  drift: "Change of a number against the time before",
};

const STATES: Readonly<Record<Alert["state"], readonly [tone: string, words: string]>> = {
  ok: ["good", "Well"],
  firing: ["bad", "Firing"],
  no_data: ["plain", "Too few events"],
};

const COLUMNS: readonly ShownColumn<Alert>[] = [
  { key: "rule", title: "Rule", value: ({ rule }) => rule, width: 160 },
  {
    key: "state",
    title: "State",
    value: ({ state }) => state,
    show: ({ state }) => <span className={`pill ${STATES[state][0]}`}>{STATES[state][1]}</span>,
    width: 140,
  },
  { key: "measure", title: "Measures", value: ({ measure }) => MEASURES[measure], width: 290 },
  { key: "source", title: "Of", value: ({ source }) => source ?? "everything" },
  { key: "value", title: "Now", value: ({ value }) => value, number: true },
  { key: "threshold", title: "Fires above", value: ({ threshold }) => threshold, number: true, width: 110 },
  { key: "window", title: "Over", value: ({ window_s }) => `${window_s} s` },
  {
    key: "since",
    title: "Since",
    value: ({ since }) => since,
    show: ({ since }) => momentOf(since),
    width: 160,
  },
];

export function AlertRules(): ReactNode {
  const loaded = useLoaded("the alert rules", () => observerd.rules({}));
  const [edited, setEdited] = useState<Alert | "new">();
  useEvery(AGAIN_MS, loaded.refresh);
  const add = (
    <button type="button" onClick={() => setEdited("new")}>
      Make a rule
    </button>
  );
  return (
    <>
      <LoadedView loaded={loaded} what="the alert rules">
        {({ rules }) =>
          rules.length === 0 ? (
            <Empty title="Nothing is watched yet">
              <p>A rule watches what the house records of itself, and records an event when it fires.</p>
              {add}
            </Empty>
          ) : (
            <DataGrid
              name="alert rules"
              columns={COLUMNS}
              rows={rules}
              rowKey={({ rule }) => rule}
              rowsShown={8}
              onOpen={setEdited}
              tools={add}
            />
          )
        }
      </LoadedView>
      {edited !== undefined && (
        <RuleForm
          rule={edited === "new" ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onChanged={() => {
            setEdited(undefined);
            loaded.refresh();
          }}
        />
      )}
    </>
  );
}

function RuleForm({
  rule,
  onClose,
  onChanged,
}: {
  readonly rule: Alert | undefined;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}): ReactNode {
  const [name, setName] = useState(rule?.rule ?? "");
  const [measure, setMeasure] = useState<Measure>(rule?.measure ?? "error_rate");
  const [source, setSource] = useState<string>(rule?.source ?? "");
  const [field, setField] = useState(rule?.field ?? "");
  const [threshold, setThreshold] = useState(String(rule?.threshold ?? "0.05"));
  const [windowS, setWindowS] = useState(String(rule?.window_s ?? 300));
  const [least, setLeast] = useState(String(rule?.min_events ?? 10));
  const { busy, fault, run } = useWork();
  return (
    <Dialog title={rule === undefined ? "Make a rule" : `Rule ${rule.rule}`} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          run(async () => {
            await observerd.putRule({
              rule: name.trim(),
              measure,
              ...(source.trim() === "" ? {} : { source: source.trim() }),
              ...(rule?.kind === undefined ? {} : { kind: rule.kind }),
              ...(field.trim() === "" ? {} : { field: field.trim() }),
              ...(rule === undefined ? {} : { quantile: rule.quantile, level: rule.level }),
              threshold: Number(threshold),
              window_s: Number(windowS),
              min_events: Number(least),
            });
            onChanged();
          });
        }}
      >
        <label>
          Name
          <input
            value={name}
            required
            readOnly={rule !== undefined}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label>
          It measures
          <select
            value={measure}
            onChange={({ target }) =>
              setMeasure((Object.keys(MEASURES) as Measure[]).find((one) => one === target.value) ?? measure)
            }
          >
            {Object.entries(MEASURES).map(([one, words]) => (
              <option key={one} value={one}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Of the service <span className="muted">(empty: of everything)</span>
          <input value={source} placeholder="filld" onChange={(event) => setSource(event.target.value)} />
        </label>
        {measure !== "error_rate" && measure !== "count" && (
          <label>
            Number in the event <span className="muted">(empty: the usual one of the measure)</span>
            <input value={field} placeholder="took_ms" onChange={(event) => setField(event.target.value)} />
          </label>
        )}
        <label>
          It fires above
          <input
            type="number"
            step="any"
            required
            value={threshold}
            onChange={(event) => setThreshold(event.target.value)}
          />
        </label>
        <label>
          Over the last seconds
          <input
            type="number"
            min={1}
            max={86_400}
            required
            value={windowS}
            onChange={(event) => setWindowS(event.target.value)}
          />
        </label>
        <label>
          Events that there must be at least
          <input
            type="number"
            min={1}
            max={1_000_000}
            required
            value={least}
            onChange={(event) => setLeast(event.target.value)}
          />
        </label>
        {fault !== undefined && <Problem fault={fault} />}
        <div className="row">
          <button type="submit" className="primary" disabled={busy || name.trim() === ""}>
            {rule === undefined ? "Watch it" : "Change it"}
          </button>
          {rule !== undefined && (
            <button
              type="button"
              disabled={busy}
              onClick={() =>
                run(async () => {
                  await observerd.dropRule({ rule: rule.rule });
                  onChanged();
                })
              }
            >
              Remove the rule
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
