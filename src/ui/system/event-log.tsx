// What happens in the house, as it happens; and what is recorded of one request, by its id.

import { type ReactNode, useMemo, useRef, useState } from "react";
import type { ObservedEvent } from "#contracts/observe";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Json } from "../parts/json.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Notice, Problem } from "../parts/notice.tsx";
import { counted, momentOf, msText } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { setParams, useParams } from "../shell/router.ts";
import { observerd } from "../wire/client.ts";
import { useFollow } from "../wire/follow.ts";
import { OBSERVER_STREAMS } from "../wire/operations.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";
import { eventsOfRequest, type RequestLog } from "./request-log.ts";

const NEWEST = 200;
/** Of a page that stays open; older ones are on the disk. */
const KEPT_MAX = 2000;

const LEVELS = ["debug", "info", "warn", "error"] as const;
const LEVEL_TONES = { debug: "plain", info: "plain", warn: "warn", error: "bad" } as const;

const text = (event: ObservedEvent, field: string): string => {
  const value = event.data[field];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
};

const COLUMNS: readonly ShownColumn<ObservedEvent>[] = [
  {
    key: "at",
    title: "When",
    value: ({ at }) => at,
    show: ({ at }) => <time dateTime={at}>{momentOf(at)}</time>,
    width: 160,
  },
  {
    key: "level",
    title: "Level",
    value: ({ level }) => level,
    show: ({ level }) => <span className={`pill ${LEVEL_TONES[level]}`}>{level}</span>,
  },
  { key: "source", title: "From", value: ({ source }) => source },
  { key: "kind", title: "Kind", value: ({ kind }) => kind },
  { key: "subject", title: "About", value: ({ subject }) => subject ?? "", width: 200 },
  { key: "status", title: "Status", value: (event) => text(event, "status"), number: true, width: 80 },
  {
    key: "took",
    title: "Took",
    value: ({ data }) => (typeof data["took_ms"] === "number" ? data["took_ms"] : null),
    show: ({ data }) => (typeof data["took_ms"] === "number" ? msText(data["took_ms"]) : ""),
    number: true,
    width: 90,
  },
  { key: "request", title: "Request", value: (event) => text(event, "request_id"), width: 180 },
  { key: "data", title: "Data", value: ({ data }) => JSON.stringify(data), width: 400 },
];

