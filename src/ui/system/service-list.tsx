// Every service with its state, and the figures of processes, queues and memory that the house gives.

import type { ReactNode } from "react";
import type { observe } from "#contracts/observe";
import type { OutputOf } from "#rpc/contract";
import { DataGrid, type ShownColumn } from "../parts/grid/data-grid.tsx";
import { bytesText, counted, msText } from "../parts/words.ts";
import type { HouseHealth, ServiceHealth } from "../wire/house.ts";
import { type ProcessFigures, processesOf, type Sample, sumOf } from "./metrics.ts";
import { Load } from "./load.tsx";
import { SERVICE_WORK } from "./services.ts";

type ObserverStats = OutputOf<typeof observe.stats>;

interface ServiceRow extends ServiceHealth {
  readonly name: string;
}

const STATE_WORDS = { ok: "Well", degraded: "Damaged", down: "Away" } as const;
const STATE_TONES = { ok: "good", degraded: "bad", down: "bad" } as const;

const SERVICE_COLUMNS: readonly ShownColumn<ServiceRow>[] = [
  { key: "service", title: "Service", value: ({ name }) => name },
  {
    key: "state",
    title: "State",
    value: ({ status }) => STATE_WORDS[status],
    show: ({ status }) => <span className={`pill ${STATE_TONES[status]}`}>{STATE_WORDS[status]}</span>,
  },
  {
    key: "reply",
    title: "Replied in",
    value: ({ latency_ms }) => latency_ms,
    show: ({ latency_ms }) => msText(latency_ms),
    number: true,
  },
  { key: "does", title: "Does", value: ({ name }) => SERVICE_WORK[name] ?? "", width: 330 },
  { key: "detail", title: "Says", value: ({ detail }) => detail ?? "", width: 420 },
];

const PROCESS_COLUMNS: readonly ShownColumn<ProcessFigures>[] = [
  { key: "process", title: "Process", value: ({ service }) => service, width: 140 },
  {
    key: "memory",
    title: "Memory",
    value: ({ resident_bytes }) => resident_bytes,
    show: ({ resident_bytes: bytes }) => (bytes === null ? "" : bytesText(bytes)),
    number: true,
    width: 110,
  },
  {
    key: "heap",
    title: "Of that heap",
    value: ({ heap_bytes }) => heap_bytes,
    show: ({ heap_bytes: bytes }) => (bytes === null ? "" : bytesText(bytes)),
    number: true,
    width: 140,
  },
  {
    key: "cpu",
    title: "Processor time",
    value: ({ cpu_s }) => cpu_s,
    show: ({ cpu_s: seconds }) => (seconds === null ? "" : `${seconds.toFixed(1)} s`),
    number: true,
    width: 130,
  },
  {
    key: "uptime",
    title: "Runs for",
    value: ({ uptime_s }) => uptime_s,
    show: ({ uptime_s: seconds }) => (seconds === null ? "" : longText(seconds)),
    number: true,
    width: 110,
  },
];

export function Services({
  health,
  samples,
  observer,
}: {
  readonly health: HouseHealth;
  readonly samples: readonly Sample[];
  readonly observer: ObserverStats | undefined;
}): ReactNode {
  const rows = Object.entries(health.services).map(([name, service]) => ({ name, ...service }));
  const processes = processesOf(samples).map((figures) =>
    health.topology === "together" ? { ...figures, service: "the house" } : figures,
  );
  return (
    <>
      <DataGrid
        name="services"
        columns={SERVICE_COLUMNS}
        rows={rows}
        rowKey={({ name }) => name}
        rowsShown={16}
      />
      <h2>Processes</h2>
      <DataGrid
        name="processes"
        columns={PROCESS_COLUMNS}
        rows={processes}
        rowKey={({ service }) => service}
        rowsShown={16}
      />
      <Load health={health} />
      <div className="cards">
        <ObjectStore store={health.probes.object_store} />
        <Queues samples={samples} observer={observer} />
        <Indexes samples={samples} />
      </div>
    </>
  );
}

