// Where a row came from: from an export's row, or an evidence's id, back to the line of the log, with its score and what does
// not fit any more.

import { type FormEvent, type ReactNode, useState } from "react";
import { Json } from "../parts/json.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Notice } from "../parts/notice.tsx";
import { setParams, useParams } from "../shell/router.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { distilld } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";

const EVIDENCE_ID = /^[0-9a-f]{64}$/;

export function EvidenceView({ root }: { readonly root: string }): ReactNode {
  const params = useParams();
  const id = params.get("evidence") ?? "";
  const file = params.get("file") ?? "";
  const row = Math.max(0, Number(params.get("row") ?? 0) || 0);
  return (
    <>
      <Search key={id} id={id} />
      {file !== "" ? (
        <Traced key={`${file}:${row}`} root={root} file={file} row={row} />
      ) : id !== "" ? (
        <OfId key={id} root={root} id={id} />
      ) : (
        <p className="muted">
          Exports lead here, too: a row of a file says from which line of which log it came.
        </p>
      )}
    </>
  );
}

function Search({ id }: { readonly id: string }): ReactNode {
  const [text, setText] = useState(id);
  const wrong = text.trim() !== "" && !EVIDENCE_ID.test(text.trim());
  const look = (event: FormEvent): void => {
    event.preventDefault();
    if (!wrong) setParams({ evidence: text.trim(), file: "", row: "" });
  };
  return (
    <>
      <form className="row" onSubmit={look}>
        <label className="grow">
          Id of the evidence{" "}
          <span className="muted">
            (64 characters;{" "}
            <a href={sqlPath("SELECT evidence_id, kind FROM evidence LIMIT 100")}>all of them as SQL</a>)
          </span>
          <input value={text} aria-invalid={wrong} onChange={(event) => setText(event.target.value)} />
        </label>
        <button type="submit" disabled={wrong || text.trim() === ""}>
          Look
        </button>
      </form>
      {wrong && <p className="short">An id has 64 characters of 0 to 9 and a to f.</p>}
    </>
  );
}

function Traced({
  root,
  file,
  row,
}: {
  readonly root: string;
  readonly file: string;
  readonly row: number;
}): ReactNode {
  const loaded = useLoaded(`trace ${root} ${file} ${row}`, () => distilld.trace({ root, file, row }));
  return (
    <>
      <div className="section-head">
        <h2>
          Row {row} <span className="muted">of {file}</span>
        </h2>
        <div className="row">
          <button type="button" disabled={row === 0} onClick={() => setParams({ row: String(row - 1) })}>
            Row before
          </button>
          <button type="button" onClick={() => setParams({ row: String(row + 1) })}>
            Next row
          </button>
        </div>
      </div>
      <LoadedView loaded={loaded} what="the row">
        {({ row: content, provenance, evidence, scored, source_line, broken }) => (
          <>
            <Fits broken={broken} />
            <div className="cards">
              <Part title="The row" value={content} />
              <Part title="Comes from" value={provenance} />
              <Part title="Its evidence" value={evidence} />
              <Part title="Its score" value={scored} />
            </div>
            <SourceLine line={source_line} />
            <p>
              <button
                type="button"
                className="link"
                onClick={() => setParams({ evidence: provenance.evidence_id, file: "", row: "" })}
              >
                Everything of this evidence
              </button>
            </p>
          </>
        )}
      </LoadedView>
    </>
  );
}

function OfId({ root, id }: { readonly root: string; readonly id: string }): ReactNode {
  const loaded = useLoaded(`evidence ${root} ${id}`, () => distilld.evidence({ root, evidence_id: id }));
  return (
    <LoadedView loaded={loaded} what="the evidence">
      {({ evidence, scored, source_line, exports: rows, broken }) => (
        <>
          <h2>
            {evidence.kind}{" "}
            {scored !== null && (
              <span className={`pill ${scored.category === "rejected" ? "bad" : "good"}`}>
                {scored.category.replaceAll("_", " ")}, {scored.score}
              </span>
            )}
          </h2>
          {scored !== null && scored.reasons.length > 0 && <p>Because: {scored.reasons.join("; ")}</p>}
          <Fits broken={broken} />
          <div className="cards">
            <Part title="The evidence" value={evidence} />
            <Part title="Comes from" value={evidence.provenance} />
          </div>
          <SourceLine line={source_line} />
          <h3>Exports that have it</h3>
          {rows.length === 0 ? (
            <p className="muted">None.</p>
          ) : (
            <ul>
              {rows.map(({ file, row }) => (
                <li key={`${file} ${row}`}>
                  <button
                    type="button"
                    className="link"
                    onClick={() => setParams({ file, row: String(row), evidence: "" })}
                  >
                    {file}, row {row}
                  </button>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </LoadedView>
  );
}

function Fits({ broken }: { readonly broken: readonly string[] }): ReactNode {
  if (broken.length === 0) return <Notice tone="good">Every step back to the source fits.</Notice>;
  return (
    <Notice tone="bad">
      <ul>
        {broken.map((what) => (
          <li key={what}>{what}</li>
        ))}
      </ul>
    </Notice>
  );
}

function Part({ title, value }: { readonly title: string; readonly value: unknown }): ReactNode {
  return (
    <section className="card">
      <h3>{title}</h3>
      {value === null || value === undefined ? (
        <p className="muted">There is none.</p>
      ) : (
        <Json value={value} label={title} />
      )}
    </section>
  );
}

function SourceLine({ line }: { readonly line: string | null }): ReactNode {
  if (line === null) return <p className="muted">The source line is not there any more.</p>;
  return (
    <section className="card">
      <h3>The line of the log</h3>
      <pre className="code" tabIndex={0} aria-label="Source line" role="region">
        {line}
      </pre>
    </section>
  );
}
