// The journal: what happened, as it happens, and proof that nobody changed it. One subject has its life as a time line.

import { type ReactNode, useEffect, useRef } from "react";
import type { JournalEvent } from "#contracts/journal";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Json } from "../parts/json.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { counted, momentOf } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { sectionPath, setParams, useParams } from "../shell/router.ts";
import type { SectionProps } from "../shell/sections.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { journald } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { dataLine, eventText } from "./event-text.ts";
import { JournalProof } from "./journal-proof.tsx";
import { LifePage } from "./life-page.tsx";
import { type JournalFilter, useJournal } from "./use-journal.ts";

export function JournalPage({ item }: SectionProps): ReactNode {
  return item === undefined ? <Events /> : <LifePage key={item} subject={item} />;
}

const COLUMNS: readonly ShownColumn<JournalEvent>[] = [
  { key: "seq", title: "No.", value: ({ seq }) => seq, number: true },
  {
    key: "at",
    title: "When",
    value: ({ at }) => at,
    show: ({ at }) => <time dateTime={at}>{momentOf(at)}</time>,
    width: 160,
  },
  {
    key: "subject",
    title: "About",
    value: ({ subject }) => subject,
    show: ({ subject }) => <a href={sectionPath("journal", subject)}>{subject}</a>,
  },
  { key: "type", title: "Kind", value: ({ type }) => type },
  { key: "what", title: "What happened", value: (event) => eventText(event), width: 320 },
  { key: "actor", title: "By", value: ({ actor }) => actor ?? null },
  { key: "data", title: "Data", value: ({ data }) => dataLine(data), width: 420 },
];

function Events(): ReactNode {
  const params = useParams();
  const type = params.get("type") ?? "";
  const about = params.get("about") ?? "";
  const chosen = params.get("event") ?? "";
  const filter: JournalFilter = {
    ...(type === "" ? {} : { type }),
    ...(about === "" ? {} : { subject: about }),
  };
  const { loaded, events, live, more, older, fault } = useJournal(filter);
  const status = useLoaded("the journal's state", () => journald.status({}));
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Journal · Lakehouse";
  }, []);
  useCommands([{ name: "Filter the journal", keys: "/", run: () => field.current?.focus() }]);
  const types = [...new Set(events.map((event) => event.type))].sort();
  const shown = events.find(({ seq }) => String(seq) === chosen);
  const isFiltered = type !== "" || about !== "";
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>
          Journal{" "}
          <span className="muted">
            {status.data === undefined
              ? ""
              : counted(Math.max(status.data.events, events[0]?.seq ?? 0), "event")}
          </span>
        </h1>
        <span className="muted" role="status">
          {live ? "live" : "connecting"}
        </span>
      </header>
      <JournalProof status={status} filter={filter} />
      <div className="filters">
        <label>
          Kind
          <input
            ref={field}
            list="journal-types"
            value={type}
            placeholder="All kinds"
            onChange={(event) => setParams({ type: event.target.value.trim() })}
          />
          <datalist id="journal-types">
            {types.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </label>
        <label>
          About
          <input
            value={about}
            placeholder="An order, a worker, anything"
            onChange={(event) => setParams({ about: event.target.value })}
          />
        </label>
        {isFiltered && (
          <button type="button" className="quiet" onClick={() => setParams({ type: "", about: "" })}>
            Show everything
          </button>
        )}
      </div>
      {loaded.data === undefined ? (
        loaded.fault === undefined ? (
          <Loading rows={8} what="the journal" />
        ) : (
          <Problem fault={loaded.fault} again={loaded.refresh} />
        )
      ) : events.length === 0 && !isFiltered ? (
        <Empty title="Nothing has happened yet">
          <p>
            Every order, proposal, message and outcome is recorded here by itself. Start with an order{" "}
            <a href="/">on the fill desk</a>, or record an event of your own:
          </p>
          <pre className="code" tabIndex={0}>
            {`curl ${location.origin}/v1/journal/events -d '{"type":"order.received","subject":"order-1","data":{"headcount":3}}'`}
          </pre>
        </Empty>
      ) : (
        <div className={shown === undefined ? undefined : "with-side"}>
          {events.length === 0 ? (
            <Empty title="No event fits">
              <p>Kinds and subjects are whole names, such as order.received and f-r1wabjn8.</p>
            </Empty>
          ) : (
            <DataGrid
              name="journal"
              columns={COLUMNS}
              rows={events}
              rowKey={({ seq }) => String(seq)}
              rowsShown={20}
              onOpen={({ seq }) => setParams({ event: String(seq) === chosen ? "" : String(seq) })}
              sqlPath={sqlPath(sqlOf(filter))}
            />
          )}
          {shown !== undefined && <EventSide event={shown} />}
        </div>
      )}
      {fault !== undefined && <Problem fault={fault} again={() => void older()} />}
      {more && (
        <button type="button" onClick={() => void older()}>
          Show older events
        </button>
      )}
    </div>
  );
}

function sqlOf({ type, subject }: JournalFilter): string {
  const where = [
    ...(type === undefined ? [] : [`type = ${sqlText(type)}`]),
    ...(subject === undefined ? [] : [`subject = ${sqlText(subject)}`]),
  ];
  return `SELECT * FROM journal${where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`} ORDER BY seq DESC LIMIT 1000`;
}

function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function EventSide({ event }: { readonly event: JournalEvent }): ReactNode {
  const { seq, id, type, subject, actor, at, data, causation_id, hash, prev_hash } = event;
  return (
    <aside className="side" aria-label={`Event ${seq}`}>
      <header className="section-head">
        <h2>Event {seq}</h2>
        <button
          type="button"
          className="quiet"
          aria-label="Close the event"
          onClick={() => setParams({ event: "" })}
        >
          ✕
        </button>
      </header>
      <dl className="fact-list">
        <dt>Kind</dt>
        <dd>
          <code>{type}</code>
        </dd>
        <dt>About</dt>
        <dd>
          <a href={sectionPath("journal", subject)}>{subject}</a>
        </dd>
        <dt>By</dt>
        <dd>{actor ?? "nobody named"}</dd>
        <dt>When</dt>
        <dd>{at}</dd>
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
        {causation_id !== undefined && (
          <>
            <dt>Follows from</dt>
            <dd>
              <code>{causation_id}</code>
            </dd>
          </>
        )}
        <dt>Hash</dt>
        <dd>
          <code>{hash}</code>
        </dd>
        <dt>Hash before</dt>
        <dd>
          <code>{prev_hash}</code>
        </dd>
      </dl>
      <Json value={data} label="Data of the event" />
    </aside>
  );
}
