// The life of one order, or of anything else that events are about, from its first event to its last, live.

import { type ReactNode, useEffect, useMemo } from "react";
import { Json } from "../parts/json.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Problem } from "../parts/notice.tsx";
import { counted, dayOf, momentOf, timeOf } from "../parts/words.ts";
import { fillPath, sectionPath } from "../shell/router.ts";
import { dataLine, eventText, namesIn } from "./event-text.ts";
import { duration, lifeOf } from "./life.ts";
import { useJournal } from "./use-journal.ts";

/** Ids of fills, which have a page of their own. */
const FILL_ID = /^f-[a-z0-9]+$/;

export function LifePage({ subject }: { readonly subject: string }): ReactNode {
  const { loaded, events, live, more, older, fault } = useJournal({ subject });
  useEffect(() => {
    document.title = `${subject} · Journal · Lakehouse`;
  }, [subject]);
  const inOrder = useMemo(() => events.toReversed(), [events]);
  const days = useMemo(() => lifeOf(inOrder, (iso) => dayOf(iso, undefined)), [inOrder]);
  const names = namesIn(inOrder);
  const [first, last] = [inOrder[0], inOrder.at(-1)];
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>
          {subject}{" "}
          <span className="muted">
            {first === undefined || last === undefined
              ? ""
              : `${counted(events.length, "event")} ${spanOf(first.at, last.at)}`}
          </span>
        </h1>
        <div className="row">
          <span className="muted" role="status">
            {live ? "live" : "connecting"}
          </span>
          {FILL_ID.test(subject) && (
            <a className="button" href={fillPath(subject)}>
              Open the order
            </a>
          )}
          <a className="button" href={sectionPath("journal")}>
            Whole journal
          </a>
        </div>
      </header>
      <LoadedView loaded={loaded} what="its events">
        {() =>
          events.length === 0 ? (
            <Empty title="The journal has nothing about this">
              <p>
                No event is about <code>{subject}</code>.{" "}
                <a href={sectionPath("journal")}>Look in the whole journal</a>
              </p>
            </Empty>
          ) : (
            <>
              {more && (
                <button type="button" onClick={() => void older()}>
                  Show older events
                </button>
              )}
              {fault !== undefined && <Problem fault={fault} again={() => void older()} />}
              {days.map(({ day, moments }) => (
                <section key={day} className="card">
                  <h2>{day}</h2>
                  <ol className="life">
                    {moments.map(({ event, after, because }) => (
                      <li key={event.seq} id={`event-${event.seq}`}>
                        <time dateTime={event.at} title={momentOf(event.at)}>
                          {timeOf(event.at)}
                        </time>
                        <div className="life-what">
                          {after !== undefined && <span className="muted">{after} later</span>}
                          <b>{eventText(event, names)}</b>
                          <span className="muted">
                            {[
                              ...(event.actor === undefined ? [] : [`by ${event.actor}`]),
                              `event ${event.seq}`,
                              ...(because === undefined ? [] : [`follows from event ${because}`]),
                            ].join(" · ")}
                          </span>
                          <details>
                            <summary>
                              <code>{event.type}</code> <span className="muted">{dataLine(event.data)}</span>
                            </summary>
                            <Json value={event.data} label={`Data of event ${event.seq}`} />
                          </details>
                        </div>
                      </li>
                    ))}
                  </ol>
                </section>
              ))}
            </>
          )
        }
      </LoadedView>
    </div>
  );
}

function spanOf(first: string, last: string): string {
  const ms = Date.parse(last) - Date.parse(first);
  return ms < 2000 ? "within a second" : `in ${duration(ms)}`;
}
