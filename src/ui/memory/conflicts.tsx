// What sources contradict each other about and no rule settles: a list, and the one that is open with its evidence.

import { type ReactNode, useState } from "react";
import type { truth } from "#contracts/truth";
import type { OutputOf } from "#rpc/contract";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Notice } from "../parts/notice.tsx";
import { counted, momentOf } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { sectionPath, setParams, useParams } from "../shell/router.ts";
import type { Loaded } from "../wire/use-loaded.ts";
import { Evidence } from "./evidence.tsx";
import { sidesOf, valueText } from "./sides.ts";

type Conflict = OutputOf<typeof truth.conflicts>["conflicts"][number];

const keyOf = ({ entity, attribute }: Conflict): string => `${entity} ${attribute}`;

const COLUMNS: readonly ShownColumn<Conflict>[] = [
  { key: "about", title: "About", value: ({ entity }) => entity },
  { key: "what", title: "What", value: ({ attribute }) => attribute },
  {
    key: "sides",
    title: "Said to be",
    value: (conflict) =>
      sidesOf(conflict)
        .map(({ value, voices }) => `${valueText(value)} (${voices.map(({ source }) => source).join(", ")})`)
        .join(" or "),
    width: 480,
  },
  {
    key: "sources",
    title: "Sources",
    value: ({ supporting, dissenting }) => supporting.length + dissenting.length,
    number: true,
  },
  {
    key: "since",
    title: "Since",
    value: ({ since }) => since,
    show: ({ since }) => momentOf(since),
    width: 170,
  },
  {
    key: "again",
    title: "Decided before",
    value: ({ reopened }) => (reopened === undefined ? "" : "yes"),
    width: 150,
  },
];

export function Conflicts({ conflicts }: { readonly conflicts: Loaded<Conflict[]> }): ReactNode {
  const chosen = useParams().get("conflict") ?? "";
  const [decided, setDecided] = useState(0);
  const list = conflicts.data ?? [];
  const at = list.findIndex((one) => keyOf(one) === chosen);
  const step = (by: number): void => {
    const next = list[Math.max(0, Math.min(list.length - 1, at + by))];
    if (next !== undefined) setParams({ conflict: keyOf(next) });
  };
  useCommands([
    { name: "Next conflict", keys: "j", run: () => step(1) },
    { name: "Conflict before", keys: "k", run: () => step(-1) },
  ]);
  return (
    <LoadedView loaded={conflicts} what="conflicts">
      {(all) => {
        if (all.length === 0) return <Settled decided={decided} />;
        const open = all.find((one) => keyOf(one) === chosen);
        return (
          <>
            {decided > 0 && (
              <Notice tone="good">{counted(decided, "conflict")} decided. The next one is open.</Notice>
            )}
            <DataGrid
              name="conflicts"
              columns={COLUMNS}
              rows={all}
              rowKey={keyOf}
              rowsShown={8}
              onOpen={(conflict) => setParams({ conflict: keyOf(conflict) })}
            />
            {open === undefined ? (
              <p className="muted">
                Choose one to see what each source says, side by side. <kbd>J</kbd> and <kbd>K</kbd> go
                through them. A <a href={sectionPath("memory", undefined, { tab: "rules" })}>rule</a> settles
                all of a kind at once.
              </p>
            ) : (
              <section className="card" aria-labelledby="conflict" key={keyOf(open)}>
                <h2 id="conflict">
                  {open.entity} <span className="muted">{open.attribute}</span>
                </h2>
                <Evidence
                  entity={open.entity}
                  attribute={open.attribute}
                  belief={open}
                  onDecided={() => {
                    const next = all[all.indexOf(open) + 1] ?? all[all.indexOf(open) - 1];
                    setDecided(decided + 1);
                    setParams({ conflict: next === undefined ? "" : keyOf(next) });
                    conflicts.refresh();
                  }}
                />
              </section>
            )}
          </>
        );
      }}
    </LoadedView>
  );
}

function Settled({ decided }: { readonly decided: number }): ReactNode {
  return (
    <Empty title={decided > 0 ? "Everything is decided" : "No source contradicts another"}>
      <p>
        Where two sources say different things of the same person, client or order and no rule settles it, it
        stands here for a person to decide. To record what a dataset says, in a terminal:
      </p>
      <pre className="code" tabIndex={0}>
        lakehouse truth import workers --key worker_id --prefix worker: --source roster
      </pre>
    </Empty>
  );
}
