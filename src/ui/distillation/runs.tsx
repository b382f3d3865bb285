// Runs of a root, the newest first, and the one that is open: how far it is, what each stage took in and gave, its reports.

import { type ReactNode, useState } from "react";
import type { distill, DistillRun } from "#contracts/distill";
import type { OutputOf } from "#rpc/contract";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty, Notice, Problem } from "../parts/notice.tsx";
import { useDownload } from "../parts/use-download.ts";
import { momentOf, msText } from "../parts/words.ts";
import { setParams, useParams } from "../shell/router.ts";
import { distilld } from "../wire/client.ts";
import { useFollow } from "../wire/follow.ts";
import { DISTILL_RAW, DISTILL_STREAMS } from "../wire/operations.ts";
import { type Loaded, useLoaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";
import { STATUS_TONES, STATUS_WORDS } from "./status.ts";

type RunList = OutputOf<typeof distill.runs>;
type Receipt = DistillRun["receipts"][number];

function tookMs({ started_at, ended_at }: DistillRun): number | null {
  return ended_at === undefined ? null : Date.parse(ended_at) - Date.parse(started_at);
}

const sum = ({ receipts }: DistillRun, of: "quarantined" | "out"): number =>
  receipts.reduce((total, receipt) => total + receipt[of], 0);

const COLUMNS: readonly ShownColumn<DistillRun>[] = [
  {
    key: "started",
    title: "Started",
    value: ({ started_at }) => started_at,
    show: ({ started_at }) => momentOf(started_at),
    width: 170,
  },
  {
    key: "status",
    title: "State",
    value: ({ status }) => STATUS_WORDS[status],
    show: ({ status }) => <span className={`pill ${STATUS_TONES[status]}`}>{STATUS_WORDS[status]}</span>,
    width: 110,
  },
  { key: "stages", title: "Stages", value: ({ stages }) => stages.join(", "), width: 330 },
  {
    key: "took",
    title: "Took",
    value: (run) => tookMs(run),
    show: (run) => {
      const ms = tookMs(run);
      return ms === null ? "" : msText(ms);
    },
    number: true,
    width: 90,
  },
  {
    key: "quarantined",
    title: "Into quarantine",
    value: (run) => sum(run, "quarantined"),
    number: true,
    width: 140,
  },
  { key: "by", title: "By", value: ({ actor }) => actor ?? "" },
  { key: "run", title: "Run", value: ({ run_id }) => run_id, width: 220 },
  { key: "problem", title: "Problem", value: ({ problem }) => problem ?? "", width: 320 },
];

export function Runs({ runs, root }: { readonly runs: Loaded<RunList>; readonly root: string }): ReactNode {
  const chosen = useParams().get("run") ?? "";
  return (
    <LoadedView loaded={runs} what="runs">
      {({ runs: list, next_cursor }) =>
        list.length === 0 && chosen === "" ? (
          <Empty title="Nothing was distilled yet">
            <p>
              Orders, drafts and outcomes become files that train a model, each row with its proof. Recording
              is off until it is wanted; start the house with it, then start a run above, or in a terminal:
            </p>
            <pre className="code" tabIndex={0}>
              {`LAKEHOUSE_CAPTURE=full lakehouse up
lakehouse distill capture --mode full
lakehouse distill run`}
            </pre>
          </Empty>
        ) : (
          <>
            <DataGrid
              name="runs"
              columns={COLUMNS}
              rows={list}
              rowKey={({ run_id }) => run_id}
              rowsShown={10}
              onOpen={({ run_id }) => setParams({ run: run_id === chosen ? "" : run_id })}
            />
            {next_cursor !== undefined && <p className="muted">The newest 200 are shown.</p>}
            {chosen === "" ? (
              <p className="muted">Choose a run to see its stages and reports.</p>
            ) : (
              <OneRun key={chosen} runId={chosen} root={root} onEnded={runs.refresh} />
            )}
          </>
        )
      }
    </LoadedView>
  );
}

const RECEIPT_COLUMNS: readonly ShownColumn<Receipt>[] = [
  { key: "stage", title: "Stage", value: ({ stage }) => stage, width: 180 },
  { key: "in", title: "In", value: (receipt) => receipt.in, number: true },
  { key: "out", title: "Out", value: ({ out }) => out, number: true },
  { key: "duplicates", title: "Seen before", value: ({ duplicates }) => duplicates, number: true },
  {
    key: "quarantined",
    title: "Into quarantine",
    value: ({ quarantined }) => quarantined,
    number: true,
    width: 140,
  },
  { key: "total", title: "Out in all runs", value: ({ totals }) => totals.out, number: true, width: 140 },
];

function OneRun({
  runId,
  root,
  onEnded,
}: {
  readonly runId: string;
  readonly root: string;
  readonly onEnded: () => void;
}): ReactNode {
  const loaded = useLoaded<DistillRun>(`run ${root} ${runId}`, () => distilld.run({ run_id: runId, root }));
  const [newer, setNewer] = useState<DistillRun>();
  const stopping = useWork();
  const download = useDownload();
  useFollow(
    DISTILL_STREAMS.runEvents,
    { run_id: runId, root },
    {
      onOpen: () => undefined,
      onEvent: (received) => {
        const next = received as DistillRun;
        setNewer((before) => {
          if (before?.status === "running" && next.status !== "running") onEnded();
          return next;
        });
      },
    },
  );
  return (
    <LoadedView loaded={loaded} what="the run">
      {(read) => {
        const run = newer ?? read;
        const { status, progress, problem, receipts, reports } = run;
        return (
          <section className="card version" aria-labelledby="run">
            <div className="section-head">
              <h2 id="run">
                {runId} <span className={`pill ${STATUS_TONES[status]}`}>{STATUS_WORDS[status]}</span>
              </h2>
              {status === "running" && (
                <button
                  type="button"
                  disabled={stopping.busy}
                  onClick={() =>
                    stopping.run(async () => setNewer(await distilld.cancel({ run_id: runId, root })))
                  }
                >
                  {stopping.busy ? "Stopping…" : "Stop it"}
                </button>
              )}
            </div>
            {stopping.fault !== undefined && <Problem fault={stopping.fault} />}
            {problem !== undefined && <Notice tone="bad">{problem}</Notice>}
            {status === "running" && (
              <p role="status">
                {progress === undefined
                  ? "Starting"
                  : `${progress.stage}: ${progress.done.toLocaleString("en-US")}${progress.total === undefined ? "" : ` of ${progress.total.toLocaleString("en-US")}`}`}
                <progress
                  aria-label="Progress"
                  {...(progress?.total === undefined ? {} : { max: progress.total, value: progress.done })}
                />
              </p>
            )}
            <ol className="stage-list">
              {run.stages.map((stage) => {
                const ended = receipts.some((receipt) => receipt.stage.startsWith(stage));
                const now = status === "running" && progress?.stage.startsWith(stage) === true;
                return (
                  <li key={stage}>
                    <span className={`pill ${now ? "info" : ended || status === "succeeded" ? "good" : ""}`}>
                      {stage}
                    </span>
                  </li>
                );
              })}
            </ol>
            {receipts.length > 0 && (
              <DataGrid
                name="receipts"
                columns={RECEIPT_COLUMNS}
                rows={receipts}
                rowKey={({ stage }) => stage}
                rowsShown={10}
              />
            )}
            {reports.length > 0 && (
              <div className="row">
                <span>Reports</span>
                {reports.map((report) => (
                  <button
                    key={report}
                    type="button"
                    disabled={download.bytes !== undefined}
                    onClick={() =>
                      download.start(
                        DISTILL_RAW.report,
                        { run_id: runId, report, root },
                        `${runId}-${report}`,
                      )
                    }
                  >
                    {report}
                  </button>
                ))}
              </div>
            )}
            {download.fault !== undefined && <Problem fault={download.fault} />}
          </section>
        );
      }}
    </LoadedView>
  );
}
