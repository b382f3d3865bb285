// What holds of one person, client or order, now or as it was believed at a moment, and what speaks for and against it.

import { type FormEvent, type ReactNode, useState } from "react";
import type { Belief } from "#contracts/truth";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty } from "../parts/notice.tsx";
import { momentOf } from "../parts/words.ts";
import { setParams, useParams } from "../shell/router.ts";
import { truthd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { Evidence } from "./evidence.tsx";
import { valueText } from "./sides.ts";

interface Row extends Belief {
  readonly attribute: string;
}

const STATUS_WORDS = {
  agreed: "All agree",
  resolved: "Settled by a rule",
  conflict: "To decide",
  stale: "Old",
  decided: "Decided",
} as const;
const STATUS_TONES = {
  agreed: "good",
  resolved: "good",
  conflict: "warn",
  stale: "warn",
  decided: "info",
} as const;
const RULE_WORDS: Readonly<Record<Belief["rule"], string>> = {
  single: "one source says so",
  agreement: "all sources agree",
  sources: "the most trusted source",
  majority: "more than half of the sources",
  half_life: "what is newer",
  decision: "a person",
  none: "nothing yet",
};

const COLUMNS: readonly ShownColumn<Row>[] = [
  { key: "what", title: "What", value: ({ attribute }) => attribute },
  { key: "value", title: "Holds", value: ({ value }) => valueText(value), width: 260 },
  {
    key: "status",
    title: "State",
    value: ({ status }) => STATUS_WORDS[status],
    show: ({ status }) => <span className={`pill ${STATUS_TONES[status]}`}>{STATUS_WORDS[status]}</span>,
    width: 140,
  },
  { key: "rule", title: "Settled by", value: ({ rule }) => RULE_WORDS[rule], width: 200 },
  {
    key: "sure",
    title: "Sure",
    value: ({ confidence }) => confidence,
    show: ({ confidence }) => `${Math.round(confidence * 100)} %`,
    number: true,
  },
  { key: "for", title: "For", value: ({ supporting }) => supporting.length, number: true },
  { key: "against", title: "Against", value: ({ dissenting }) => dissenting.length, number: true },
  {
    key: "since",
    title: "Since",
    value: ({ since }) => since,
    show: ({ since }) => momentOf(since),
    width: 170,
  },
];

/** Names that are offered while one is typed. */
const OFFERED = 20;

export function Holding(): ReactNode {
  const params = useParams();
  const entity = params.get("entity") ?? "";
  const [text, setText] = useState(entity);
  const names = useLoaded(`entities ${text}`, () => truthd.entities({ prefix: text, limit: OFFERED }));
  const look = (event: FormEvent): void => {
    event.preventDefault();
    setParams({ entity: text.trim(), what: "" });
  };
  return (
    <>
      <form className="row" onSubmit={look}>
        <input
          className="grow"
          type="search"
          list="entities"
          aria-label="Whose truth"
          placeholder="worker:w-001"
          maxLength={300}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <datalist id="entities">
          {names.data?.entities.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <button type="submit">Look</button>
      </form>
      {entity === "" ? (
        names.data?.entities.length === 0 && text === "" ? (
          <Empty title="No source has said anything yet">
            <p>Record what a dataset says of each of its rows, in a terminal:</p>
            <pre className="code" tabIndex={0}>
              lakehouse truth import workers --key worker_id --prefix worker: --source roster
            </pre>
          </Empty>
        ) : (
          <div className="row">
            {names.data?.entities.map((name) => (
              <button
                key={name}
                type="button"
                className="link"
                onClick={() => {
                  setText(name);
                  setParams({ entity: name });
                }}
              >
                {name}
              </button>
            ))}
          </div>
        )
      ) : (
        <Entity key={entity} entity={entity} />
      )}
    </>
  );
}

function Entity({ entity }: { readonly entity: string }): ReactNode {
  const params = useParams();
  const asOf = params.get("as_of") ?? "";
  const chosen = params.get("what") ?? "";
  const loaded = useLoaded(`truth of ${entity} ${asOf}`, () =>
    truthd.entity({ entity, ...(asOf === "" ? {} : { as_of: asOf }) }),
  );
  return (
    <>
      <div className="filters">
        <label>
          As it was believed at <span className="muted">(empty is now)</span>
          <input
            type="datetime-local"
            value={asOf === "" ? "" : localText(asOf)}
            onChange={(event) => {
              const at = new Date(event.target.value);
              setParams({ as_of: Number.isNaN(at.getTime()) ? "" : at.toISOString() });
            }}
          />
        </label>
      </div>
      <LoadedView loaded={loaded} what="what holds">
        {({ attributes, as_of }) => {
          const rows = Object.entries(attributes).map(([attribute, belief]) => ({ attribute, ...belief }));
          const open = rows.find(({ attribute }) => attribute === chosen);
          if (rows.length === 0) {
            return (
              <Empty title="Nothing was known of it then">
                <p>Choose a later moment, or none.</p>
              </Empty>
            );
          }
          return (
            <>
              <DataGrid
                name="holds"
                columns={COLUMNS}
                rows={rows}
                rowKey={({ attribute }) => attribute}
                rowsShown={12}
                onOpen={({ attribute }) => setParams({ what: attribute === chosen ? "" : attribute })}
              />
              <p className="muted">As of {momentOf(as_of)}. Choose a row to see the evidence.</p>
              {open !== undefined && (
                <section className="card" aria-labelledby="belief" key={open.attribute}>
                  <h2 id="belief">
                    {entity} <span className="muted">{open.attribute}</span>
                  </h2>
                  <Evidence
                    entity={entity}
                    attribute={open.attribute}
                    belief={open}
                    onDecided={() => {
                      setParams({ as_of: "" });
                      loaded.refresh();
                    }}
                  />
                </section>
              )}
            </>
          );
        }}
      </LoadedView>
    </>
  );
}

/** The `datetime-local` value of a moment on the reader's clock. */
function localText(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