const STORE_WORDS: Readonly<Record<string, string>> = {
  backend: "Kept in",
  base_uri: "Where",
  status: "State",
  if_none_match: "Can write what is not there yet",
  if_match: "Can write what nobody changed",
  suffix_ranges: "Can read the end of a file",
};

function ObjectStore({ store }: { readonly store: HouseHealth["probes"]["object_store"] }): ReactNode {
  // A folder of the server is nobody's business here; a bucket is an address.
  const facts = Object.entries(store).filter(
    ([, value]) => typeof value !== "object" && !String(value).startsWith("file:"),
  );
  const damaged = store.damaged?.length ?? 0;
  return (
    <section className="card" aria-labelledby="object-store">
      <h2 id="object-store">Object store</h2>
      <dl className="fact-list">
        {facts.map(([name, value]) => (
          <Fact key={name} name={STORE_WORDS[name] ?? name.replaceAll("_", " ")}>
            {value === true ? "yes" : value === false ? "no" : String(value)}
          </Fact>
        ))}
        {damaged > 0 && <Fact name="damaged">{counted(damaged, "object")}</Fact>}
      </dl>
    </section>
  );
}

function Queues({
  samples,
  observer,
}: {
  readonly samples: readonly Sample[];
  readonly observer: ObserverStats | undefined;
}): ReactNode {
  const lag = sumOf(samples, "lakehouse_lag_seconds");
  return (
    <section className="card" aria-labelledby="queues">
      <h2 id="queues">Requests and events</h2>
      <dl className="fact-list">
        <Fact name="A request waits before it is looked at">
          {lag === undefined ? "not measured" : msText(lag * 1000)}
        </Fact>
        <Fact name="Told to come back since the start">
          {counted(sumOf(samples, "lakehouse_refused_total") ?? 0, "request")}
        </Fact>
        {observer !== undefined && (
          <>
            <Fact name="Events that wait to be kept">
              {observer.queue.used.toLocaleString("en-US")} of {observer.queue.max.toLocaleString("en-US")}
            </Fact>
            <Fact name="Events received, lost">
              {observer.received.toLocaleString("en-US")},{" "}
              {(observer.dropped + observer.unwritten).toLocaleString("en-US")}
            </Fact>
            <Fact name="Kept on the disk">
              {bytesText(observer.disk.bytes)} of {bytesText(observer.disk.bytes_max)}
            </Fact>
            {observer.exporters.map(({ name, sent, dropped, last_error: error }) => (
              <Fact key={name} name={`Sent on to ${name}`}>
                {sent.toLocaleString("en-US")}
                {dropped > 0 && `, ${dropped.toLocaleString("en-US")} lost`}
                {error !== undefined && `: ${error}`}
              </Fact>
            ))}
          </>
        )}
      </dl>
    </section>
  );
}

function Indexes({ samples }: { readonly samples: readonly Sample[] }): ReactNode {
  const indexes = samples.filter(({ name }) => name === "lakehouse_vectors_rows");
  return (
    <section className="card" aria-labelledby="indexes">
      <h2 id="indexes">Search indexes in memory</h2>
      {indexes.length === 0 ? (
        <p className="muted">
          None yet. One is made with each corpus: <code>lakehouse corpus build</code>
        </p>
      ) : (
        <dl className="fact-list">
          {indexes.map(({ labels, value }) => {
            const { index = "" } = labels;
            const memory = sumOf(samples, "lakehouse_vectors_memory_bytes", { index });
            const waiting = sumOf(samples, "lakehouse_vectors_unindexed_rows", { index }) ?? 0;
            return (
              <Fact key={index} name={index}>
                {counted(value, "row")}
                {memory !== undefined && ` in ${bytesText(memory)}`}
                {waiting > 0 && `, ${waiting.toLocaleString("en-US")} not indexed yet`}
              </Fact>
            );
          })}
        </dl>
      )}
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** "3 d 4 h", "12 min". */
function longText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return minutes === 0 ? `${Math.round(seconds)} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
