// What each key may spend on models in a day and has spent; setting it needs the scope admin.

import { type ReactNode, useState } from "react";
import type { Budget } from "#contracts/chat";
import { Dialog } from "../parts/dialog.tsx";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Notice, Problem } from "../parts/notice.tsx";
import { useCommands } from "../shell/commands.ts";
import { chatd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";
import { costText } from "./cost.ts";

const limited = (value: number | null, say: (value: number) => string): string =>
  value === null ? "no limit" : say(value);
const whole = (value: number): string => value.toLocaleString("en-US");

const COLUMNS: readonly ShownColumn<Budget>[] = [
  {
    key: "key",
    title: "Key",
    value: ({ key }) => key,
    show: ({ key }) => (key === "*" ? "* (all others)" : key),
  },
  {
    key: "cost",
    title: "Spent today",
    value: ({ used_usd }) => used_usd,
    show: ({ used_usd }) => costText(used_usd),
    number: true,
    width: 110,
  },
  {
    key: "cost_limit",
    title: "Limit a day ($)",
    value: ({ usd_per_day }) => usd_per_day,
    show: ({ usd_per_day }) => limited(usd_per_day, costText),
    number: true,
    width: 110,
  },
  {
    key: "tokens",
    title: "Tokens today",
    value: ({ used_tokens }) => used_tokens,
    show: ({ used_tokens }) => whole(used_tokens),
    number: true,
    width: 120,
  },
  {
    key: "token_limit",
    title: "Limit (tokens)",
    value: ({ tokens_per_day }) => tokens_per_day,
    show: ({ tokens_per_day }) => limited(tokens_per_day, whole),
    number: true,
    width: 110,
  },
  {
    key: "held",
    title: "Held for calls",
    value: ({ reserved_tokens }) => reserved_tokens,
    show: ({ reserved_tokens }) => whole(reserved_tokens),
    number: true,
    width: 190,
  },
  { key: "day", title: "Day (UTC)", value: ({ day }) => day },
];

export function Budgets(): ReactNode {
  const own = useLoaded("your budget", () => chatd.usage({}));
  const budgets = useLoaded("budgets", () => chatd.budgets({}));
  const [editing, setEditing] = useState<Partial<Budget>>();
  useCommands([{ name: "Set a budget", run: () => setEditing({}) }]);
  return (
    <>
      {own.data !== undefined && <Own budget={own.data} />}
      {budgets.fault?.code === "forbidden" ? (
        <Notice tone="info">
          <p>What others may spend is shown to keys with the scope admin.</p>
        </Notice>
      ) : (
        <LoadedView loaded={budgets} what="budgets">
          {({ budgets: list }) => (
            <DataGrid
              name="budgets"
              columns={COLUMNS}
              rows={list}
              rowKey={({ key }) => key}
              onOpen={setEditing}
              tools={
                <button type="button" onClick={() => setEditing({})}>
                  Set a budget
                </button>
              }
            />
          )}
        </LoadedView>
      )}
      <p className="muted">
        A call reserves what it may take before it is sent, and one that would go beyond the day&apos;s budget
        is refused. The budget of <code>*</code> holds for each key that has none of its own.
      </p>
      {editing !== undefined && (
        <BudgetForm
          budget={editing}
          onClose={() => setEditing(undefined)}
          onSaved={() => {
            setEditing(undefined);
            budgets.refresh();
            own.refresh();
          }}
        />
      )}
    </>
  );
}

function Own({ budget }: { readonly budget: Budget }): ReactNode {
  const { key, used_usd, usd_per_day, used_tokens, tokens_per_day } = budget;
  return (
    <p>
      {key === "local" ? "This house" : `Your key ${key}`} has spent <b>{costText(used_usd)}</b>{" "}
      {usd_per_day === null ? "" : `of ${costText(usd_per_day)} `}and {whole(used_tokens)} tokens{" "}
      {tokens_per_day === null ? "" : `of ${whole(tokens_per_day)} `}today.
    </p>
  );
}

function BudgetForm({
  budget,
  onClose,
  onSaved,
}: {
  readonly budget: Partial<Budget>;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}): ReactNode {
  const [key, setKey] = useState(budget.key ?? "");
  const [usd, setUsd] = useState(String(budget.usd_per_day ?? ""));
  const [tokens, setTokens] = useState(String(budget.tokens_per_day ?? ""));
  const { busy, fault, run } = useWork();
  const save = (): void =>
    run(async () => {
      await chatd.setBudget({
        key: key.trim(),
        usd_per_day: usd.trim() === "" ? null : Number(usd),
        tokens_per_day: tokens.trim() === "" ? null : Number(tokens),
      });
      onSaved();
    });
  return (
    <Dialog title={budget.key === undefined ? "Set a budget" : `Budget of ${budget.key}`} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <label>
          Key <span className="muted">(its name, or * for all without one of their own)</span>
          <input
            value={key}
            required
            pattern="\*|[A-Za-z0-9_.\-]{1,64}"
            readOnly={budget.key !== undefined}
            onChange={(event) => setKey(event.target.value)}
          />
        </label>
        <label>
          Dollars a day <span className="muted">(empty is no limit)</span>
          <input
            type="number"
            min={0}
            step="any"
            value={usd}
            onChange={(event) => setUsd(event.target.value)}
          />
        </label>
        <label>
          Tokens a day <span className="muted">(empty is no limit)</span>
          <input
            type="number"
            min={0}
            step={1}
            value={tokens}
            onChange={(event) => setTokens(event.target.value)}
          />
        </label>
        {fault !== undefined && <Problem fault={fault} />}
        <button type="submit" className="primary" disabled={busy || key.trim() === ""}>
          {busy ? "Saving…" : "Set it"}
        </button>
      </form>
    </Dialog>
  );
}
