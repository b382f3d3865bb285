// How contradictions about an attribute are settled without a person: the rules in force, and one more.

import { type ReactNode, useState } from "react";
import type { truth, TruthRule } from "#contracts/truth";
import type { OutputOf } from "#rpc/contract";
import { Dialog } from "../parts/dialog.tsx";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Problem } from "../parts/notice.tsx";
import { momentOf } from "../parts/words.ts";
import { truthd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";

type Rule = OutputOf<typeof truth.rules>["rules"][number];

const COLUMNS: readonly ShownColumn<Rule>[] = [
  { key: "what", title: "What", value: ({ attribute }) => attribute },
  {
    key: "sources",
    title: "First, the most trusted of",
    value: ({ sources = [] }) => sources.join(", "),
    width: 320,
  },
  {
    key: "majority",
    title: "Then more than half",
    value: ({ majority }) => (majority === true ? "yes" : ""),
    width: 160,
  },
  {
    key: "age",
    title: "Then what is newer",
    value: ({ half_life_days: days }) => (days === undefined ? "" : `counts half after ${days} days`),
    width: 210,
  },
  {
    key: "tolerance",
    title: "Numbers agree within",
    value: ({ tolerance }) => tolerance ?? "",
    number: true,
    width: 170,
  },
  { key: "compared", title: "Compared as", value: ({ normaliser }) => normaliser ?? "" },
  {
    key: "since",
    title: "Since",
    value: ({ since }) => since,
    show: ({ since }) => momentOf(since),
    width: 170,
  },
];

export function Rules({ onChanged }: { readonly onChanged: () => void }): ReactNode {
  const loaded = useLoaded("rules of truth", () => truthd.rules({}));
  const [editing, setEditing] = useState<Partial<Rule>>();
  const add = (
    <button type="button" onClick={() => setEditing({})}>
      Make a rule
    </button>
  );
  return (
    <>
      <LoadedView loaded={loaded} what="rules">
        {({ rules }) =>
          rules.length === 0 ? (
            <Empty title="No rule is in force">
              <p>
                A rule settles what sources contradict each other about: by the source that is trusted most,
                by more than half of them, or by what is newer. What it leaves open is decided by a person.
              </p>
              {add}
            </Empty>
          ) : (
            <DataGrid
              name="rules"
              columns={COLUMNS}
              rows={rules}
              rowKey={({ attribute }) => attribute}
              onOpen={setEditing}
              tools={add}
            />
          )
        }
      </LoadedView>
      {editing !== undefined && (
        <RuleForm
          rule={editing}
          onClose={() => setEditing(undefined)}
          onSaved={() => {
            setEditing(undefined);
            loaded.refresh();
            onChanged();
          }}
        />
      )}
    </>
  );
}

const NORMALISERS = ["none", "text", "phone", "email", "name", "address"] as const;
type Normaliser = (typeof NORMALISERS)[number];

function RuleForm({
  rule,
  onClose,
  onSaved,
}: {
  readonly rule: Partial<Rule>;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}): ReactNode {
  const [attribute, setAttribute] = useState(rule.attribute ?? "");
  const [sources, setSources] = useState((rule.sources ?? []).join("\n"));
  const [majority, setMajority] = useState(rule.majority ?? false);
  const [days, setDays] = useState(String(rule.half_life_days ?? ""));
  const [tolerance, setTolerance] = useState(String(rule.tolerance ?? ""));
  const [normaliser, setNormaliser] = useState<Normaliser | "">(rule.normaliser ?? "");
  const { busy, fault, run } = useWork();
  const save = (): void => {
    const named = sources
      .split("\n")
      .map((source) => source.trim())
      .filter(Boolean);
    const made: TruthRule = {
      attribute: attribute.trim(),
      ...(named.length === 0 ? {} : { sources: named }),
      ...(majority ? { majority } : {}),
      ...(days.trim() === "" ? {} : { half_life_days: Number(days) }),
      ...(tolerance.trim() === "" ? {} : { tolerance: Number(tolerance) }),
      ...(normaliser === "" ? {} : { normaliser }),
    };
    run(async () => {
      await truthd.putRule(made);
      onSaved();
    });
  };
  return (
    <Dialog
      title={rule.attribute === undefined ? "Make a rule" : `Rule of ${rule.attribute}`}
      onClose={onClose}
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <label>
          What it is about <span className="muted">(phone, pay_floor)</span>
          <input
            value={attribute}
            required
            maxLength={100}
            readOnly={rule.attribute !== undefined}
            onChange={(event) => setAttribute(event.target.value)}
          />
        </label>
        <label>
          Sources from the most trusted one <span className="muted">(a line each)</span>
          <textarea rows={3} value={sources} onChange={(event) => setSources(event.target.value)} />
        </label>
        <label className="choice">
          <input type="checkbox" checked={majority} onChange={(event) => setMajority(event.target.checked)} />
          Then what more than half of the sources say
        </label>
        <label>
          Then what is newer: a claim counts half after so many days
          <input
            type="number"
            min={0}
            step="any"
            value={days}
            onChange={(event) => setDays(event.target.value)}
          />
        </label>
        <div className="form grid">
          <label>
            Numbers agree within
            <input
              type="number"
              min={0}
              step="any"
              value={tolerance}
              onChange={(event) => setTolerance(event.target.value)}
            />
          </label>
          <label>
            Compared as
            <select
              value={normaliser}
              onChange={(event) => setNormaliser(NORMALISERS.find((one) => one === event.target.value) ?? "")}
            >
              <option value="">they are written</option>
              {NORMALISERS.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        </div>
        {fault !== undefined && <Problem fault={fault} />}
        <button type="submit" className="primary" disabled={busy || attribute.trim() === ""}>
          {busy ? "Setting…" : "Set the rule"}
        </button>
      </form>
    </Dialog>
  );
}
