// Ctrl-K: commands of the page, orders by what they say, and datasets.

import { type ReactNode, useEffect, useMemo, useState } from "react";
import { orderTitle } from "../desk/order-words.ts";
import { Dialog } from "../parts/dialog.tsx";
import { useStore } from "../parts/store.ts";
import { catalogd, filld } from "../wire/client.ts";
import { counted } from "../parts/words.ts";
import { commands } from "./commands.ts";
import { fillPath, go, sectionPath } from "./router.ts";

interface Entry {
  readonly key: string;
  readonly name: string;
  readonly detail: string;
  readonly run: () => void;
}

/** As many as are looked through; the board shows the rest. */
const FILLS_MAX = 500;
const DATASETS_MAX = 500;
const SHOWN_MAX = 12;

export function Palette({ onClose }: { readonly onClose: () => void }): ReactNode {
  const list = useStore(commands);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [orders, setOrders] = useState<readonly Entry[]>([]);
  const [datasets, setDatasets] = useState<readonly Entry[]>([]);
  useEffect(() => {
    catalogd.datasets({ limit: DATASETS_MAX }).then(
      (found) =>
        setDatasets(
          found.datasets.map(({ name, rows }) => ({
            key: `dataset ${name}`,
            name,
            detail: `dataset, ${counted(rows, "row")}`,
            run: () => go(sectionPath("datasets", name)),
          })),
        ),
      () => setDatasets([]),
    );
    filld.list({ limit: FILLS_MAX }).then(
      ({ fills }) =>
        setOrders(
          fills.map((fill) => ({
            key: fill.fill_id,
            name: orderTitle(fill),
            detail: `${fill.fill_id} ${fill.order.client_id ?? ""}`,
            run: () => go(fillPath(fill.fill_id)),
          })),
        ),
      // Commands are found without the house, too; the banner says that it is away.
      () => setOrders([]),
    );
  }, []);
  const found = useMemo(() => {
    const all = [
      ...list.map(({ name, keys, run }) => ({ key: name, name, detail: keys ?? "", run })),
      ...orders,
      ...datasets,
    ];
    const words = text.toLowerCase().split(/\s+/);
    return all
      .filter(({ name, detail }) => words.every((word) => `${name} ${detail}`.toLowerCase().includes(word)))
      .slice(0, SHOWN_MAX);
  }, [list, orders, datasets, text]);
  const choose = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    onClose();
    // The dialog gives the focus back first.
    setTimeout(entry.run);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt((found.length + at + step) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(found[at]);
    }
  };
  return (
    <Dialog title="Find" onClose={onClose}>
      <input
        type="search"
        role="combobox"
        aria-label="Find an order, a dataset or a command"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[at] === undefined ? undefined : `palette-${at}`}
        placeholder="An order, a client, a dataset, a command"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="palette-list" className="palette" role="listbox" aria-label="Found">
        {found.map((entry, index) => (
          <li
            key={entry.key}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === at}
            onClick={() => choose(entry)}
          >
            <span>{entry.name}</span>
            <span className="muted">{entry.detail}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="muted">Nothing has those words.</p>}
    </Dialog>
  );
}
