// What the keys do on the page that is shown.

import type { ReactNode } from "react";
import { Dialog } from "../parts/dialog.tsx";
import { useStore } from "../parts/store.ts";
import { commands } from "./commands.ts";

export function KeyHelp({ onClose }: { readonly onClose: () => void }): ReactNode {
  const list = useStore(commands);
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="key-list">
        <dt>
          <kbd>Ctrl K</kbd>
        </dt>
        <dd>Find an order, a dataset or a command</dd>
        {list.flatMap(({ name, keys }) =>
          keys === undefined
            ? []
            : [
                <dt key={`${name} keys`}>
                  {keys.split(" ").map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>,
                <dd key={name}>{name}</dd>,
              ],
        )}
      </dl>
    </Dialog>
  );
}
