// One playbook: what was recorded and by whom, what it did, the ranking before and after, what is kept from acting, and its switch.

import { type ReactNode, useEffect, useState } from "react";
import type { Playbook } from "#contracts/matrix";
import { Dialog } from "../parts/dialog.tsx";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Loading, Notice, Problem } from "../parts/notice.tsx";
import { counted, dayOf, timeOf } from "../parts/words.ts";
import { fillPath, sectionPath } from "../shell/router.ts";
import { matrixd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { EFFECT_WORDS, type Moved, sideBySide, STATE_WORDS } from "./ledger.ts";

type Version = Awaited<ReturnType<typeof matrixd.playbook>>["versions"][number];

const momentOf = (iso: string): string => `${dayOf(iso, undefined)}, ${timeOf(iso)}`;

export function PlaybookPage({ playbookId }: { readonly playbookId: string }): ReactNode {
  const { data, fault, refresh } = useLoaded(`playbook ${playbookId}`, () =>
    matrixd.playbook({ playbook_id: playbookId }),
  );
  useEffect(() => {
    document.title = "Playbook · Lakehouse";
  }, []);
  return (
    <div className="section-page">
      <nav aria-label="Path">
        <a href={sectionPath("playbooks")}>Playbooks</a>
      </nav>
      {data === undefined ? (
        fault === undefined ? (
          <Loading rows={6} what="the playbook" />
        ) : (
          <>
            <h1>Playbook</h1>
            <Problem fault={fault} again={refresh} />
          </>
        )
      ) : (
        <>
          <header className="section-head">
            <h1 className="whole-name">“{data.query_text}”</h1>
            <Switch playbook={data} onSwitched={refresh} />
          </header>
          {data.disabled !== undefined && (
            <Notice tone="warn">
              Switched off {momentOf(data.disabled.at)}{" "}
              {data.disabled.by === "harm_limit"
                ? "by itself, because it did more harm than good"
                : `by ${data.disabled.by}`}
              {data.disabled.reason === "" ? "." : `: ${data.disabled.reason}`}
            </Notice>
          )}
          {data.note !== undefined && <Notice tone="info">{data.note}</Notice>}
          <Facts playbook={data} />
          <BeforeAndAfter playbook={data} />
          <h2>Versions</h2>
          <DataGrid
            name="versions"
            columns={VERSION_COLUMNS}
            rows={data.versions}
            rowKey={({ version }) => String(version)}
            rowsShown={5}
          />
        </>
      )}
    </div>
  );
}

const VERSION_COLUMNS: readonly ShownColumn<Version>[] = [
  { key: "version", title: "Version", number: true, width: 90, value: ({ version }) => version },
  {
    key: "at",
    title: "When",
    width: 190,
    value: ({ recorded_at }) => recorded_at,
    show: ({ recorded_at }) => momentOf(recorded_at),
  },
  { key: "score", title: "Score", number: true, width: 90, value: ({ score }) => score },
  { key: "result", title: "Outcome", width: 130, value: ({ outcome }) => outcome?.result ?? "" },
  { key: "by", title: "Key", width: 150, value: ({ recorded_by }) => recorded_by },
  { key: "expires", title: "Until", width: 190, value: ({ expires_at }) => expires_at ?? "" },
  { key: "tags", title: "Tags", width: 200, value: ({ tags }) => tags?.join(", ") ?? "" },
];

function Facts({ playbook }: { readonly playbook: Playbook }): ReactNode {
  const {
    role,
    answer_id,
    answer_corpus,
    effect,
    state,
    score,
    outcome,
    actor,
    recorded_by,
    recorded_at,
    version,
  } = playbook;
  return (
    <dl className="facts card">
      <div>
        <dt>Person</dt>
        <dd>
          {answer_id}{" "}
          <span className={effect === "lift" ? "pill good" : "pill warn"}>{EFFECT_WORDS[effect]}</span>
        </dd>
        <dd className="muted">
          of <a href={sectionPath("search", answer_corpus)}>{answer_corpus}</a>
        </dd>
      </div>
      <div>
        <dt>Role</dt>
        <dd>{role ?? "not known"}</dd>
        <dd className="muted">acts for orders of this role alone</dd>
      </div>
      <div>
        <dt>Outcome</dt>
        <dd>
          {outcome?.result ?? "not said"}, score {score}
        </dd>
        <dd className="muted">
          {outcome?.order_id === undefined ? (
            "without an order"
          ) : (
            <a href={fillPath(outcome.order_id)}>{outcome.order_id}</a>
          )}
        </dd>
      </div>
      <div>
        <dt>Recorded by</dt>
        <dd>{actor}</dd>
        <dd className="muted">
          with the key {recorded_by}, {momentOf(recorded_at)}
        </dd>
      </div>
      <div>
        <dt>State</dt>
        <dd>{STATE_WORDS[state]}</dd>
        <dd className="muted">version {version}</dd>
      </div>
    </dl>
  );
}

const K = 10;

interface Compared {
  readonly moved: readonly Moved[];
  readonly matched: number;
  readonly blocked: number;
  /** Records that would act as well if neighbouring roles counted. */
  readonly adjacentMatched: number;
}

async function compare({ query_text, role, answer_corpus }: Playbook): Promise<Compared> {
  const wish = { query_text, k: K, corpora: [answer_corpus], ...(role === null ? {} : { query_role: role }) };
  const [without, strict, adjacent] = [
    await matrixd.search({ ...wish, use_playbook: false }),
    await matrixd.search({ ...wish, explain: true }),
    await matrixd.search({ ...wish, gate: "adjacent" }),
  ];
  return {
    moved: sideBySide(without.hits, strict.hits),
    matched: strict.playbook.matched,
    blocked: strict.playbook.blocked_by_gate,
    adjacentMatched: adjacent.playbook.matched - strict.playbook.matched,
  };
}

const MOVED_COLUMNS: readonly ShownColumn<Moved>[] = [
  {
    key: "after",
    title: "Now",
    number: true,
    width: 70,
    value: ({ after }) => after ?? null,
    show: ({ after }) => after ?? "out",
  },
  {
    key: "before",
    title: "Without",
    number: true,
    width: 90,
    value: ({ before }) => before ?? null,
    show: ({ before }) => before ?? "not there",
  },
  {
    key: "moved",
    title: "Moved",
    width: 110,
    value: ({ before, after }) => (before === undefined || after === undefined ? null : before - after),
    show: ({ before, after }) => <Move before={before} after={after} />,
  },
  { key: "id", title: "Person", width: 110, value: ({ id }) => id },
  { key: "name", title: "Name", width: 190, value: ({ hit }) => hit.metadata["name"] ?? "" },
  {
    key: "role",
    title: "Role",
    width: 180,
    value: ({ hit }) => hit.metadata["role"] ?? hit.metadata["_role"] ?? "",
  },
  {
    key: "score",
    title: "Score",
    number: true,
    width: 90,
    value: ({ hit }) => hit.score,
    show: ({ hit }) => hit.score.toFixed(3),
  },
  {
    key: "factor",
    title: "Distance ×",
    number: true,
    width: 104,
    value: ({ hit }) => hit.boost?.factor ?? null,
    show: ({ hit }) => hit.boost?.factor.toFixed(3) ?? "",
  },
  { key: "why", title: "Why", width: 420, value: ({ hit }) => hit.explain?.why ?? "" },
];

function Move({ before, after }: Pick<Moved, "before" | "after">): ReactNode {
  if (before === undefined) return <span className="pill good">brought in</span>;
  if (after === undefined) return <span className="pill warn">out</span>;
  if (before === after) return <span className="muted">same</span>;
  return before > after ? (
    <span className="pill good">▲ {before - after} up</span>
  ) : (
    <span className="pill warn">▼ {after - before} down</span>
  );
}

function BeforeAndAfter({ playbook }: { readonly playbook: Playbook }): ReactNode {
  const { data, fault, refresh } = useLoaded(
    `before and after ${playbook.playbook_id} ${playbook.version} ${playbook.state}`,
    () => compare(playbook),
  );
  return (
    <section className="card section-page" aria-labelledby="compare-title">
      <h2 id="compare-title">The same order, with and without playbooks</h2>
      {data === undefined ? (
        fault === undefined ? (
          <Loading rows={4} what="the rankings" />
        ) : (
          <Problem fault={fault} again={refresh} />
        )
      ) : (
        <>
          <DataGrid
            name="ranking"
            columns={MOVED_COLUMNS}
            rows={data.moved}
            rowKey={({ id }) => id}
            rowsShown={12}
          />
          <p>
            {counted(data.matched, "playbook")} of this role {data.matched === 1 ? "is" : "are"} near this
            order and may act.{" "}
            {data.blocked === 0
              ? "None of another role is near."
              : `${counted(data.blocked, "playbook")} of other roles ${data.blocked === 1 ? "is" : "are"} near and kept from acting${
                  data.adjacentMatched > 0
                    ? `; ${data.adjacentMatched} of them would act if neighbouring roles counted`
                    : ""
                }.`}
          </p>
        </>
      )}
    </section>
  );
}

function Switch({
  playbook,
  onSwitched,
}: {
  readonly playbook: Playbook;
  readonly onSwitched: () => void;
}): ReactNode {
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState<WireFault>();
  const isOff = playbook.state === "disabled";
  const turn = async (): Promise<void> => {
    setFault(undefined);
    try {
      const { playbook_id } = playbook;
      await (isOff
        ? matrixd.enablePlaybook({ playbook_id })
        : matrixd.disablePlaybook({
            playbook_id,
            ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
          }));
      setAsking(false);
      onSwitched();
    } catch (thrown) {
      setFault(toWireFault(thrown));
    }
  };
  return (
    <>
      <button type="button" onClick={() => setAsking(true)}>
        {isOff ? "Switch it on" : "Switch it off"}
      </button>
      {asking && (
        <Dialog
          title={isOff ? "Switch the playbook on" : "Switch the playbook off"}
          onClose={() => setAsking(false)}
        >
          <form
            className="form"
            onSubmit={(event) => {
              event.preventDefault();
              void turn();
            }}
          >
            {isOff ? (
              <p>
                It moves people again from the next search on, and the harm it did so far no longer counts.
              </p>
            ) : (
              <label>
                Why, for whoever wonders later
                <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
              </label>
            )}
            {fault !== undefined && <Problem fault={fault} />}
            <button type="submit" className="primary">
              {isOff ? "Switch it on" : "Switch it off"}
            </button>
          </form>
        </Dialog>
      )}
    </>
  );
}
