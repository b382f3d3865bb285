// One file on its way in: read without loading first, so that dialect and types are seen and can be overruled; then loaded, with
// progress, or cancelled.

import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Dataset } from "#contracts/catalog";
import type { Ingested } from "#contracts/ingest";
import { Notice, Problem } from "../parts/notice.tsx";
import { counted } from "../parts/words.ts";
import { sectionPath } from "../shell/router.ts";
import { sqlName } from "../sql/names.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { type Progress, upload } from "../wire/upload.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { datasetNameOf, isDatasetName, phaseWords, sizeOf } from "./dataset-words.ts";
import type { Said } from "./dialect-choices.tsx";
import { ReadAs } from "./read-as.tsx";

type Mode = "append" | "replace" | "upsert";

const MODES: Readonly<Record<Mode, string>> = {
  append: "add the rows",
  replace: "replace all rows",
  upsert: "update rows by key",
};

const FORMATS = {
  csv: "CSV, or columns split by any character",
  json: "JSON",
  ndjson: "JSON lines",
  parquet: "Parquet",
  xlsx: "Excel",
};

/** Larger files are read when a person asks for it: reading is sending all of it. */
const READ_AT_ONCE_BYTES_MAX = 64 * 1024 * 1024;

interface FileFormProps {
  readonly file: File;
  readonly datasets: readonly Dataset[];
  readonly onRemove: () => void;
  readonly onLoaded: () => void;
}

