// What stages could not use, by stage and reason, and where each line is.

import { type ReactNode, useState } from "react";
import type { distill } from "#contracts/distill";
import type { OutputOf } from "#rpc/contract";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Problem } from "../parts/notice.tsx";
import { bytesText, counted } from "../parts/words.ts";
import { setParams, useParams } from "../shell/router.ts";
import { distilld } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";

type Page = OutputOf<typeof distill.quarantine>;
type Entry = Page["entries"][number];

const PAGE = 500;

const COLUMNS: readonly ShownColumn<Entry>[] = [
  { key: "stage", title: "Stage", value: ({ stage }) => stage },
  { key: "reason", title: "Why", value: ({ reason }) => reason.replaceAll("_", " "), width: 260 },
  { key: "file", title: "From", value: ({ source_file }) => source_file, width: 320 },
  { key: "line", title: "Line", value: ({ line_offset }) => line_offset, number: true },
  {
    key: "size",
    title: "Size",
    value: ({ bytes }) => bytes,
    show: ({ bytes }) => bytesText(bytes),
    number: true,
    width: 90,
  },
  { key: "again", title: "Try it again with", value: ({ replay }) => replay, width: 240 },
  { key: "raw", title: "The line", value: ({ raw }) => raw ?? "", width: 400 },
];

export function Quarantine({ root }: { readonly root: string }): ReactNode {
  const params = useParams();
  const [stage, reason] = [params.get("stage") ?? "", params.get("reason") ?? ""];
  const raw = params.get("raw") === "yes";
  const wanted = {
    root,
    raw,
    limit: PAGE,
    ...(stage === "" ? {} : { stage }),
    ...(reason === "" ? {} : { reason }),
  };
  const name = `quarantine ${JSON.stringify(wanted)}`;
  const loaded = useLoaded(name, () => distilld.quarantine(wanted));
  const [more, setMore] = useState<{ name: string; entries: readonly Entry[]; cursor: string | undefined }>();
  const work = useWork();
  const added = more?.name === name ? more : undefined;
  const next = (cursor: string): void =>
    work.run(async () => {
      const page = await distilld.quarantine({ ...wanted, cursor });
      setMore({ name, entries: [...(added?.entries ?? []), ...page.entries], cursor: page.next_cursor });
    });
  return (
    <LoadedView loaded={loaded} what="the quarantine">
      {({ entries, counts = [], next_cursor }) => {
        const rows = [...entries, ...(added?.entries ?? [])];
        const cursor = added === undefined ? next_cursor : added.cursor;
        const isFiltered = stage !== "" || reason !== "";
        return rows.length === 0 && !isFiltered ? (
          <Empty title="Nothing is in quarantine">
            <p>Lines that a stage could not use come here with the reason; none is lost.</p>
          </Empty>
        ) : (
          <>
            <div className="chips">
              {counts.map((one) => {
                const on = one.stage === stage && one.reason === reason;
                return (
                  <button
                    key={`${one.stage} ${one.reason}`}
                    type="button"
                    className="chip"
                    aria-pressed={on}
                    onClick={() => setParams({ stage: on ? "" : one.stage, reason: on ? "" : one.reason })}
                  >
                    <span className="chip-label">{one.stage}</span> {one.reason.replaceAll("_", " ")}{" "}
                    <span className="count">{one.entries.toLocaleString("en-US")}</span>
                  </button>
                );
              })}
            </div>
            <label className="choice">
              <input
                type="checkbox"
                checked={raw}
                onChange={(event) => setParams({ raw: event.target.checked ? "yes" : "" })}
              />
              Show the lines themselves{" "}
              <span className="muted">(as they came, with names and numbers of people; admin)</span>
            </label>
            <DataGrid
              name="quarantine"
              columns={COLUMNS}
              rows={rows}
              rowKey={({ stage: own, source_file, line_offset }, index) =>
                `${own} ${source_file} ${line_offset} ${index}`
              }
              rowsShown={16}
            />
            {cursor !== undefined && (
              <button type="button" disabled={work.busy} onClick={() => next(cursor)}>
                {work.busy ? "Reading…" : `Show more than these ${counted(rows.length, "line")}`}
              </button>
            )}
            {work.fault !== undefined && <Problem fault={work.fault} />}
          </>
        );
      }}
    </LoadedView>
  );
}
