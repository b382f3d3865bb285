// Files that train: how many rows, why others were left out, the certificate that nothing stands on both sides, and the files.

import { Fragment, type ReactNode } from "react";
import type { distill } from "#contracts/distill";
import type { OutputOf } from "#rpc/contract";
import { CopyButton } from "../parts/copy-button.tsx";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Json } from "../parts/json.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Problem } from "../parts/notice.tsx";
import { useDownload } from "../parts/use-download.ts";
import { bytesText, momentOf } from "../parts/words.ts";
import { setParams, useParams } from "../shell/router.ts";
import { sqlPath } from "../sql/sql-path.ts";
import { distilld } from "../wire/client.ts";
import { DISTILL_RAW } from "../wire/operations.ts";
import { useLoaded } from "../wire/use-loaded.ts";

type Exported = OutputOf<typeof distill.exports>["exports"][number];
type File = Exported["files"][number];

const COLUMNS: readonly ShownColumn<Exported>[] = [
  { key: "name", title: "Export", value: ({ name }) => name, width: 240 },
  { key: "kind", title: "Kind", value: ({ kind }) => kind },
  { key: "target", title: "For", value: ({ target }) => target },
  { key: "train", title: "To train", value: ({ rows }) => rows["train"] ?? 0, number: true, width: 90 },
  { key: "holdout", title: "Held out", value: ({ rows }) => rows["holdout"] ?? 0, number: true, width: 90 },
  { key: "left", title: "Left out", value: ({ rows }) => rows["left_out"] ?? 0, number: true, width: 90 },
  {
    key: "certified",
    title: "Certificate",
    value: ({ certified }) => (certified ? "clean" : "not clean"),
    show: ({ certified }) => (
      <span className={`pill ${certified ? "good" : "bad"}`}>{certified ? "clean" : "not clean"}</span>
    ),
    width: 110,
  },
  {
    key: "written",
    title: "Written",
    value: ({ written_at }) => written_at,
    show: ({ written_at }) => momentOf(written_at),
    width: 170,
  },
];

export function Exports({ root }: { readonly root: string }): ReactNode {
  const chosen = useParams().get("export") ?? "";
  const loaded = useLoaded(`exports ${root}`, () => distilld.exports({ root, limit: 500 }));
  return (
    <LoadedView loaded={loaded} what="exports">
      {({ exports: list }) =>
        list.length === 0 ? (
          <Empty title="Nothing was exported yet">
            <p>A run with the stage export writes files that trainers take. In a terminal:</p>
            <pre className="code" tabIndex={0}>
              lakehouse distill run --target trl
            </pre>
          </Empty>
        ) : (
          <>
            <DataGrid
              name="exports"
              columns={COLUMNS}
              rows={list}
              rowKey={({ name }) => name}
              rowsShown={10}
              sqlPath={root === "distill" ? sqlPath("SELECT * FROM exports") : undefined}
              onOpen={({ name }) => setParams({ export: name === chosen ? "" : name })}
            />
            {chosen === "" ? (
              <p className="muted">Choose an export to see its files and its certificate.</p>
            ) : (
              <OneExport key={chosen} name={chosen} root={root} />
            )}
          </>
        )
      }
    </LoadedView>
  );
}

function OneExport({ name, root }: { readonly name: string; readonly root: string }): ReactNode {
  const loaded = useLoaded(`export ${root} ${name}`, () => distilld.export({ name, root }));
  return (
    <LoadedView loaded={loaded} what="the export">
      {({ kind, files, left_out, certificate, certified }) => (
        <section className="card version" aria-labelledby="export">
          <div className="section-head">
            <h2 id="export">
              {name}{" "}
              <span className={`pill ${certified ? "good" : "bad"}`}>
                {certified ? "nothing stands on both sides" : "something stands on both sides"}
              </span>
            </h2>
          </div>
          {Object.keys(left_out).length > 0 && (
            <p>
              Left out:{" "}
              {Object.entries(left_out)
                .map(([why, count]) => `${count.toLocaleString("en-US")} ${why.replaceAll("_", " ")}`)
                .join(", ")}
              .
            </p>
          )}
          <Files files={files} kind={kind} name={name} root={root} />
          <Certificate certificate={certificate} />
        </section>
      )}
    </LoadedView>
  );
}

function Files({
  files,
  kind,
  name,
  root,
}: {
  readonly files: readonly File[];
  readonly kind: string;
  readonly name: string;
  readonly root: string;
}): ReactNode {
  const download = useDownload();
  const columns: readonly ShownColumn<File>[] = [
    { key: "path", title: "File", value: ({ path }) => path, width: 260 },
    {
      key: "size",
      title: "Size",
      value: ({ bytes }) => bytes,
      show: ({ bytes }) => bytesText(bytes),
      number: true,
      width: 90,
    },
    {
      key: "get",
      title: "Get it",
      value: () => "",
      show: ({ path }) => (
        <button
          type="button"
          className="link"
          aria-label={`Download ${path}`}
          onClick={() =>
            download.start(
              DISTILL_RAW.exportFile,
              { name, file: path, root },
              `${name}-${path.replaceAll("/", "-")}`,
            )
          }
        >
          Download
        </button>
      ),
      width: 100,
    },
    {
      key: "trace",
      title: "Where rows came from",
      value: () => "",
      show: ({ path, bytes }) =>
        path.endsWith(".jsonl") &&
        !path.includes("prov") &&
        bytes > 0 && (
          <button
            type="button"
            className="link"
            aria-label={`Where the first row of ${path} came from`}
            onClick={() => setParams({ tab: "evidence", file: `exports/${kind}/${name}/${path}`, row: "0" })}
          >
            First row
          </button>
        ),
      width: 190,
    },
    { key: "sha256", title: "SHA-256", value: ({ sha256 }) => sha256, width: 460 },
  ];
  return (
    <>
      <DataGrid name="files" columns={columns} rows={files} rowKey={({ path }) => path} rowsShown={9} />
      {download.bytes !== undefined && (
        <p role="status">
          {bytesText(download.bytes)} have come{" "}
          <button type="button" className="small" onClick={download.cancel}>
            Stop
          </button>
        </p>
      )}
      {download.fault !== undefined && <Problem fault={download.fault} />}
    </>
  );
}

const SAID: readonly (readonly [field: string, words: string])[] = [
  ["overlap_8", "Held-out rows that share 8 words in a row with training"],
  ["overlap_13", "Held-out rows that share 13 words in a row with training"],
  ["groups_on_both_sides", "Groups that stand on both sides"],
];

function Certificate({
  certificate,
}: {
  readonly certificate: Readonly<Record<string, unknown>>;
}): ReactNode {
  const { command } = certificate;
  return (
    <>
      <h3>Certificate</h3>
      <dl className="fact-list">
        {SAID.filter(([field]) => typeof certificate[field] === "number").map(([field, words]) => (
          <Fragment key={field}>
            <dt>{words}</dt>
            <dd>{String(certificate[field])}</dd>
          </Fragment>
        ))}
      </dl>
      {typeof command === "string" && (
        <p className="row">
          Computed again by <code>{command}</code> <CopyButton text={command} label="Copy" />
        </p>
      )}
      <details>
        <summary>All of it</summary>
        <Json value={certificate} label="Certificate" />
      </details>
    </>
  );
}
