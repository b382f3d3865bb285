// Every component in every state on one page, to be looked at after a change of the styles.

import type { ReactNode } from "react";
import { FILL_STATUSES_SHOWN, SEAT_STATUSES_SHOWN } from "../desk/order-words.ts";
import { FillStatusPill, SeatStatusPill } from "../desk/status.tsx";
import { WireFault } from "../wire/wire-fault.ts";
import { Bars, Share } from "./bars.tsx";
import { Chart } from "./chart.tsx";
import { CopyButton } from "./copy-button.tsx";
import { DataGrid, type ShownColumn } from "./grid/data-grid.tsx";
import { Tabs } from "./tabs.tsx";
import { Empty, Loading, Notice, Problem } from "./notice.tsx";

const TONES = ["bad", "warn", "good", "info"] as const;

const FAULT = new WireFault("invalid", "The order cannot be corrected so.", {
  requestId: "5dfb26a0-100091",
  details: [{ path: "order.pay_rate", message: "must be a number" }],
});

interface Sample {
  readonly id: number;
  readonly name: string | null;
  readonly pay: string;
}

const NAMES = [
  "Ann Łukasz",
  "東京 太郎",
  null,
  "<b>not bold</b>",
  "A name that is longer than its column would ever be wide",
];
const SAMPLES: readonly Sample[] = Array.from({ length: 10_000 }, (_, id) => ({
  id,
  name: NAMES[id % NAMES.length] ?? null,
  pay: (15 + (id % 97) / 4).toFixed(2),
}));
const SAMPLE_COLUMNS: readonly ShownColumn<Sample>[] = [
  { key: "id", title: "id", note: "INTEGER", number: true, value: ({ id }) => id },
  { key: "name", title: "name", note: "VARCHAR", value: ({ name }) => name, width: 240 },
  { key: "pay", title: "pay", note: "DECIMAL(6,2)", number: true, value: ({ pay }) => pay },
];

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const BY_HOUR = [
  { name: "orders", values: HOURS.map((hour) => 20 + 15 * Math.sin(hour / 4)) },
  { name: "no-shows", values: HOURS.map((hour) => (hour % 7 === 3 ? null : 6 + (hour % 5))) },
];

export function ComponentsPage(): ReactNode {
  return (
    <div className="components">
      <h1>Components</h1>
      <section className="card" aria-labelledby="buttons">
        <h2 id="buttons">Buttons</h2>
        <div className="row">
          <button type="button" className="primary">
            Main action
          </button>
          <button type="button">Action</button>
          <button type="button" className="quiet">
            Quiet
          </button>
          <button type="button" className="small">
            Small
          </button>
          <button type="button" className="link">
            Link
          </button>
          <button type="button" disabled>
            Not now
          </button>
          <button type="button" aria-pressed="true">
            Chosen
          </button>
          <CopyButton text="copied" label="Copy" />
        </div>
      </section>
      <section className="card" aria-labelledby="pills">
        <h2 id="pills">States</h2>
        <div className="row">
          {FILL_STATUSES_SHOWN.map((status) => (
            <FillStatusPill key={status} status={status} />
          ))}
        </div>
        <div className="row">
          {SEAT_STATUSES_SHOWN.map((status) => (
            <SeatStatusPill key={status} status={status} />
          ))}
        </div>
      </section>
      <section className="card" aria-labelledby="chips">
        <h2 id="chips">Chips</h2>
        <div className="chips">
          <button type="button" className="chip">
            <span className="chip-label">Role</span> Forklift Operator
          </button>
          <button type="button" className="chip warn">
            <span className="chip-label">Role</span> Cook <span className="chip-note">is this right?</span>
          </button>
          <button type="button" className="chip bad">
            <span className="chip-label">When</span> missing
          </button>
          <button type="button" className="chip absent">
            <span className="chip-label">Client</span> any
          </button>
        </div>
      </section>
      <section className="card" aria-labelledby="fields">
        <h2 id="fields">Fields</h2>
        <div className="form grid">
          <label>
            Text
            <input defaultValue="Łódź, 東京, مرحبا" />
          </label>
          <label>
            Number
            <input type="number" defaultValue={4} />
          </label>
          <label>
            Time
            <input type="datetime-local" defaultValue="2026-11-30T06:00" />
          </label>
          <label>
            Choice
            <select>
              <option>One</option>
            </select>
          </label>
        </div>
      </section>
      <section className="card" aria-labelledby="tabs">
        <h2 id="tabs">Tabs</h2>
        <Tabs
          label="Sample tabs"
          tabs={[
            { name: "one", title: "One", panel: () => <p>The first panel.</p> },
            { name: "two", title: "Two", panel: () => <p>The second panel.</p> },
          ]}
        />
      </section>
      <section className="card" aria-labelledby="table">
        <h2 id="table">A table</h2>
        <DataGrid
          name="sample"
          columns={SAMPLE_COLUMNS}
          rows={SAMPLES}
          rowKey={({ id }) => String(id)}
          rowsShown={6}
        />
      </section>
      <section className="card" aria-labelledby="charts">
        <h2 id="charts">Charts</h2>
        <Chart label="Orders and no-shows by hour" kind="line" x={HOURS} series={BY_HOUR} height={180} />
        <Bars label="Orders by hour" bars={HOURS.map((hour) => ({ label: `${hour} h`, value: hour * 3 }))} />
        <Share of={10} value={3} /> <Share of={10} value={3} tone="bad" />
      </section>
      {TONES.map((tone) => (
        <Notice key={tone} tone={tone}>
          A notice: {tone}
        </Notice>
      ))}
      <Problem fault={FAULT} again={() => undefined} />
      <Empty title="Nothing is here yet">
        <p>It says how to fill it.</p>
      </Empty>
      <Loading rows={3} what="a sample" />
    </div>
  );
}
