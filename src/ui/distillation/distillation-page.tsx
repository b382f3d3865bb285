// Distillation: what happened becomes files that train, with proof. Its runs as they go, the audit by phases, what was
// quarantined, the exports with their certificates, and from where each row came.

import { type ReactNode, useEffect, useState } from "react";
import { Tabs } from "../parts/tabs.tsx";
import { useCommands } from "../shell/commands.ts";
import { setParams, useParams } from "../shell/router.ts";
import { distilld } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { AuditView } from "./audit-view.tsx";
import { EvidenceView } from "./evidence-view.tsx";
import { Exports } from "./exports.tsx";
import { Quarantine } from "./quarantine.tsx";
import { Runs } from "./runs.tsx";
import { StartForm } from "./start-form.tsx";
import { STATUS_TONES, STATUS_WORDS } from "./status.ts";

const VIEWS = ["runs", "audit", "quarantine", "exports", "evidence"] as const;
const ROOT = /^distill(-[A-Za-z0-9_-]{1,60})?$/;

export function DistillationPage(): ReactNode {
  const wanted = useParams().get("root") ?? "";
  const root = ROOT.test(wanted) ? wanted : "distill";
  const runs = useLoaded(`runs of ${root}`, () => distilld.runs({ root, limit: 200 }));
  const [starting, setStarting] = useState(false);
  useEffect(() => {
    document.title = "Distillation · Lakehouse";
  }, []);
  useCommands([
    { name: "Start a run", keys: "s", run: () => setStarting(true) },
    ...VIEWS.map((view) => ({ name: `Distillation: ${view}`, run: () => setParams({ tab: view }) })),
  ]);
  const newest = runs.data?.runs[0];
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>
          Distillation{" "}
          {newest !== undefined && (
            <span className={`pill ${STATUS_TONES[newest.status]}`}>
              Newest run {STATUS_WORDS[newest.status].toLowerCase()}
            </span>
          )}
        </h1>
        <div className="row">
          <label className="inline">
            Folder
            <input
              defaultValue={root}
              maxLength={68}
              onBlur={(event) =>
                setParams({ root: event.target.value === "distill" ? "" : event.target.value })
              }
            />
          </label>
          <button type="button" className="primary" onClick={() => setStarting(true)}>
            Start a run <kbd>S</kbd>
          </button>
        </div>
      </header>
      <Tabs
        label="Parts of the distillation"
        tabs={[
          { name: "runs", title: "Runs", panel: () => <Runs runs={runs} root={root} /> },
          { name: "audit", title: "Phases and drift", panel: () => <AuditView root={root} /> },
          { name: "quarantine", title: "Quarantine", panel: () => <Quarantine key={root} root={root} /> },
          { name: "exports", title: "Exports", panel: () => <Exports root={root} /> },
          { name: "evidence", title: "Evidence", panel: () => <EvidenceView root={root} /> },
        ]}
      />
      {starting && (
        <StartForm
          root={root}
          onClose={() => setStarting(false)}
          onStarted={(runId) => {
            setStarting(false);
            runs.refresh();
            setParams({ tab: "runs", run: runId });
          }}
        />
      )}
    </div>
  );
}
