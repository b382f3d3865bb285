// What people have decided, the newest first.

import type { ReactNode } from "react";
import type { Decision } from "#contracts/truth";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty } from "../parts/notice.tsx";
import { momentOf } from "../parts/words.ts";
import { sectionPath } from "../shell/router.ts";
import { truthd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { valueText } from "./sides.ts";

const NEWEST = 1000;

const COLUMNS: readonly ShownColumn<Decision>[] = [
  { key: "at", title: "When", value: ({ at }) => at, show: ({ at }) => momentOf(at), width: 170 },
  {
    key: "about",
    title: "About",
    value: ({ entity }) => entity,
    show: ({ entity }) => <a href={sectionPath("memory", undefined, { tab: "holds", entity })}>{entity}</a>,
  },
  { key: "what", title: "What", value: ({ attribute }) => attribute },
  { key: "value", title: "Holds", value: ({ value }) => valueText(value), width: 220 },
  { key: "who", title: "Who", value: ({ actor }) => actor },
  { key: "why", title: "Why", value: ({ reason }) => reason, width: 360 },
];

export function Decisions(): ReactNode {
  const loaded = useLoaded("decisions", () => truthd.decisions({ limit: NEWEST }));
  return (
    <LoadedView loaded={loaded} what="decisions">
      {({ decisions }) =>
        decisions.length === 0 ? (
          <Empty title="Nobody has decided anything yet">
            <p>
              Conflicts that no rule settles are decided{" "}
              <a href={sectionPath("memory", undefined, { tab: "conflicts" })}>here</a>.
            </p>
          </Empty>
        ) : (
          <DataGrid
            name="decisions"
            columns={COLUMNS}
            rows={decisions}
            rowKey={({ decision_id }) => decision_id}
            rowsShown={18}
          />
        )
      }
    </LoadedView>
  );
}
