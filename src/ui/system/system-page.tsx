// How the house is: first in one sentence, then what to do, then every service, what it is asked, what it records and who may ask.

import { type ReactNode, useEffect, useMemo } from "react";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Loading, Notice, Problem } from "../parts/notice.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { useEvery } from "../parts/use-every.ts";
import { counted } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { setParams } from "../shell/router.ts";
import { observerd } from "../wire/client.ts";
import { type HouseHealth, houseHealth, houseMetrics } from "../wire/house.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { type Advice, adviceOf } from "./advice.ts";
import { AlertRules } from "./alert-rules.tsx";
import { EventLog } from "./event-log.tsx";
import { Keys } from "./keys.tsx";
import { samplesIn } from "./metrics.ts";
import { Services } from "./service-list.tsx";
import { Traffic } from "./traffic.tsx";

/** As often as a person looks again. */
const AGAIN_MS = 10_000;

const VIEWS = ["services", "traffic", "events", "alerts", "keys"] as const;

export function SystemPage(): ReactNode {
  const health = useLoaded("the health of the house", houseHealth);
  const metrics = useLoaded("the metrics of the house", houseMetrics);
  const observer = useLoaded("the recorder's figures", () => observerd.stats({}));
  const refresh = (): void => {
    for (const loaded of [health, metrics, observer]) loaded.refresh();
  };
  useEvery(AGAIN_MS, refresh);
  useEffect(() => {
    document.title = "System · Lakehouse";
  }, []);
  useCommands([
    { name: "Look at the house again", keys: "r", run: refresh },
    ...VIEWS.map((view) => ({
      name: `System: ${view}`,
      run: () => setParams({ tab: view }),
    })),
  ]);
  const samples = useMemo(() => samplesIn(metrics.data ?? ""), [metrics.data]);
  const advice = adviceOf(health.data, samples, observer.data);
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>
          System <Summary health={health.data} />
        </h1>
        <div className="row">
          <button type="button" onClick={refresh}>
            Look again <kbd>R</kbd>
          </button>
        </div>
      </header>
      {health.data === undefined && health.fault !== undefined && !health.fault.away && (
        <Problem fault={health.fault} again={health.refresh} />
      )}
      {health.data === undefined && health.fault === undefined && (
        <Loading rows={2} what="the house's health" />
      )}
      <Doctor advice={advice} known={health.data !== undefined} />
      <Tabs
        label="Parts of the system"
        tabs={[
          {
            name: "services",
            title: "Services",
            panel: () => (
              <LoadedView loaded={health} what="the services">
                {(data) => <Services health={data} samples={samples} observer={observer.data} />}
              </LoadedView>
            ),
          },
          {
            name: "traffic",
            title: "Traffic",
            panel: () => (
              <LoadedView loaded={metrics} what="the traffic">
                {() => <Traffic samples={samples} />}
              </LoadedView>
            ),
          },
          { name: "events", title: "Events and requests", panel: () => <EventLog /> },
          { name: "alerts", title: "Alerts", panel: () => <AlertRules /> },
          { name: "keys", title: "Keys", panel: () => <Keys samples={samples} /> },
        ]}
      />
    </div>
  );
}

function Summary({ health }: { readonly health: HouseHealth | undefined }): ReactNode {
  if (health === undefined) return null;
  const { services, topology, version } = health;
  const all = Object.values(services);
  const ill = all.filter(({ status }) => status !== "ok").length;
  const where = topology === "apart" ? "a process each" : "in one process";
  return (
    <>
      <span className={`pill ${health.status === "ok" ? "good" : "bad"}`}>
        {health.status === "ok"
          ? `All ${counted(all.length, "service")} well`
          : ill === 0
            ? "The object store needs attention"
            : `${ill} of ${counted(all.length, "service")} not well`}
      </span>{" "}
      <span className="muted">
        {where} · version {version}
      </span>
    </>
  );
}

function Doctor({
  advice,
  known,
}: {
  readonly advice: readonly Advice[];
  readonly known: boolean;
}): ReactNode {
  return (
    <section className="card doctor" aria-labelledby="doctor">
      <div className="section-head">
        <h2 id="doctor">What to do</h2>
        <span className="muted">
          Packages, ports and free space are checked on the machine itself: <code>lakehouse doctor</code>
        </span>
      </div>
      {advice.length === 0 && known && <p className="muted">Nothing. The house is well.</p>}
      {advice.map(({ tone, what, command }) => (
        <Notice key={what} tone={tone}>
          <p>{what}</p>
          {command !== undefined && (
            <p className="notice-foot">
              In a terminal: <code>{command}</code>
            </p>
          )}
        </Notice>
      ))}
    </section>
  );
}
