// Providers of models: which are set up, which are left alone for a while after failures, and how many calls are under way.

import type { ReactNode } from "react";
import type { chat } from "#contracts/chat";
import type { OutputOf } from "#rpc/contract";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Notice } from "../parts/notice.tsx";
import { useEvery } from "../parts/use-every.ts";
import { momentOf } from "../parts/words.ts";
import type { Loaded } from "../wire/use-loaded.ts";

export type ProviderList = OutputOf<typeof chat.providers>;
type Provider = ProviderList["providers"][number];

const STATES = { closed: "Well", open: "Left alone", half_open: "Being tried again" } as const;
const TONES = { closed: "good", open: "bad", half_open: "warn" } as const;

function StatePill({ provider }: { readonly provider: Provider }): ReactNode {
  if (!provider.configured) return <span className="pill">Not set up</span>;
  return <span className={`pill ${TONES[provider.state]}`}>{STATES[provider.state]}</span>;
}

function troubled({ models = [] }: Provider): string {
  return models
    .filter(({ state }) => state !== "closed")
    .map(({ name, state }) => `${name} (${STATES[state].toLowerCase()})`)
    .join(", ");
}

function lastError({ last_error: error }: Provider): string {
  if (error === undefined) return "";
  const { model, outcome, status, at } = error;
  return `${outcome.replaceAll("_", " ")}${status === undefined ? "" : ` (${status})`} from ${model}, ${momentOf(at)}`;
}

const COLUMNS: readonly ShownColumn<Provider>[] = [
  { key: "provider", title: "Provider", value: ({ name }) => name },
  {
    key: "state",
    title: "State",
    value: (provider) => (provider.configured ? STATES[provider.state] : "Not set up"),
    show: (provider) => <StatePill provider={provider} />,
    width: 140,
  },
  { key: "calls", title: "Calls under way", value: ({ slots }) => slots.used, number: true, width: 150 },
  { key: "most", title: "At most", value: ({ slots }) => slots.max, number: true, width: 90 },
  {
    key: "models",
    title: "Models called since the start",
    value: ({ models = [] }) => models.map(({ name }) => name).join(", "),
    width: 260,
  },
  { key: "troubled", title: "Not well", value: troubled, width: 200 },
  { key: "error", title: "Last failure", value: lastError, width: 360 },
];

const AGAIN_MS = 10_000;

export function Providers({ providers }: { readonly providers: Loaded<ProviderList> }): ReactNode {
  useEvery(AGAIN_MS, providers.refresh);
  return (
    <LoadedView loaded={providers} what="providers">
      {({ providers: list, default_model }) => (
        <>
          {default_model === undefined && (
            <Notice tone="info">
              <p>
                No model answers where none is named. Choose one when the house starts, and give it a key if
                it needs one:
              </p>
              <pre className="code" tabIndex={0}>
                {`LAKEHOUSE_CHAT_MODEL=ollama/qwen3 lakehouse up
LAKEHOUSE_CHAT_KEYS=kimi=env:MY_KIMI_KEY LAKEHOUSE_CHAT_MODEL=kimi/kimi-k2.6 lakehouse up`}
              </pre>
            </Notice>
          )}
          <DataGrid name="providers" columns={COLUMNS} rows={list} rowKey={({ name }) => name} />
          <p className="muted">
            A model that failed five times in a row is left alone for 5 seconds, then twice as long after each
            try that fails, two minutes at most. <b>scripted</b> answers from a script and needs no network:{" "}
            <code>scripted/echo</code> repeats what it is told.
          </p>
        </>
      )}
    </LoadedView>
  );
}