export function FileForm({ file, datasets, onRemove, onLoaded }: FileFormProps): ReactNode {
  const [dataset, setDataset] = useState(() => datasetNameOf(file.name));
  const [mode, setMode] = useState<Mode>("append");
  const [key, setKey] = useState("");
  const [sheet, setSheet] = useState("");
  const [format, setFormat] = useState("");
  const [types, setTypes] = useState<Readonly<Record<string, string>>>({});
  const [said, setSaid] = useState<Said>({});
  const [progress, setProgress] = useState<Progress>();
  const [read, setRead] = useState<Ingested>();
  const [loaded, setLoaded] = useState<Ingested>();
  const [fault, setFault] = useState<WireFault>();
  const running = useRef<AbortController>(undefined);
  const existing = datasets.find(({ name }) => name.toLowerCase() === dataset.toLowerCase());
  const isWorkbook = /\.xls[xm]$/i.test(file.name);

  const send = async (dryRun: boolean): Promise<void> => {
    running.current?.abort();
    const mine = new AbortController();
    running.current = mine;
    setFault(undefined);
    setProgress({ phase: "send", rows: 0, bytes: 0 });
    try {
      const result = await upload(file, {
        input: {
          dataset,
          mode,
          source: file.name,
          ...(key.trim() === "" || mode !== "upsert" ? {} : { key: key.trim() }),
          ...(format === "" ? {} : { format }),
          ...(sheet.trim() === "" ? {} : { sheet: sheet.trim() }),
          ...(Object.keys(types).length === 0 ? {} : { types }),
          ...said,
          ...(dryRun ? { dry_run: true } : {}),
        },
        onProgress: setProgress,
        signal: mine.signal,
      });
      if (dryRun) {
        setRead(result);
      } else {
        setLoaded(result);
        onLoaded();
      }
    } catch (thrown) {
      const failure = toWireFault(thrown);
      // What a newer request took the place of is no failure.
      if (running.current === mine) setFault(failure);
    } finally {
      if (running.current === mine) setProgress(undefined);
    }
  };

  // What a person changes of the reading is read again; a pause lets them finish typing.
  const wish = JSON.stringify([dataset, mode, key, sheet, format, types, said]);
  const ready = isDatasetName(dataset) && (mode !== "upsert" || key.trim() !== "");
  useEffect(() => {
    if (!ready || file.size > READ_AT_ONCE_BYTES_MAX) return undefined;
    const timer = setTimeout(() => void send(true), READ_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [wish, ready]);
  useEffect(() => () => running.current?.abort(), []);

  if (loaded !== undefined) return <LoadedFile file={file} result={loaded} onRemove={onRemove} />;
  return (
    <section className="card file-form" aria-label={`File ${file.name}`}>
      <header className="section-head">
        <h2>
          {file.name} <span className="muted">{sizeOf(file.size)}</span>
        </h2>
        <button type="button" className="quiet" onClick={onRemove} disabled={progress !== undefined}>
          Take it off the list
        </button>
      </header>
      <div className="row file-options">
        <label>
          Dataset
          <input value={dataset} spellCheck={false} onChange={(event) => setDataset(event.target.value)} />
        </label>
        {existing !== undefined && (
          <label>
            {existing.name} has {counted(existing.rows, "row")} already:
            <select value={mode} onChange={(event) => setMode(event.target.value as Mode)}>
              {Object.entries(MODES).map(([name, words]) => (
                <option key={name} value={name}>
                  {words}
                </option>
              ))}
            </select>
          </label>
        )}
        {existing !== undefined && mode === "upsert" && (
          <label>
            Columns that name a row
            <input placeholder="worker_id" value={key} onChange={(event) => setKey(event.target.value)} />
          </label>
        )}
        <label>
          Read as
          <select value={format} onChange={(event) => setFormat(event.target.value)}>
            <option value="">what it looks like</option>
            {Object.entries(FORMATS).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {isWorkbook && (
          <label>
            Sheet
            <input
              placeholder="the only one with data"
              value={sheet}
              onChange={(event) => setSheet(event.target.value)}
            />
          </label>
        )}
      </div>
      {!isDatasetName(dataset) && (
        <Notice tone="warn">
          A dataset’s name is letters, digits and _, does not begin with a digit, and has 63 at most.
        </Notice>
      )}
      {progress !== undefined && (
        <ProgressLine progress={progress} bytes={file.size} onCancel={() => running.current?.abort()} />
      )}
      {fault !== undefined && <Problem fault={fault} again={() => void send(read === undefined)} />}
      {read !== undefined && (
        <ReadAs
          read={read}
          isWorkbook={isWorkbook}
          said={said}
          onSaid={setSaid}
          types={types}
          onType={(column, type) => {
            const { [column]: _, ...others } = types;
            setTypes(type === "" ? others : { ...others, [column]: type });
          }}
        />
      )}
      <div className="row">
        <button
          type="button"
          className="primary"
          disabled={!ready || progress !== undefined}
          onClick={() => void send(false)}
        >
          {read === undefined ? "Load" : `Load ${counted(read.rows_loaded, "row")}`}
        </button>
        {read === undefined && (
          <button type="button" disabled={!ready || progress !== undefined} onClick={() => void send(true)}>
            Show how it is read
          </button>
        )}
      </div>
    </section>
  );
}

const READ_PAUSE_MS = 400;

function ProgressLine({
  progress,
  bytes,
  onCancel,
}: {
  readonly progress: Progress;
  readonly bytes: number;
  readonly onCancel: () => void;
}): ReactNode {
  const total = progress.bytes_total ?? bytes;
  return (
    <div className="row" role="status">
      <span>
        {phaseWords(progress.phase)}
        {progress.rows > 0
          ? ` ${counted(progress.rows, "row")}`
          : ` ${sizeOf(progress.bytes)} of ${sizeOf(total)}`}
      </span>
      <progress
        className="grow"
        aria-label="Progress of the file"
        value={Math.min(progress.bytes, total)}
        max={Math.max(1, total)}
      />
      <button type="button" className="small" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}

function LoadedFile({
  file,
  result,
  onRemove,
}: {
  readonly file: File;
  readonly result: Ingested;
  readonly onRemove: () => void;
}): ReactNode {
  const { dataset, rows_loaded, rows_quarantined, rows_deduped, replayed, warnings } = result;
  return (
    <Notice tone={rows_quarantined > 0 ? "warn" : "good"}>
      <p>
        <b>{file.name}</b>:{" "}
        {replayed
          ? "the same file is in the dataset already; nothing was loaded again."
          : `${counted(rows_loaded, "row")} loaded into ${dataset}.`}
        {rows_quarantined > 0 && ` ${counted(rows_quarantined, "row")} did not fit and are kept aside.`}
        {rows_deduped > 0 && ` ${counted(rows_deduped, "row")} had a later row of the same key.`}
      </p>
      {warnings.length > 0 && (
        <ul>
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <p className="notice-foot">
        <a className="button" href={sectionPath("datasets", dataset)}>
          Look at {dataset}
        </a>
        {rows_quarantined > 0 && (
          <a className="button" href={sectionPath("datasets", dataset, { tab: "rejects" })}>
            See what did not fit
          </a>
        )}
        <a className="button" href={sqlPath(`FROM ${sqlName(dataset)}`)}>
          Ask it in SQL
        </a>
        <button type="button" className="quiet" onClick={onRemove}>
          Done
        </button>
      </p>
    </Notice>
  );
}
