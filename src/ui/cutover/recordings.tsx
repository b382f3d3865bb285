// Recordings of real calls, to be replayed against this house or an older one: begun here, ended, taken home, removed. Replaying
// needs the file, so it is done where the file is.

import { type ReactNode, useState } from "react";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Problem } from "../parts/notice.tsx";
import { useDownload } from "../parts/use-download.ts";
import { useEvery } from "../parts/use-every.ts";
import { momentOf } from "../parts/words.ts";
import { CUTOVER, cutover, type Recording } from "../wire/house.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";

const AGAIN_MS = 5000;
const MINUTE_MS = 60_000;

const ENDINGS: Readonly<Record<string, string>> = {
  time: "its time was over",
  stopped: "stopped",
  bytes: "full",
  lines: "full",
  disk: "the disk was full",
};

export function Recordings(): ReactNode {
  const loaded = useLoaded("the recordings", cutover.recordings);
  const [starting, setStarting] = useState(false);
  const work = useWork();
  const download = useDownload();
  useEvery(AGAIN_MS, () => {
    // An open recording grows; the others stay as they are.
    if (loaded.data?.recordings.some(({ end }) => end === undefined) === true) loaded.refresh();
  });
  const change = (id: string, how: (id: string) => Promise<unknown>): void =>
    work.run(async () => {
      await how(id);
      loaded.refresh();
    });
  return (
    <section className="card" aria-labelledby="recordings">
      <div className="section-head">
        <h2 id="recordings">Recordings of calls</h2>
        <button type="button" onClick={() => setStarting(true)}>
          Record calls
        </button>
      </div>
      <p className="muted">
        Personal data is taken out before a call is written. Replay one where its file is:{" "}
        <code>lakehouse cutover replay calls.jsonl --against …</code>
      </p>
      <LoadedView loaded={loaded} what="the recordings" rows={2}>
        {({ recordings }) =>
          recordings.length === 0 ? (
            <p className="muted">Nothing was recorded yet.</p>
          ) : (
            <DataGrid
              name="recordings"
              columns={columnsFor({
                busy: work.busy,
                onStop: (id) => change(id, cutover.stopRecording),
                onRemove: (id) => change(id, cutover.removeRecording),
                onFetch: (id) => download.start(CUTOVER.recording, { id }, `${id}.jsonl`),
              })}
              rows={recordings}
              rowKey={({ id }) => id}
              rowsShown={6}
            />
          )
        }
      </LoadedView>
      {work.fault !== undefined && <Problem fault={work.fault} />}
      {download.fault !== undefined && <Problem fault={download.fault} />}
      {starting && (
        <RecordForm
          onClose={() => setStarting(false)}
          onStarted={() => {
            setStarting(false);
            loaded.refresh();
          }}
        />
      )}
    </section>
  );
}

interface Actions {
  readonly busy: boolean;
  readonly onStop: (id: string) => void;
  readonly onRemove: (id: string) => void;
  readonly onFetch: (id: string) => void;
}

function columnsFor({ busy, onStop, onRemove, onFetch }: Actions): readonly ShownColumn<Recording>[] {
  return [
    { key: "since", title: "Since", value: ({ at }) => at, show: ({ at }) => momentOf(at), width: 160 },
    { key: "routes", title: "Routes", value: ({ routes }) => routes.join(", "), width: 220 },
    { key: "percent", title: "Percent", value: ({ percent }) => percent, number: true },
    {
      key: "state",
      title: "State",
      value: ({ end }) => end?.why ?? "recording",
      show: ({ end, until }) =>
        end === undefined ? (
          <span className="pill info">until {momentOf(until)}</span>
        ) : (
          <span className={`pill ${end.why === "disk" ? "bad" : "plain"}`}>
            {ENDINGS[end.why] ?? end.why}
          </span>
        ),
      width: 200,
    },
    { key: "calls", title: "Calls", value: ({ end }) => end?.calls ?? "", number: true },
    { key: "why", title: "Why", value: ({ reason }) => reason, width: 200 },
    { key: "by", title: "By", value: ({ actor }) => actor },
    {
      key: "do",
      title: "Its file",
      value: () => "",
      show: ({ id, end }) =>
        end === undefined ? (
          <button type="button" className="link" disabled={busy} onClick={() => onStop(id)}>
            Stop
          </button>
        ) : (
          <>
            <button type="button" className="link" onClick={() => onFetch(id)}>
              Save the file
            </button>{" "}
            <button type="button" className="link" disabled={busy} onClick={() => onRemove(id)}>
              Remove
            </button>
          </>
        ),
      width: 190,
    },
  ];
}

function RecordForm({
  onClose,
  onStarted,
}: {
  readonly onClose: () => void;
  readonly onStarted: () => void;
}): ReactNode {
  const [minutes, setMinutes] = useState("10");
  const [routes, setRoutes] = useState("");
  const [percent, setPercent] = useState("100");
  const [why, setWhy] = useState("");
  const { busy, fault, run } = useWork();
  return (
    <Dialog title="Record calls" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          run(async () => {
            const named = routes.split(/[\s,]+/).filter(Boolean);
            await cutover.record({
              for_ms: Math.round(Number(minutes) * MINUTE_MS),
              percent: Number(percent),
              ...(named.length === 0 ? {} : { routes: named }),
              ...(why.trim() === "" ? {} : { why: why.trim() }),
            });
            onStarted();
          });
        }}
      >
        <label>
          For how many minutes
          <input
            type="number"
            min={1}
            max={1440}
            required
            value={minutes}
            onChange={(event) => setMinutes(event.target.value)}
          />
        </label>
        <label>
          Routes <span className="muted">(empty: all of the older wires)</span>
          <input
            value={routes}
            placeholder="go:matrix.search, native:*"
            onChange={(event) => setRoutes(event.target.value)}
          />
        </label>
        <label>
          Percent of the calls
          <input
            type="number"
            min={1}
            max={100}
            required
            value={percent}
            onChange={(event) => setPercent(event.target.value)}
          />
        </label>
        <label>
          Why <input value={why} maxLength={2000} onChange={(event) => setWhy(event.target.value)} />
        </label>
        {fault !== undefined && <Problem fault={fault} />}
        <button type="submit" className="primary" disabled={busy}>
          {busy ? "Starting…" : "Start to record"}
        </button>
      </form>
    </Dialog>
  );
}
