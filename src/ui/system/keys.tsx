// Who may ask: the key that this tab uses, every key with what it may do and when it was last used, calls that were refused for
// theirs, and the commands that make and change keys. Keys themselves are never on the wire.

import type { ReactNode } from "react";
import type { ListedKey } from "#contracts/gateway";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { useEvery } from "../parts/use-every.ts";
import { momentOf } from "../parts/words.ts";
import { forgetKey, hasKey } from "../wire/access-key.ts";
import { chatd, gateway } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import type { Sample } from "./metrics.ts";

interface Refusals {
  readonly reason: string;
  readonly caller: string;
  readonly count: number;
}

const REASONS: Readonly<Record<string, string>> = {
  bad_host: "The request named no host, or several",
  foreign_host: "Asked under a name that is not this house's",
  foreign_origin: "A web page of another address",
  cross_site: "A web page of another site",
  no_key: "No key was shown",
  unknown_key: "The key is not known here",
  expired_key: "The key has expired",
  keys_unreadable: "The file of keys cannot be read",
  scope: "The key may not do this",
  owned_prefix: "Files that a service keeps for itself",
  owned_dataset: "A dataset that a service keeps for itself",
};

const COLUMNS: readonly ShownColumn<Refusals>[] = [
  { key: "why", title: "Why", value: ({ reason }) => REASONS[reason] ?? reason, width: 340 },
  { key: "caller", title: "Key", value: ({ caller }) => (caller === "" ? null : caller) },
  { key: "calls", title: "Calls", value: ({ count }) => count, number: true },
];

const AGAIN_MS = 10_000;

const SCOPES: Readonly<Record<ListedKey["scope"], string>> = {
  read: "looks",
  write: "works on orders and data",
  admin: "everything",
};

const time = (at: string): ReactNode => <time dateTime={at}>{momentOf(at)}</time>;

/** With its year: a key lives long. */
const day = (at: string): ReactNode => (
  <time dateTime={at}>
    {new Date(at).toLocaleDateString("en-US", { year: "numeric", month: "short", day: "numeric" })}
  </time>
);

const KEY_COLUMNS: readonly ShownColumn<ListedKey>[] = [
  { key: "name", title: "Key", value: ({ name }) => name, width: 180 },
  {
    key: "scope",
    title: "May",
    value: ({ scope }) => scope,
    show: ({ scope }) => (
      <>
        <b>{scope}</b> <span className="muted">{SCOPES[scope]}</span>
      </>
    ),
    width: 230,
  },
  {
    key: "personal",
    title: "Personal data",
    value: ({ masked }) => (masked ? "hidden" : "seen"),
    width: 130,
  },
  {
    key: "used",
    title: "Last used",
    value: ({ last_used_at }) => last_used_at,
    show: ({ last_used_at: at }) =>
      at === null ? <span className="muted">not since the start</span> : time(at),
    width: 160,
  },
  {
    key: "made",
    title: "Made",
    value: ({ created_at }) => created_at,
    show: ({ created_at }) => day(created_at),
    width: 120,
  },
  {
    key: "expires",
    title: "Ends",
    value: ({ expires_at }) => expires_at,
    show: ({ expires_at: at }) => (at === null ? <span className="muted">never</span> : <Ends at={at} />),
    width: 170,
  },
];

function Ends({ at }: { readonly at: string }): ReactNode {
  if (Date.parse(at) > Date.now()) return day(at);
  return (
    <>
      <span className="pill bad">ended</span> {day(at)}
    </>
  );
}

function KeyList(): ReactNode {
  const keys = useLoaded("the keys", () => gateway.keys({}));
  useEvery(AGAIN_MS, keys.refresh);
  return (
    <>
      <h2>Keys of this house</h2>
      <LoadedView loaded={keys} what="the keys">
        {({ keys: rows }) =>
          rows.length === 0 ? (
            <p className="muted">There are none.</p>
          ) : (
            <DataGrid
              name="keys"
              columns={KEY_COLUMNS}
              rows={rows}
              rowKey={({ name }) => name}
              rowsShown={12}
            />
          )
        }
      </LoadedView>
    </>
  );
}

export function Keys({ samples }: { readonly samples: readonly Sample[] }): ReactNode {
  const own = useLoaded("the key of this tab", () => chatd.usage({}));
  const refusals = samples
    .filter(({ name }) => name === "lakehouse_denied_total")
    .map(({ labels, value }) => ({
      reason: labels["reason"] ?? "",
      caller: labels["caller"] ?? "",
      count: value,
    }));
  return (
    <>
      <section className="card" aria-label="Your key">
        <LoadedView loaded={own} what="your key" rows={1}>
          {({ key }) =>
            hasKey() ? (
              <div className="row">
                <span>
                  You use the key <b>{key}</b>. It stays in this tab until you close it.
                </span>
                <button type="button" onClick={forgetKey}>
                  Use another key
                </button>
              </div>
            ) : (
              <p>
                This house has no keys: whoever reaches its address on this machine may do everything. The
                first key closes it for everybody without one.
              </p>
            )
          }
        </LoadedView>
      </section>
      <KeyList />
      <h2>Refused since the start</h2>
      {refusals.length === 0 ? (
        <p className="muted">No call was refused for its key or for the page that asked.</p>
      ) : (
        <DataGrid
          name="refusals"
          columns={COLUMNS}
          rows={refusals}
          rowKey={({ reason, caller }) => `${reason} ${caller}`}
        />
      )}
      <section className="card" aria-labelledby="key-commands">
        <h2 id="key-commands">Make and change keys</h2>
        <p className="muted">
          On the machine of the house: a key is shown once, and only its fingerprint is kept. <b>read</b>{" "}
          looks, <b>write</b> also works on orders and data, <b>admin</b> also changes who answers and what
          may be spent.
        </p>
        <pre className="code" tabIndex={0}>
          {`lakehouse config keys
lakehouse config add-key ann --scope write
lakehouse config change-key ann --scope read
lakehouse config rm-key ann`}
        </pre>
      </section>
    </>
  );
}
