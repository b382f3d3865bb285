// Playbooks: what was learnt from outcomes, by role, what it gained and cost, and the switch for each.

import { type ReactNode, useEffect, useMemo } from "react";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { useFilterKey } from "../parts/grid/use-filter-key.ts";
import { Empty, Loading, Notice, Problem } from "../parts/notice.tsx";
import { counted, dayOf, timeOf } from "../parts/words.ts";
import { go, sectionPath, setParams, useParams } from "../shell/router.ts";
import type { SectionProps } from "../shell/sections.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { EFFECT_WORDS, type Learnt, loadLedger, rolesOf, STATE_WORDS } from "./ledger.ts";
import { PlaybookPage } from "./playbook-page.tsx";

export function PlaybooksPage({ item }: SectionProps): ReactNode {
  return item === undefined ? <PlaybookList /> : <PlaybookPage key={item} playbookId={item} />;
}

const whoOf = ({ actor, recorded_by }: Pick<Learnt, "actor" | "recorded_by">): string =>
  actor === recorded_by ? actor : `${actor}, with the key ${recorded_by}`;

const COLUMNS: readonly ShownColumn<Learnt>[] = [
  { key: "role", title: "Role", width: 170, value: ({ role }) => role ?? "not known" },
  {
    key: "query",
    title: "For an order like",
    width: 320,
    value: ({ query_text }) => query_text,
    show: ({ playbook_id, query_text }) => <a href={sectionPath("playbooks", playbook_id)}>{query_text}</a>,
  },
  { key: "answer", title: "Person", width: 110, value: ({ answer_id }) => answer_id },
  {
    key: "effect",
    title: "Effect",
    width: 134,
    value: ({ effect }) => EFFECT_WORDS[effect],
    show: ({ effect }) => (
      <span className={effect === "lift" ? "pill good" : "pill warn"}>{EFFECT_WORDS[effect]}</span>
    ),
  },
  { key: "result", title: "Outcome", width: 110, value: ({ outcome }) => outcome?.result ?? "" },
  { key: "score", title: "Score", number: true, width: 80, value: ({ score }) => score },
  {
    key: "state",
    title: "State",
    width: 120,
    value: ({ state }) => STATE_WORDS[state],
    show: ({ state, disabled }) => (
      <span className={state === "active" ? "pill info" : "pill"} title={disabled?.reason}>
        {STATE_WORDS[state]}
      </span>
    ),
  },
  {
    key: "lift",
    title: "Lift",
    number: true,
    width: 90,
    value: ({ did }) => did?.lift ?? 0,
    show: ({ did }) => (
      <span className={(did?.lift ?? 0) > 0 ? "gain" : undefined}>{(did?.lift ?? 0).toFixed(3)}</span>
    ),
  },
  {
    key: "harm",
    title: "Harm",
    number: true,
    width: 90,
    value: ({ did }) => did?.harm ?? 0,
    show: ({ did }) => (
      <span className={(did?.harm ?? 0) > 0 ? "short" : undefined}>{(did?.harm ?? 0).toFixed(3)}</span>
    ),
  },
  { key: "judged", title: "Judged", number: true, width: 90, value: ({ did }) => did?.judged ?? 0 },
  { key: "exposures", title: "Acted", number: true, width: 90, value: ({ did }) => did?.exposures ?? 0 },
  {
    key: "decay",
    title: "Still worth",
    number: true,
    width: 104,
    value: ({ did }) => did?.decay ?? 1,
    show: ({ did }) => `${Math.round((did?.decay ?? 1) * 100)} %`,
  },
  { key: "actor", title: "Recorded by", width: 190, value: whoOf },
  {
    key: "at",
    title: "When",
    width: 180,
    value: ({ recorded_at }) => recorded_at,
    show: ({ recorded_at }) => `${dayOf(recorded_at, undefined)}, ${timeOf(recorded_at)}`,
  },
];

function PlaybookList(): ReactNode {
  const wanted = useParams().get("role");
  const { data, fault, refresh } = useLoaded("playbooks", () => loadLedger(undefined));
  useEffect(() => {
    document.title = "Playbooks · Lakehouse";
  }, []);
  useFilterKey();
  const learnt = useMemo(
    () => (data?.learnt ?? []).filter(({ role }) => wanted === null || (role ?? "") === wanted),
    [data, wanted],
  );
  const roles = useMemo(() => rolesOf(data?.learnt ?? []), [data]);
  if (data === undefined)
    return fault === undefined ? (
      <>
        <h1>Playbooks</h1>
        <Loading rows={8} what="playbooks" />
      </>
    ) : (
      <>
        <h1>Playbooks</h1>
        <Problem fault={fault} again={refresh} />
      </>
    );
  const { totals } = data;
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>
          Playbooks <span className="muted">what outcomes have taught, and whom it moves</span>
        </h1>
      </header>
      {data.learnt.length === 0 ? (
        <Empty title="Nothing was learnt yet">
          <p>
            Record the outcome of a shift <a href="/ui/board">on an order</a>: who did well moves up for
            orders like it, who did not show up moves down. In a terminal:
          </p>
          <pre className="code" tabIndex={0}>
            lakehouse playbook record 'forklift operators Springfield IL' --answer w-7 -c workers
          </pre>
        </Empty>
      ) : (
        <>
          <dl className="facts card">
            <div>
              <dt>Learnt</dt>
              <dd>{counted(totals.playbooks, "playbook")}</dd>
              <dd className="muted">
                {totals.active} act, {totals.disabled} switched off
              </dd>
            </div>
            <div>
              <dt>Lift</dt>
              <dd className="gain">{totals.lift.toFixed(3)}</dd>
              <dd className="muted">what later outcomes gained by them</dd>
            </div>
            <div>
              <dt>Harm</dt>
              <dd className={totals.harm > 0 ? "short" : undefined}>{totals.harm.toFixed(3)}</dd>
              <dd className="muted">what later outcomes lost by them</dd>
            </div>
            <div>
              <dt>Acted</dt>
              <dd>{counted(totals.exposures, "time")}</dd>
              <dd className="muted">
                {totals.waiting === 0
                  ? "every outcome was judged"
                  : `${counted(totals.waiting, "outcome")} to be judged`}
              </dd>
            </div>
          </dl>
          <div className="chips" role="group" aria-label="Role">
            <button
              type="button"
              className="chip"
              aria-pressed={wanted === null}
              onClick={() => setParams({ role: undefined })}
            >
              All roles
            </button>
            {roles.slice(0, ROLES_SHOWN_MAX).map(({ role, count }) => (
              <button
                key={role}
                type="button"
                className="chip"
                aria-pressed={wanted === role}
                onClick={() => setParams({ role })}
              >
                {role === "" ? "Role not known" : role} <span className="count">{count}</span>
              </button>
            ))}
          </div>
          {data.more && <Notice tone="info">There are more; these are the first ten thousand.</Notice>}
          <DataGrid
            name="playbooks"
            columns={COLUMNS}
            rows={learnt}
            rowKey={({ playbook_id }) => playbook_id}
            onOpen={({ playbook_id }) => go(sectionPath("playbooks", playbook_id))}
          />
          <p className="muted">
            Each outcome is ranked again, with and without each playbook that acted: what the right person
            gained by it is its lift, what was lost its harm. One whose harm outweighs its lift is switched
            off by itself.
          </p>
        </>
      )}
    </div>
  );
}

/** Others are found by the table's filter. */
const ROLES_SHOWN_MAX = 24;
