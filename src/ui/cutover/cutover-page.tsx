// Which system answers the callers of the older wires, route by route; whether this house may; and the way forward and back.

import { type ReactNode, useEffect, useState } from "react";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Loading, Problem } from "../parts/notice.tsx";
import { useEvery } from "../parts/use-every.ts";
import { useDownload } from "../parts/use-download.ts";
import { momentOf } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { sectionPath, setParams, useParams } from "../shell/router.ts";
import { CUTOVER, cutover, type CutoverState } from "../wire/house.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { Comparison } from "./comparison.tsx";
import { FlipForm } from "./flip-form.tsx";
import { GateLimits } from "./gate-limits.tsx";
import { Recordings } from "./recordings.tsx";
import { linesOf, type RouteLine, stateBack, STATE_TONES, STATE_WORDS, STATES, summaryOf } from "./states.ts";
import { Upstreams } from "./upstreams.tsx";

const AGAIN_MS = 10_000;

interface Wish {
  readonly route: string;
  readonly tenant?: string;
  readonly to: CutoverState;
}

export function CutoverPage(): ReactNode {
  const chosen = useParams().get("route") ?? "";
  const status = useLoaded("the cutover", cutover.status);
  const report = useLoaded("the comparison", cutover.report);
  const [wish, setWish] = useState<Wish>();
  const download = useDownload();
  const refresh = (): void => {
    status.refresh();
    report.refresh();
  };
  useEvery(AGAIN_MS, () => {
    // Without the scope it stays refused, and says so once.
    if (status.fault === undefined) refresh();
  });
  useEffect(() => {
    document.title = "Cutover · Lakehouse";
  }, []);
  useCommands([
    { name: "Flip a route", keys: "f", run: () => setWish({ route: "", to: "shadow" }) },
    { name: "Compare again", keys: "r", run: refresh },
  ]);
  const routes = status.data?.routes ?? [];
  const lines = linesOf(routes, report.data?.routes ?? []);
  const open = lines.find(({ status: { route, tenant } }) => keyOf(route, tenant) === chosen);
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>
          Cutover <span className="muted">{status.data === undefined ? "" : summaryOf(routes)}</span>
        </h1>
        <div className="row">
          <a className="button" href={sectionPath("journal", undefined, { type: "cutover.flipped" })}>
            Past changes
          </a>
          <button
            type="button"
            disabled={status.data === undefined}
            onClick={() => setWish({ route: "", to: "shadow" })}
          >
            Flip a route <kbd>F</kbd>
          </button>
        </div>
      </header>
      {status.data === undefined ? (
        status.fault === undefined ? (
          <Loading rows={6} what="the cutover" />
        ) : (
          <Problem fault={status.fault} again={status.refresh} />
        )
      ) : (
        <>
          <Upstreams upstreams={status.data.upstreams} onChanged={refresh} />
          <DataGrid
            name="routes"
            columns={columnsFor(setWish)}
            rows={lines}
            rowKey={({ status: { route, tenant } }) => keyOf(route, tenant)}
            rowsShown={14}
            onOpen={({ status: { route, tenant } }) => setParams({ route: keyOf(route, tenant) })}
            tools={
              <button
                type="button"
                disabled={download.bytes !== undefined}
                onClick={() => download.start(CUTOVER.report, { format: "markdown" }, "comparison.md")}
              >
                Report as Markdown
              </button>
            }
          />
          {download.fault !== undefined && <Problem fault={download.fault} />}
          {report.fault !== undefined && report.data === undefined && (
            <Problem fault={report.fault} again={report.refresh} />
          )}
          {open === undefined ? (
            <p className="muted">
              Choose a route to see what was compared, its gates and its differences. A ring is a state that
              it can be flipped to.
            </p>
          ) : (
            <Comparison line={open} onFlip={setWish} />
          )}
          <GateLimits />
          <Recordings />
        </>
      )}
      {wish !== undefined && (
        <FlipForm
          wish={wish}
          known={lines.map(({ status: { route } }) => route)}
          onClose={() => setWish(undefined)}
          onFlipped={() => {
            setWish(undefined);
            refresh();
          }}
        />
      )}
    </div>
  );
}

function keyOf(route: string, tenant: string): string {
  return tenant === "" ? route : `${route} ${tenant}`;
}

function columnsFor(flip: (wish: Wish) => void): readonly ShownColumn<RouteLine>[] {
  return [
    { key: "route", title: "Route", value: ({ status }) => status.route, width: 190 },
    {
      key: "key",
      title: "Key",
      value: ({ status }) => (status.tenant === "" ? "all" : status.tenant),
    },
    ...STATES.map((state): ShownColumn<RouteLine> => ({
      key: state,
      title: STATE_WORDS[state].title,
      value: ({ status }) => (status.state === state ? (status.percent ?? 100) : ""),
      show: ({ status }) =>
        status.state === state ? (
          <span className={`pill ${STATE_TONES[state]}`}>
            {state === "canary" ? `${status.percent ?? 0} %` : STATE_WORDS[state].title}
            {status.shadow === undefined ? "" : ", compared"}
          </span>
        ) : (
          <button
            type="button"
            className="flip-dot"
            aria-label={`Flip ${status.route}${status.tenant === "" ? "" : ` for ${status.tenant}`} to ${STATE_WORDS[state].title}`}
            title={STATE_WORDS[state].means}
            onClick={() => flip(wishOf(status.route, status.tenant, state))}
          >
            ○
          </button>
        ),
      width: state === "pass-through" ? 112 : 96,
    })),
    {
      key: "gates",
      title: "Gates",
      value: ({ report }) =>
        report === undefined
          ? ""
          : report.gates.filter(({ ok }) => ok).length / Math.max(1, report.gates.length),
      show: ({ report }) =>
        report === undefined ? (
          <span className="muted">not compared</span>
        ) : (
          <span className={`pill ${report.gates.every(({ ok }) => ok) ? "good" : "warn"}`}>
            {report.gates.filter(({ ok }) => ok).length} of {report.gates.length} hold
          </span>
        ),
      width: 112,
    },
    {
      key: "back",
      title: "Back",
      value: ({ status }) => stateBack(status.state) ?? "",
      show: ({ status: { route, tenant, state } }) => {
        const back = stateBack(state);
        return (
          back !== undefined && (
            <button type="button" className="link" onClick={() => flip(wishOf(route, tenant, back))}>
              Roll back
            </button>
          )
        );
      },
      width: 84,
    },
    { key: "why", title: "Why", value: ({ status }) => status.reason, width: 200 },
    {
      key: "since",
      title: "Since",
      value: ({ status }) => status.since,
      show: ({ status: { since, until } }) =>
        since === "" ? "" : `${momentOf(since)}${until === undefined ? "" : ` until ${momentOf(until)}`}`,
      width: 160,
    },
    { key: "by", title: "By", value: ({ status }) => status.actor },
  ];
}

function wishOf(route: string, tenant: string, to: CutoverState): Wish {
  return { route, to, ...(tenant === "" ? {} : { tenant }) };
}
