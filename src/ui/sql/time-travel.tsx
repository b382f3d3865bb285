// Datasets of the statement as they were: each may be read at one of its snapshots.

import type { ReactNode } from "react";
import { dayOf, timeOf } from "../parts/words.ts";
import { catalogd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";

interface TimeTravelProps {
  readonly datasets: readonly string[];
  readonly at: Readonly<Record<string, string>>;
  readonly onAt: (at: Readonly<Record<string, string>>) => void;
}

export function TimeTravel({ datasets, at, onAt }: TimeTravelProps): ReactNode {
  return datasets.map((dataset) => (
    <SnapshotChoice
      key={dataset}
      dataset={dataset}
      chosen={at[dataset]}
      onChoose={(version) => {
        const { [dataset]: _, ...others } = at;
        onAt(version === "" ? others : { ...others, [dataset]: version });
      }}
    />
  ));
}

/** The newest; an older one is given in the statement itself: FROM t AT (VERSION => …). */
const SNAPSHOTS_SHOWN_MAX = 200;

function SnapshotChoice({
  dataset,
  chosen,
  onChoose,
}: {
  readonly dataset: string;
  readonly chosen: string | undefined;
  readonly onChoose: (version: string) => void;
}): ReactNode {
  const { data } = useLoaded(`snapshots of ${dataset} for SQL`, () =>
    catalogd.snapshots({ dataset, limit: SNAPSHOTS_SHOWN_MAX }),
  );
  const snapshots = data?.snapshots ?? [];
  const isListed = snapshots.some(({ snapshot_id }) => String(snapshot_id) === chosen);
  return (
    <label>
      {dataset} as of
      <select value={chosen ?? ""} onChange={(event) => onChoose(event.target.value)}>
        <option value="">now</option>
        {chosen !== undefined && !isListed && <option value={chosen}>{chosen}</option>}
        {snapshots.map(({ snapshot_id, at, rows, tags, current }) => (
          <option key={String(snapshot_id)} value={String(snapshot_id)}>
            {dayOf(at, undefined)}, {timeOf(at)} · {rows.toLocaleString("en-US")} rows
            {tags.length > 0 ? ` · ${tags.join(", ")}` : ""}
            {current ? " · current" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}
