// Rows near a text, on a plane; the neighbours of a chosen one come from the index itself.

import { type ReactNode, useMemo, useState } from "react";
import type { Corpus } from "#contracts/matrix";
import type { Hit, Index } from "#contracts/vector";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Loading, Problem } from "../parts/notice.tsx";
import { setParams, useParams } from "../shell/router.ts";
import { vectord } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { projected, vectorOf } from "./projection.ts";

/** What a reply carries in a second, and an eye tells apart. */
const POINTS_MAX = 300;
const NEIGHBOURS = 10;
const GROUPS_MAX = 5;
const [WIDTH, HEIGHT, MARGIN] = [720, 420, 14];

interface VectorMapProps {
  readonly index: Index;
  readonly corpus: Corpus;
}

export function VectorMap({ index, corpus }: VectorMapProps): ReactNode {
  const around = useParams().get("around") ?? "";
  const [text, setText] = useState(around);
  const query = around === "" ? "people" : around;
  const { data, fault, refresh } = useLoaded(`map ${index.name} ${query}`, () =>
    vectord.search({
      index: index.name,
      text: query,
      model: corpus.model,
      k: Math.min(POINTS_MAX, Math.max(1, index.count)),
      include: ["metadata", "vector"],
    }),
  );
  return (
    <section className="card section-page" aria-labelledby="map-title">
      <header className="section-head">
        <h2 id="map-title">Map of the rows nearest to a text</h2>
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            setParams({ around: text, point: undefined });
          }}
        >
          <input
            type="search"
            aria-label="Text that the map is around"
            placeholder="forklift operator"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <button type="submit">Show</button>
        </form>
      </header>
      {data === undefined ? (
        fault === undefined ? (
          <Loading rows={4} what="the map" />
        ) : (
          <Problem fault={fault} again={refresh} />
        )
      ) : (
        <Plane hits={data.hits} index={index} />
      )}
    </section>
  );
}

function groupOf({ metadata }: Hit): string {
  const value = metadata?.["_role"] ?? metadata?.["role"] ?? metadata?.["title"] ?? "";
  return typeof value === "string" && value !== "" ? value : "no role";
}

function Plane({ hits, index }: { readonly hits: readonly Hit[]; readonly index: Index }): ReactNode {
  const chosen = useParams().get("point") ?? "";
  const points = useMemo(() => {
    const known = hits.filter(({ vector }) => typeof vector === "string");
    const places = projected(known.map(({ vector }) => vectorOf(vector as string)));
    return known.map((hit, at) => ({ hit, x: places[at]?.x ?? 0, y: places[at]?.y ?? 0 }));
  }, [hits]);
  const groups = useMemo(() => {
    const counts = Map.groupBy(points, ({ hit }) => groupOf(hit));
    return [...counts]
      .toSorted(([, a], [, b]) => b.length - a.length)
      .map(([name]) => name)
      .slice(0, GROUPS_MAX);
  }, [points]);
  const tone = (hit: Hit): number => {
    const at = groups.indexOf(groupOf(hit));
    return at < 0 ? GROUPS_MAX + 1 : at + 1;
  };
  const vector = points.find(({ hit }) => hit.id === chosen)?.hit.vector;
  const { data: near, fault } = useLoaded(
    `neighbours ${index.name} ${chosen} ${vector === undefined ? "" : "known"}`,
    async () =>
      vector === undefined
        ? { hits: [] }
        : vectord.search({ index: index.name, vector, k: NEIGHBOURS + 1, include: ["metadata"] }),
  );
  const neighbours = (near?.hits ?? []).filter(({ id }) => id !== chosen);
  const nearIds = new Set(neighbours.map(({ id }) => id));
  const place = ({ x, y }: { x: number; y: number }): [number, number] => [
    MARGIN + x * (WIDTH - 2 * MARGIN),
    MARGIN + (1 - y) * (HEIGHT - 2 * MARGIN),
  ];
  const center = points.find(({ hit }) => hit.id === chosen);
  return (
    <div className="vector-map">
      <div>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          role="img"
          aria-label={`${points.length} rows by their meaning; the table beside lists them`}
        >
          {center !== undefined &&
            points
              .filter(({ hit }) => nearIds.has(hit.id))
              .map((point) => {
                const [[x1, y1], [x2, y2]] = [place(center), place(point)];
                return <line key={point.hit.id} x1={x1} y1={y1} x2={x2} y2={y2} />;
              })}
          {points.map((point) => {
            const [cx, cy] = place(point);
            const { hit } = point;
            return (
              <circle
                key={hit.id}
                cx={cx}
                cy={cy}
                r={hit.id === chosen ? 8 : nearIds.has(hit.id) ? 6 : 4.5}
                className={`point-${tone(hit)}${hit.id === chosen ? " chosen" : ""}`}
                onClick={() => setParams({ point: hit.id })}
              >
                <title>{`${hit.id} · ${groupOf(hit)}`}</title>
              </circle>
            );
          })}
        </svg>
        <ul className="row map-legend">
          {groups.map((name, at) => (
            <li key={name}>
              <span className={`dot point-${at + 1}`} aria-hidden="true" /> {name}
            </li>
          ))}
          {points.some(({ hit }) => !groups.includes(groupOf(hit))) && (
            <li>
              <span className={`dot point-${GROUPS_MAX + 1}`} aria-hidden="true" /> others
            </li>
          )}
        </ul>
      </div>
      <div className="section-page">
        <h3>{chosen === "" ? "Rows on the map" : `Nearest to ${chosen}`}</h3>
        {fault !== undefined && <Problem fault={fault} />}
        <DataGrid
          name={chosen === "" ? "points" : "neighbours"}
          columns={POINT_COLUMNS}
          rows={chosen === "" ? points.map(({ hit }) => hit) : neighbours}
          rowKey={({ id }) => id}
          onOpen={({ id }) => setParams({ point: id })}
          rowsShown={9}
        />
        {chosen !== "" && (
          <button type="button" className="link" onClick={() => setParams({ point: undefined })}>
            Show all rows of the map
          </button>
        )}
      </div>
    </div>
  );
}

const POINT_COLUMNS: readonly ShownColumn<Hit>[] = [
  { key: "id", title: "Id", width: 100, value: ({ id }) => id },
  { key: "role", title: "Role", width: 160, value: groupOf },
  {
    key: "distance",
    title: "Distance",
    number: true,
    width: 100,
    value: ({ distance }) => distance,
    show: ({ distance }) => distance.toFixed(4),
  },
];
