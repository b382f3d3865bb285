// Who may ask: the key that this tab uses, calls that were refused for theirs, and the commands that make and change keys. Keys
// themselves are never on the wire.

import type { ReactNode } from "react";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { forgetKey, hasKey } from "../wire/access-key.ts";
import { chatd } from "../wire/client.ts";
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
