// A text, as somebody would type it, and who is found: the parts of each score, why somebody is not, and a grade for each hit, from
// which weights are learnt.

import { type ReactNode, useMemo, useRef, useState } from "react";
import type { Corpus, MatrixHit, Searched } from "#contracts/matrix";
import { Share } from "../parts/bars.tsx";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Loading, Notice, Problem } from "../parts/notice.tsx";
import { useStore } from "../parts/store.ts";
import { useCommands } from "../shell/commands.ts";
import { setParams, useParams } from "../shell/router.ts";
import { sqlName, sqlText } from "../sql/names.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { matrixd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { judge, judgementsOf } from "./judgements.ts";
import { GRADE_WORDS, PARTS, readingOf } from "./search-words.ts";

const MODES = { hybrid: "everything", lexical: "words alone", dense: "meaning alone" } as const;
type Mode = keyof typeof MODES;
const COUNTS = [10, 25, 100, 500] as const;

/** Without a name, whatever a search that names nothing covers. */
export function TryPanel({ corpus }: { readonly corpus: Corpus | undefined }): ReactNode {
  const params = useParams();
  const query = params.get("q") ?? "";
  const [text, setText] = useState(query);
  const field = useRef<HTMLInputElement>(null);
  const modeText = params.get("mode") ?? "";
  const mode: Mode = Object.hasOwn(MODES, modeText) ? (modeText as Mode) : "hybrid";
  const k = COUNTS.find((count) => String(count) === params.get("k")) ?? 10;
  const playbooks = params.get("playbooks") !== "off";
  useCommands([{ name: "Search", keys: "/", run: () => field.current?.focus() }]);
  return (
    <>
      <form
        className="row search-form"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          setParams({ q: text, why: undefined });
        }}
      >
        <label className="grow">
          An order, or a part of one
          <input
            ref={field}
            type="search"
            value={text}
            placeholder="2 forklift operators Springfield IL Monday 6am"
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <label>
          By
          <select value={mode} onChange={(event) => setParams({ mode: event.target.value })}>
            {Object.entries(MODES).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Hits
          <select value={k} onChange={(event) => setParams({ k: event.target.value })}>
            {COUNTS.map((count) => (
              <option key={count}>{count}</option>
            ))}
          </select>
        </label>
        <label className="choice">
          <input
            type="checkbox"
            checked={playbooks}
            onChange={() => setParams({ playbooks: playbooks ? "off" : undefined })}
          />
          with playbooks
        </label>
        <button type="submit" className="primary" disabled={text.trim() === ""}>
          Search
        </button>
      </form>
      {query !== "" && <Found query={query} corpus={corpus} mode={mode} k={k} playbooks={playbooks} />}
    </>
  );
}

interface FoundProps {
  readonly query: string;
  readonly corpus: Corpus | undefined;
  readonly mode: Mode;
  readonly k: number;
  readonly playbooks: boolean;
}

function Found({ query, corpus, mode, k, playbooks }: FoundProps): ReactNode {
  const why = useParams().get("why") ?? "";
  const wish = {
    query_text: query,
    k,
    mode,
    use_playbook: playbooks,
    ...(corpus === undefined ? {} : { corpora: [corpus.name] }),
    explain: why === "" ? true : { id: why },
  };
  const { data, fault, refresh } = useLoaded(`search ${JSON.stringify(wish)}`, () => matrixd.search(wish));
  if (data === undefined)
    return fault === undefined ? (
      <Loading rows={6} what="who fits" />
    ) : (
      <Problem fault={fault} again={refresh} />
    );
  return <Hits found={data} query={query} corpus={corpus} />;
}

