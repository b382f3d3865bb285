// How things were done: the newest memories, or those that fit a question, with how often each worked.

import { type FormEvent, type ReactNode, useRef, useState } from "react";
import type { pathway, Trace } from "#contracts/pathway";
import type { OutputOf } from "#rpc/contract";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Notice } from "../parts/notice.tsx";
import { counted, momentOf } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { go, sectionPath, setParams, useParams } from "../shell/router.ts";
import { pathwayd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { Success } from "./success.tsx";

type Hit = OutputOf<typeof pathway.search>["hits"][number];
type Row = Pick<
  Trace,
  | "trace_id"
  | "version"
  | "kind"
  | "subject"
  | "task"
  | "content"
  | "outcome"
  | "recorded_at"
  | "retired"
  | "use_count"
  | "success_rate"
> &
  Partial<Pick<Hit, "rank" | "why">>;

interface Listing {
  readonly rows: readonly Row[];
  readonly more: boolean;
  readonly degraded: string | undefined;
}

/** Why a model's draft was given up, in words; whatever people wrote stays as it is. */
const RESULTS: Readonly<Record<string, string>> = {
  max_iterations: "tries used up",
  deadline: "out of time",
};

function resultWords(result: string): string {
  return RESULTS[result] ?? result.replaceAll("_", " ");
}

const LISTED = 1000;
const FOUND = 100;

const COLUMNS: readonly ShownColumn<Row>[] = [
  {
    key: "task",
    title: "What was to be done",
    value: ({ task }) => task,
    show: ({ trace_id, task }) => <a href={sectionPath("memory", trace_id)}>{task}</a>,
    width: 380,
  },
  {
    key: "worked",
    title: "Worked",
    value: ({ success_rate }) => success_rate ?? "",
    show: (row) => <Success record={row} />,
    width: 190,
  },
  { key: "result", title: "Result", value: ({ outcome }) => resultWords(outcome?.result ?? "") },
  { key: "kind", title: "Kind", value: ({ kind }) => kind },
  { key: "subject", title: "About", value: ({ subject }) => subject },
  { key: "version", title: "Version", value: ({ version }) => version, number: true },
  {
    key: "at",
    title: "Recorded",
    value: ({ recorded_at }) => recorded_at,
    show: ({ recorded_at }) => momentOf(recorded_at),
    width: 170,
  },
  {
    key: "state",
    title: "State",
    value: ({ retired }) => (retired === undefined ? "" : "retired"),
    show: ({ retired }) => retired !== undefined && <span className="pill">retired</span>,
  },
];
const FOUND_COLUMNS: readonly ShownColumn<Row>[] = [
  { key: "rank", title: "Rank", value: ({ rank }) => (rank === undefined ? null : rank + 1), number: true },
  ...COLUMNS,
  { key: "why", title: "Why", value: ({ why }) => why ?? "", width: 420 },
];

export function Traces(): ReactNode {
  const params = useParams();
  const [asked, kind, subject] = ["q", "kind", "about"].map((name) => params.get(name) ?? "");
  const withRetired = params.get("retired") === "yes";
  const narrowed = {
    ...(kind === undefined || kind === "" ? {} : { kind }),
    ...(subject === undefined || subject === "" ? {} : { subject }),
    include_retired: withRetired,
  };
  const loaded = useLoaded(`traces ${asked} ${JSON.stringify(narrowed)}`, async (): Promise<Listing> => {
    if (asked === undefined || asked === "") {
      const { traces, next_cursor } = await pathwayd.traces({ ...narrowed, limit: LISTED });
      return { rows: traces, more: next_cursor !== undefined, degraded: undefined };
    }
    const { hits, degraded } = await pathwayd.search({ ...narrowed, query: asked, k: FOUND });
    return { rows: hits, more: hits.length === FOUND, degraded };
  });
  const isNarrowed = asked !== "" || kind !== "" || subject !== "";
  return (
    <>
      <Search asked={asked ?? ""} />
      <div className="filters">
        <label>
          Kind
          <input
            value={kind}
            placeholder="All kinds"
            onChange={(event) => setParams({ kind: event.target.value })}
          />
        </label>
        <label>
          About
          <input
            value={subject}
            placeholder="A client, an order"
            onChange={(event) => setParams({ about: event.target.value })}
          />
        </label>
        <label className="choice">
          <input
            type="checkbox"
            checked={withRetired}
            onChange={(event) => setParams({ retired: event.target.checked ? "yes" : "" })}
          />
          Retired ones, too
        </label>
      </div>
      <LoadedView loaded={loaded} what="what was done">
        {({ rows, more, degraded }) => (
          <>
            {degraded !== undefined && (
              <Notice tone="warn">The order of these lacks a part for now: {degraded}</Notice>
            )}
            {rows.length === 0 ? (
              <Nothing isNarrowed={isNarrowed} />
            ) : (
              <DataGrid
                name="traces"
                columns={asked === "" ? COLUMNS : FOUND_COLUMNS}
                rows={rows}
                rowKey={({ trace_id }) => trace_id}
                rowsShown={18}
                onOpen={({ trace_id }) => go(sectionPath("memory", trace_id))}
              />
            )}
            {more && (
              <p className="muted">
                These are the {counted(rows.length, "one")} that come first. Ask, or narrow the kind, to see
                others.
              </p>
            )}
          </>
        )}
      </LoadedView>
    </>
  );
}

function Search({ asked }: { readonly asked: string }): ReactNode {
  const [text, setText] = useState(asked);
  const field = useRef<HTMLInputElement>(null);
  useCommands([{ name: "Search what was done", keys: "/", run: () => field.current?.focus() }]);
  const search = (event: FormEvent): void => {
    event.preventDefault();
    setParams({ q: text.trim() });
  };
  return (
    <form className="row" onSubmit={search}>
      <input
        ref={field}
        className="grow"
        type="search"
        aria-label="Search what was done"
        placeholder="forklift night shift Springfield"
        maxLength={4000}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit">Search</button>
      {asked !== "" && (
        <button
          type="button"
          className="quiet"
          onClick={() => {
            setText("");
            setParams({ q: "" });
          }}
        >
          Show the newest
        </button>
      )}
    </form>
  );
}

function Nothing({ isNarrowed }: { readonly isNarrowed: boolean }): ReactNode {
  if (isNarrowed) {
    return (
      <Empty title="Nothing fits">
        <p>Kinds and subjects are whole names. Words of the question may be fewer.</p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing is remembered yet">
      <p>
        Each outcome of an order is remembered by itself, with what was done and how it went. Record one{" "}
        <a href="/">on the fill desk</a>, or in a terminal:
      </p>
      <pre className="code" tabIndex={0}>
        lakehouse trace add --help
      </pre>
    </Empty>
  );
}
