// One memory: what was done in its newest version or an older one, what changed between them, how it has done, and everything
// that happened to it.

import { type ReactNode, useEffect, useState } from "react";
import type { PathwayEvent, Trace } from "#contracts/pathway";
import { Json } from "../parts/json.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Notice, Problem } from "../parts/notice.tsx";
import { momentOf } from "../parts/words.ts";
import { sectionPath, setParams, useParams } from "../shell/router.ts";
import { pathwayd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";
import { Success } from "./success.tsx";
import { wordDiff } from "./word-diff.ts";

export function TracePage({ traceId }: { readonly traceId: string }): ReactNode {
  const wanted = Number(useParams().get("version") ?? 0);
  const newest = useLoaded(`trace ${traceId}`, () => pathwayd.trace({ trace_id: traceId }));
  const history = useLoaded(`history of ${traceId}`, () =>
    pathwayd.history({ trace_id: traceId, limit: 1000 }),
  );
  useEffect(() => {
    document.title = "Memory · Lakehouse";
  }, []);
  const changed = (): void => {
    newest.refresh();
    history.refresh();
  };
  return (
    <div className="section-page">
      <p>
        <a href={sectionPath("memory")}>← Memory and truth</a>
      </p>
      {newest.fault?.code === "not_found" ? (
        <Empty title="There is no such memory">
          <p>
            Nothing has the id <code>{traceId}</code>. A link may have been cut off.
          </p>
        </Empty>
      ) : (
        <LoadedView loaded={newest} what="the memory">
          {(trace) => (
            <>
              <header className="section-head">
                <h1 className="long-title">{trace.task}</h1>
              </header>
              <div className="row">
                <Success record={trace} />
                <span className="muted">
                  at least {Math.round(trace.success_low * 100)} % by what was seen so far · {trace.kind}{" "}
                  about {trace.subject}
                  {trace.merged > 0 && ` · ${trace.merged} that said the same were merged into it`}
                </span>
                {trace.retired !== undefined && <span className="pill">Retired: {trace.retired.reason}</span>}
              </div>
              <div className="with-side">
                <Version
                  key={wanted}
                  traceId={traceId}
                  newest={trace}
                  version={wanted >= 1 && wanted <= trace.version ? wanted : trace.version}
                />
                <aside className="side" aria-label="History and feedback">
                  <LoadedView loaded={history} what="its history">
                    {({ events, next_cursor }) => (
                      <History events={events} more={next_cursor !== undefined} shown={wanted} />
                    )}
                  </LoadedView>
                  {trace.retired === undefined && <Feedback traceId={traceId} onChanged={changed} />}
                </aside>
              </div>
            </>
          )}
        </LoadedView>
      )}
    </div>
  );
}

function Version({
  traceId,
  newest,
  version,
}: {
  readonly traceId: string;
  readonly newest: Trace;
  readonly version: number;
}): ReactNode {
  const shown = useLoaded(`trace ${traceId} version ${version}`, () =>
    version === newest.version ? Promise.resolve(newest) : pathwayd.trace({ trace_id: traceId, version }),
  );
  const before = useLoaded(`trace ${traceId} before version ${version}`, () =>
    version === 1 ? Promise.resolve(undefined) : pathwayd.trace({ trace_id: traceId, version: version - 1 }),
  );
  return (
    <LoadedView loaded={shown} what="the version">
      {(trace) => (
        <section className="card version" aria-labelledby="version">
          <div className="section-head">
            <h2 id="version">
              Version {trace.version} of {newest.version}
            </h2>
            <div className="row">
              <button
                type="button"
                disabled={version === 1}
                onClick={() => setParams({ version: String(version - 1) })}
              >
                Earlier
              </button>
              <button
                type="button"
                disabled={version === newest.version}
                onClick={() => setParams({ version: String(version + 1) })}
              >
                Later
              </button>
            </div>
          </div>
          <p className="muted">
            Recorded {momentOf(trace.recorded_at)}
            {trace.actor === undefined ? "" : ` by ${trace.actor}`}, so since {momentOf(trace.valid_from)}
            {trace.superseded_at === undefined ? "" : `, until ${momentOf(trace.superseded_at)}`}
          </p>
          {before.data === undefined ? (
            <p className="said">{trace.content}</p>
          ) : (
            <>
              <p className="muted">Against version {version - 1}:</p>
              <p className="said">
                {wordDiff(before.data.content, trace.content).map(({ text, change }, at) =>
                  change === "same" ? (
                    <span key={at}>{text}</span>
                  ) : change === "added" ? (
                    <ins key={at}>{text}</ins>
                  ) : (
                    <del key={at}>{text}</del>
                  ),
                )}
              </p>
            </>
          )}
          {trace.outcome !== undefined && (
            <p>
              Result: <b>{trace.outcome.result.replaceAll("_", " ")}</b>{" "}
              <span className="muted">score {trace.outcome.score}</span>
            </p>
          )}
          {trace.steps.length > 0 && (
            <>
              <h3>Steps</h3>
              <ol className="steps">
                {trace.steps.map((step, at) => (
                  <li key={at}>{typeof step === "string" ? step : <code>{JSON.stringify(step)}</code>}</li>
                ))}
              </ol>
            </>
          )}
          {Object.keys(trace.metadata).length > 0 && (
            <details>
              <summary>What else is known of it</summary>
              <Json value={trace.metadata} label="Metadata" />
            </details>
          )}
        </section>
      )}
    </LoadedView>
  );
}

const EVENT_WORDS: Readonly<Record<PathwayEvent["event"], string>> = {
  add: "Recorded",
  update: "Changed",
  merge: "Something that says the same was merged into it",
  noop: "Recorded again, with nothing new",
  retire: "Retired",
  feedback: "Used",
};

function History({
  events,
  more,
  shown,
}: {
  readonly events: readonly PathwayEvent[];
  readonly more: boolean;
  readonly shown: number;
}): ReactNode {
  return (
    <section aria-labelledby="history">
      <h2 id="history">
        What happened to it <span className="count">{events.length}</span>
      </h2>
      <ol className="life">
        {events.toReversed().map((event) => (
          <li key={event.sequence}>
            <time dateTime={event.at}>{momentOf(event.at)}</time>
            <div className="life-what">
              <b>{EVENT_WORDS[event.event]}</b>
              <span className="muted">
                {[
                  ...(event.actor === undefined ? [] : [`by ${event.actor}`]),
                  ...(event.outcome === undefined
                    ? []
                    : [`${event.outcome.result.replaceAll("_", " ")}, score ${event.outcome.score}`]),
                  ...(event.reason === undefined ? [] : [event.reason]),
                ].join(" · ")}
              </span>
              {(event.event === "add" || event.event === "update") && (
                <button
                  type="button"
                  className="link"
                  aria-pressed={shown === event.version}
                  onClick={() => setParams({ version: String(event.version) })}
                >
                  Version {event.version}
                </button>
              )}
            </div>
          </li>
        ))}
      </ol>
      {more && <p className="muted">The oldest 1,000 are shown.</p>}
    </section>
  );
}

const SCORES = [
  { title: "It worked", score: 1 },
  { title: "In part", score: 0.5 },
  { title: "It failed", score: 0 },
] as const;

function Feedback({
  traceId,
  onChanged,
}: {
  readonly traceId: string;
  readonly onChanged: () => void;
}): ReactNode {
  const [result, setResult] = useState("");
  const [reason, setReason] = useState("");
  const [said, setSaid] = useState("");
  const { busy, fault, run } = useWork();
  const give = (title: string, score: number): void =>
    run(async () => {
      await pathwayd.feedback({
        trace_id: traceId,
        result: result.trim() === "" ? title : result.trim(),
        score,
      });
      setResult("");
      setSaid(`Recorded: ${title.toLowerCase()}.`);
      onChanged();
    });
  const retire = (): void =>
    run(async () => {
      await pathwayd.retire({ trace_id: traceId, reason: reason.trim() });
      setReason("");
      onChanged();
    });
  return (
    <section className="form" aria-labelledby="feedback">
      <h2 id="feedback">It was used. How did it go?</h2>
      <label>
        In a word <span className="muted">(filled, no-show; as the button says unless given)</span>
        <input value={result} maxLength={200} onChange={(event) => setResult(event.target.value)} />
      </label>
      <div className="row">
        {SCORES.map(({ title, score }) => (
          <button key={title} type="button" disabled={busy} onClick={() => give(title, score)}>
            {title}
          </button>
        ))}
      </div>
      {said !== "" && <Notice tone="good">{said}</Notice>}
      <details>
        <summary>Take it out of searches</summary>
        <div className="form">
          <label>
            Why
            <input value={reason} maxLength={1000} onChange={(event) => setReason(event.target.value)} />
          </label>
          <button type="button" disabled={busy || reason.trim() === ""} onClick={retire}>
            Retire it
          </button>
        </div>
      </details>
      {fault !== undefined && <Problem fault={fault} />}
    </section>
  );
}