function Hits({
  found,
  query,
  corpus,
}: {
  readonly found: Searched;
  readonly query: string;
  readonly corpus: Corpus | undefined;
}): ReactNode {
  const { hits, no_match, degraded, playbook, per_corpus, took_ms } = found;
  const kept = useStore(judgementsOf);
  const grades = useMemo(
    () => new Map(kept.filter(({ query_text }) => query_text === query).map(({ id, grade }) => [id, grade])),
    [kept, query],
  );
  const columns = useMemo(() => columnsOf(hits, query, grades), [hits, query, grades]);
  return (
    <>
      <Reading query={found.query} />
      {no_match !== undefined && <Notice tone="warn">{no_match}</Notice>}
      {degraded && (
        <Notice tone="warn">
          Not everything could be looked at:{" "}
          {[
            playbook.degraded,
            ...Object.entries(per_corpus).map(
              ([name, { degraded: reason }]) => reason && `${name}: ${reason}`,
            ),
          ]
            .filter(Boolean)
            .join("; ")}
        </Notice>
      )}
      <DataGrid
        name="hits"
        columns={columns}
        rows={hits}
        rowKey={({ corpus, id }) => `${corpus} ${id}`}
        rowsShown={12}
        sqlPath={corpus === undefined || hits.length === 0 ? undefined : sqlPath(rowsSql(corpus, hits))}
        tools={
          <span className="muted">
            {Math.round(took_ms)} ms
            {playbook.boosted > 0 && ` · ${playbook.boosted} moved by playbooks`}
            {playbook.injected > 0 && `, ${playbook.injected} brought in`}
            {playbook.blocked_by_gate > 0 &&
              ` · ${playbook.blocked_by_gate} playbooks of other roles left out`}
          </span>
        }
      />
      <p className="muted">
        {PARTS.map(({ title, means }) => `${title}: ${means}`).join(" · ")}. A row opened shows why in a
        sentence.
      </p>
      <WhyNotForm found={found} />
    </>
  );
}

/** Rows of the hits, as the dataset has them. */
const IDS_MAX = 100;

function rowsSql({ dataset, id }: Corpus, hits: readonly MatrixHit[]): string {
  const ids = hits.slice(0, IDS_MAX).map((hit) => sqlText(hit.id));
  return `FROM ${sqlName(dataset)}\nWHERE ${sqlName(id)}::VARCHAR IN (${ids.join(", ")})`;
}

function Reading({ query }: { readonly query: Searched["query"] }): ReactNode {
  const phrases = readingOf(query);
  return (
    <div className="chips" aria-label="What was read">
      {phrases.map((phrase) => (
        <span key={phrase} className="pill info">
          {phrase}
        </span>
      ))}
      {query.corrections.map(({ typed, read }) => (
        <span key={typed} className="pill warn">
          “{typed}” read as “{read}”
        </span>
      ))}
      {query.unread.length > 0 && <span className="pill">not understood: {query.unread.join(" ")}</span>}
      {query.not_applied.length > 0 && (
        <span className="pill warn">read, but no column for it: {query.not_applied.join(", ")}</span>
      )}
    </div>
  );
}

/** Fields of a row that are shown beside its score; the rest are shown when it is opened. */
const FIELDS_FIRST = ["name", "role", "title", "city", "state", "status"];

