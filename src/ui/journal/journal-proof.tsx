// What the journal can prove of itself: the chain of hashes computed again, how far SQL sees, and all of it as a file.

import { type ReactNode, useState } from "react";
import type { journal } from "#contracts/journal";
import type { OutputOf } from "#rpc/contract";
import { Notice, Problem } from "../parts/notice.tsx";
import { useDownload } from "../parts/use-download.ts";
import { bytesText, counted } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { journald } from "../wire/client.ts";
import { JOURNAL_RAW } from "../wire/operations.ts";
import type { Loaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";
import type { JournalFilter } from "./use-journal.ts";

type Status = OutputOf<typeof journal.status>;
type Verified = OutputOf<typeof journal.verify>;

export function JournalProof({
  status,
  filter,
}: {
  readonly status: Loaded<Status>;
  readonly filter: JournalFilter;
}): ReactNode {
  const [verified, setVerified] = useState<Verified>();
  const verifying = useWork();
  const sealing = useWork();
  const download = useDownload();
  const verify = (): void =>
    verifying.run(async (signal) => setVerified(await journald.verify({}, { signal })));
  const seal = (): void =>
    sealing.run(async () => {
      await journald.seal({});
      status.refresh();
    });
  useCommands([
    { name: "Verify the journal", keys: "v", run: verify },
    { name: "Put the journal into SQL now", run: seal },
  ]);
  const { events = 0, sealed_seq: sealed = null, bytes = 0 } = status.data ?? {};
  return (
    <section className="card proof" aria-label="Proof">
      <div className="row">
        {verifying.busy ? (
          <button type="button" onClick={verifying.cancel}>
            Stop verifying
          </button>
        ) : (
          <button type="button" onClick={verify}>
            Verify <kbd>V</kbd>
          </button>
        )}
        <button type="button" disabled={sealing.busy} onClick={seal}>
          {sealing.busy ? "Writing…" : "Put into SQL now"}
        </button>
        {download.bytes === undefined ? (
          <button
            type="button"
            onClick={() => download.start(JOURNAL_RAW.export, { ...filter }, "journal.jsonl")}
          >
            Export JSON lines
          </button>
        ) : (
          <button type="button" onClick={download.cancel}>
            Stop the export ({bytesText(download.bytes)})
          </button>
        )}
        {status.data !== undefined && (
          <span className="muted">
            {bytesText(bytes)} on the disk · SQL sees{" "}
            {sealed === null
              ? "it within a minute"
              : sealed >= events
                ? "all of it"
                : `it up to event ${sealed}`}
          </span>
        )}
      </div>
      {verifying.busy && <p role="status">Reading every event and computing its hash again…</p>}
      {verified !== undefined && !verifying.busy && <Verdict verified={verified} />}
      {[verifying.fault, sealing.fault, download.fault].map(
        (fault, at) => fault !== undefined && <Problem key={at} fault={fault} />,
      )}
    </section>
  );
}

function Verdict({ verified }: { readonly verified: Verified }): ReactNode {
  const { ok, events, head_hash, first_bad_seq, problem, lost = [] } = verified;
  const missing = lost.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  if (!ok) {
    return (
      <Notice tone="bad">
        <p>
          The chain breaks{first_bad_seq === undefined ? "" : ` at event ${first_bad_seq}`}:{" "}
          {problem ?? "what is recorded does not fit its hash"}. {counted(events, "event")} before it are
          whole. Stop the house, and see what can be brought back:
        </p>
        <pre className="code" tabIndex={0}>
          lakehouse repair
        </pre>
      </Notice>
    );
  }
  return (
    <Notice tone="good">
      <p>
        {events === 1
          ? "The one event is as it was recorded"
          : `All ${counted(events, "event")} are as they were recorded`}
        {missing === 0 ? "" : `; ${counted(missing, "event")} were lost to damage and are named as lost`}. The
        chain ends in <code>{head_hash.slice(0, 16)}…</code>
      </p>
    </Notice>
  );
}