export function EventLog(): ReactNode {
  const params = useParams();
  const level = LEVELS.find((one) => one === params.get("level"));
  const source = params.get("source") ?? "";
  const filter = { ...(level === undefined ? {} : { level }), ...(source === "" ? {} : { source }) };
  const key = JSON.stringify(filter);
  const loaded = useLoaded(`events ${key}`, () => observerd.events({ ...filter, limit: NEWEST }));
  const alerts = useLoaded("alert rules", () => observerd.rules({}));
  const [added, setAdded] = useState<{ key: string; events: readonly ObservedEvent[] }>({ key, events: [] });
  const [missed, setMissed] = useState(0);
  const live = useFollow(OBSERVER_STREAMS.tail, filter, {
    onOpen: loaded.refresh,
    onEvent: (received) => {
      const event = received as { event: string; count?: number } & ObservedEvent;
      if (event.event === "missed") setMissed((count) => count + (event.count ?? 0));
      if (event.event !== "observed") return;
      setAdded((before) => ({
        key,
        events: [...(before.key === key ? before.events : []), event].slice(-KEPT_MAX),
      }));
    },
  });
  const events = useMemo(() => {
    const own = added.key === key ? added.events : [];
    const bySeq = new Map([...(loaded.data?.events ?? []), ...own].map((event) => [event.seq, event]));
    return [...bySeq.values()].sort((a, b) => b.seq - a.seq);
  }, [loaded.data, added, key]);
  const firing = (alerts.data?.rules ?? []).filter(({ state }) => state === "firing");
  const sources = [...new Set(events.map((event) => event.source))].sort();
  return (
    <>
      <RequestSearch />
      {firing.map(({ rule, measure, value, threshold, since }) => (
        <Notice key={rule} tone="bad">
          Alert <b>{rule}</b>: {measure.replaceAll("_", " ")} is {value ?? "unknown"}, above {threshold},
          since {momentOf(since)}
        </Notice>
      ))}
      <div className="filters">
        <label>
          Level and above
          <select value={level ?? ""} onChange={(event) => setParams({ level: event.target.value })}>
            <option value="">all</option>
            {LEVELS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label>
          From
          <input
            list="event-sources"
            value={source}
            placeholder="gateway, chatd"
            onChange={(event) => setParams({ source: event.target.value.trim() })}
          />
          <datalist id="event-sources">
            {sources.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </label>
        <span className="muted" role="status">
          {live ? "live" : "connecting"}
          {missed > 0 && `, ${counted(missed, "event")} came too fast to be shown`}
        </span>
      </div>
      <LoadedView loaded={loaded} what="events">
        {() =>
          events.length === 0 ? (
            <Empty title="No event fits">
              <p>
                The gateway reports requests by itself, at most five a second of a kind. Report one of your
                own:
              </p>
              <pre className="code" tabIndex={0}>
                {`curl ${location.origin}/v1/observer/events -d '{"source":"script","kind":"import","data":{"rows":12}}'`}
              </pre>
            </Empty>
          ) : (
            <DataGrid
              name="events"
              columns={COLUMNS}
              rows={events}
              rowKey={({ seq }) => String(seq)}
              rowsShown={18}
            />
          )
        }
      </LoadedView>
      {alerts.data !== undefined && (
        <p className="muted">
          {alerts.data.rules.length === 0
            ? "No alert rules are set. "
            : `${counted(alerts.data.rules.length, "alert rule")}: ${alerts.data.rules.map(({ rule, state }) => `${rule} ${state.replaceAll("_", " ")}`).join(", ")}. `}
          <a href="/ui/system?tab=alerts">See and make them</a>
        </p>
      )}
    </>
  );
}

function RequestSearch(): ReactNode {
  const wanted = useParams().get("request") ?? "";
  const [typed, setTyped] = useState(wanted);
  const [log, setLog] = useState<RequestLog>();
  const field = useRef<HTMLInputElement>(null);
  const work = useWork();
  const search = (): void => {
    const id = typed.trim();
    if (id === "") return;
    setParams({ request: id });
    work.run(async () => {
      setLog(await eventsOfRequest(id, (range) => observerd.events(range)));
    });
  };
  useCommands([{ name: "Find a request by its id", keys: "/", run: () => field.current?.focus() }]);
  return (
    <section className="card" aria-label="One request">
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          search();
        }}
      >
        <label className="grow">
          Request id <span className="muted">(an error shows it; replies carry it as x-request-id)</span>
          <input
            ref={field}
            value={typed}
            maxLength={144}
            placeholder="5dfb26a0-100091"
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <button type="submit" disabled={work.busy || typed.trim() === ""}>
          {work.busy ? "Looking…" : "Find it"}
        </button>
      </form>
      {work.fault !== undefined && <Problem fault={work.fault} again={search} />}
      {log !== undefined && !work.busy && <Found log={log} />}
    </section>
  );
}

function Found({ log }: { readonly log: RequestLog }): ReactNode {
  const { events, searched, more } = log;
  if (events.length === 0) {
    return (
      <Notice tone="warn">
        <p>
          Nothing with that id is among {counted(searched, "event")}
          {more ? ", and older ones were not looked through" : ""}. Of many equal requests a few are reported.
          The log that <code>lakehouse up</code> writes has every one that failed: search it for the id.
        </p>
      </Notice>
    );
  }
  return (
    <ol className="life">
      {events.map((event) => (
        <li key={event.seq}>
          <time dateTime={event.at}>{momentOf(event.at)}</time>
          <div className="life-what">
            <b>
              {event.source} {event.kind}
            </b>
            <span className="muted">
              {[event.subject, text(event, "status"), text(event, "request_id")].filter(Boolean).join(" · ")}
            </span>
            <details>
              <summary>Data</summary>
              <Json value={event.data} label={`Data of event ${event.seq}`} />
            </details>
          </div>
        </li>
      ))}
    </ol>
  );
}