function columnsOf(
  hits: readonly MatrixHit[],
  query: string,
  grades: ReadonlyMap<string, number>,
): readonly ShownColumn<MatrixHit>[] {
  const names = new Set(hits.flatMap(({ metadata }) => Object.keys(metadata)));
  const shownNames = [...names].filter((name) => !name.startsWith("_"));
  const ordered = [
    ...FIELDS_FIRST.filter((name) => names.has(name)),
    ...shownNames.filter((name) => !FIELDS_FIRST.includes(name)),
  ];
  const hasPlaybook = hits.some(({ boost }) => boost !== undefined);
  return [
    { key: "rank", title: "#", number: true, width: 52, value: ({ rank }) => rank + 1 },
    { key: "id", title: "Id", width: 96, value: ({ id }) => id },
    ...ordered.slice(0, 4).map((name): ShownColumn<MatrixHit> => ({
      key: name,
      title: name,
      width: name === "name" || name === "role" ? 160 : 100,
      value: ({ metadata }) => metadata[name] ?? "",
    })),
    {
      key: "miles",
      title: "Miles",
      number: true,
      width: 76,
      value: ({ miles, explain }) => miles ?? explain?.miles ?? "",
      show: ({ miles, explain }) => (miles ?? explain?.miles)?.toFixed(0) ?? "",
    },
    {
      key: "score",
      title: "Score",
      number: true,
      width: 84,
      value: ({ score }) => score,
      show: ({ score }) => <b>{score.toFixed(3)}</b>,
    },
    ...PARTS.map(({ key, title }): ShownColumn<MatrixHit> => ({
      key,
      title,
      number: true,
      width: 92,
      value: ({ explain }) => explain?.[key] ?? 0,
      show: ({ explain }) => (
        <span className="part">
          <Share of={1} value={explain?.[key] ?? 0} /> {(explain?.[key] ?? 0).toFixed(2)}
        </span>
      ),
    })),
    ...(hasPlaybook
      ? [
          {
            key: "playbook",
            title: "Playbook",
            width: 150,
            value: ({ boost }: MatrixHit) => boost?.factor ?? "",
            show: ({ boost, base_rank, injected }: MatrixHit) =>
              boost === undefined ? (
                ""
              ) : (
                <span className={boost.factor < 1 ? "pill good" : "pill bad"}>
                  {injected === true ? "brought in" : `was ${base_rank + 1}`}, ×{boost.factor.toFixed(2)}
                </span>
              ),
          },
        ]
      : []),
    {
      key: "grade",
      title: "Your grade",
      width: 150,
      value: ({ id }) => grades.get(id) ?? "",
      show: ({ id }) => (
        <select
          className="grade"
          aria-label={`Grade of ${id}`}
          value={grades.get(id) ?? ""}
          onChange={(event) =>
            judge({
              query_text: query,
              id,
              grade: event.target.value === "" ? undefined : Number(event.target.value),
            })
          }
        >
          <option value="">none</option>
          {GRADE_WORDS.map((words, grade) => (
            <option key={words} value={grade}>
              {grade} {words}
            </option>
          ))}
        </select>
      ),
    },
    { key: "why", title: "Why", width: 420, value: ({ explain }) => explain?.why ?? "" },
    ...ordered.slice(4).map((name): ShownColumn<MatrixHit> => ({
      key: name,
      title: name,
      width: 140,
      value: ({ metadata }) => metadata[name] ?? "",
    })),
    { key: "cite", title: "Row", width: 240, value: ({ cite }) => cite },
  ];
}

function WhyNotForm({ found }: { readonly found: Searched }): ReactNode {
  const asked = useParams().get("why") ?? "";
  const [id, setId] = useState(asked);
  const { why_not } = found;
  return (
    <section className="card section-page" aria-labelledby="why-not-title">
      <h2 id="why-not-title">Why not …?</h2>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          setParams({ why: id.trim() });
        }}
      >
        <label className="grow narrow-field">
          Id of somebody who is not among the hits
          <input value={id} placeholder="w-1042" onChange={(event) => setId(event.target.value)} />
        </label>
        <button type="submit" disabled={id.trim() === ""}>
          Tell me why
        </button>
      </form>
      {why_not !== undefined && (
        <Notice tone={why_not.reason === "is_hit" ? "good" : "info"}>
          <p>
            <b>{why_not.id}</b>: {why_not.message}
          </p>
          <p className="muted">
            {[
              why_not.rank === undefined ? undefined : `place ${why_not.rank + 1} among all`,
              why_not.score === undefined ? undefined : `score ${why_not.score.toFixed(3)}`,
              why_not.cut === undefined ? undefined : `the last hit has ${why_not.cut.toFixed(3)}`,
              why_not.failed === undefined ? undefined : `does not meet: ${why_not.failed.join(", ")}`,
            ]
              .filter(Boolean)
              .join(" · ")}
          </p>
        </Notice>
      )}
    </section>
  );
}
