// Where the rows came from and what is made of them: files on the one side, corpora that are searched on the other.

import type { ReactNode } from "react";
import type { Dataset } from "#contracts/catalog";
import { Loading, Problem } from "../parts/notice.tsx";
import { counted, dayOf, timeOf } from "../parts/words.ts";
import { sectionPath } from "../shell/router.ts";
import { catalogd, matrixd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";

export function UsePanel({ dataset }: { readonly dataset: Dataset }): ReactNode {
  const { data, fault, refresh } = useLoaded(`use of ${dataset.name} ${dataset.snapshot_id}`, async () => ({
    snapshots: (await catalogd.snapshots({ dataset: dataset.name, limit: 1000 })).snapshots,
    corpora: (await matrixd.corpora({ limit: 1000 })).corpora.filter(
      (corpus) => corpus.dataset === dataset.name,
    ),
  }));
  if (data === undefined)
    return fault === undefined ? (
      <Loading rows={4} what="where it is used" />
    ) : (
      <Problem fault={fault} again={refresh} />
    );
  const sources = data.snapshots.filter(({ summary }) => summary["lakehouse.source"] !== undefined);
  return (
    <div className="lineage">
      <section className="card" aria-labelledby="from-title">
        <h2 id="from-title">It was made from</h2>
        {sources.length === 0 ? (
          <p className="muted">Rows that were sent without a file, or files without a name.</p>
        ) : (
          <ul className="plain-list">
            {sources.map(({ snapshot_id, at, summary }) => (
              <li key={String(snapshot_id)}>
                <b>{summary["lakehouse.source"]}</b>{" "}
                <span className="muted">
                  {dayOf(at, undefined)}, {timeOf(at)} ·{" "}
                  {counted(Number(summary["lakehouse.rows-loaded"] ?? 0), "row")}
                  {Number(summary["lakehouse.rows-quarantined"] ?? 0) > 0 &&
                    `, ${counted(Number(summary["lakehouse.rows-quarantined"]), "row")} rejected`}
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <span className="lineage-arrow" aria-hidden="true">
        →
      </span>
      <section className="card lineage-self" aria-label="This dataset">
        <h2>{dataset.name}</h2>
        <p className="muted">{counted(dataset.rows, "row")}</p>
      </section>
      <span className="lineage-arrow" aria-hidden="true">
        →
      </span>
      <section className="card" aria-labelledby="into-title">
        <h2 id="into-title">It is searched as</h2>
        {data.corpora.length === 0 ? (
          <p className="muted">
            Nothing searches it yet.{" "}
            <a href={sectionPath("search", undefined, { make: dataset.name })}>Make it searchable</a>
          </p>
        ) : (
          <ul className="plain-list">
            {data.corpora.map((corpus) => (
              <li key={corpus.name}>
                <a href={sectionPath("search", corpus.name)}>{corpus.name}</a>{" "}
                <span className="muted">
                  {counted(corpus.rows, "row")},{" "}
                  {corpus.status === "ready" && corpus.snapshot_id === dataset.snapshot_id
                    ? "up to date"
                    : corpus.status === "failed"
                      ? "its last build failed"
                      : "being brought up to date"}
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
    </div>
  );
}
