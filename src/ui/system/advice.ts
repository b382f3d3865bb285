// What an operator should do, worst first, each with its command: from how the house says it is, and from what it counted. What
// only the machine itself knows (packages, ports, free space) `lakehouse doctor` says there.

import { bytesText, counted } from "../parts/words.ts";
import type { HouseHealth } from "../wire/house.ts";
import { type Sample, sumOf } from "./metrics.ts";

export interface Advice {
  readonly tone: "bad" | "warn" | "info";
  readonly what: string;
  readonly command?: string;
}

interface ObserverFigures {
  readonly dropped: number;
  readonly unwritten: number;
  readonly disk: { readonly problem?: string | undefined; readonly damaged_lines: number };
  readonly alerts_firing: number;
}

/** A gateway that is later than this keeps every caller waiting. */
const LAG_S_MAX = 0.1;
/** Together, with a house at work. A daemon of its own has less. */
const RESIDENT_BYTES_MUCH = 2 * 1024 ** 3;

export function adviceOf(
  health: HouseHealth | undefined,
  samples: readonly Sample[],
  observer: ObserverFigures | undefined,
): readonly Advice[] {
  return [
    ...(health === undefined ? [] : ofHealth(health)),
    ...ofMetrics(samples),
    ...(observer === undefined ? [] : ofObserver(observer)),
  ].sort((a, b) => ORDER[a.tone] - ORDER[b.tone]);
}

const ORDER = { bad: 0, warn: 1, info: 2 } as const;

function ofHealth({ services, probes, topology }: HouseHealth): Advice[] {
  const entries = Object.entries(services);
  const down = entries.filter(([, { status }]) => status === "down").map(([name]) => name);
  const store = probes.object_store;
  return [
    ...(down.length === 0
      ? []
      : [
          {
            tone: "bad" as const,
            what: `${down.join(", ")} ${down.length === 1 ? "does" : "do"} not answer. ${
              topology === "apart"
                ? "The supervisor starts a daemon again by itself; if it stays away, its log says why."
                : "If it stays so, the log says why; a restart loses nothing that was acknowledged."
            }`,
            command: "lakehouse status",
          },
        ]),
    ...entries
      .filter(([, { status }]) => status === "degraded")
      .map(([name, { detail }]) => ({
        tone: "bad" as const,
        what: `${name}: ${detail ?? "something is damaged"}`,
        command: "lakehouse repair",
      })),
    ...(store.status === "ok"
      ? []
      : [
          {
            tone: "bad" as const,
            what: `The object store is ${store.status}: ${store.detail ?? "it does not answer as it should"}`,
            command: "lakehouse doctor",
          },
        ]),
    ...entries
      .filter(([, { status, detail }]) => status === "ok" && detail !== undefined)
      .map(([name, { detail = "" }]) => ({ tone: "warn" as const, what: `${name}: ${detail}` })),
  ];
}

function ofMetrics(samples: readonly Sample[]): Advice[] {
  const of = (name: string): number => sumOf(samples, name) ?? 0;
  const refused = of("lakehouse_refused_total");
  const lag = of("lakehouse_lag_seconds");
  const lost = of("lakehouse_chat_usage_rows_lost_total");
  const unknown = of("lakehouse_denied_total");
  const large = samples.filter(
    ({ name, value }) => name === "lakehouse_resident_bytes" && value > RESIDENT_BYTES_MUCH,
  );
  return [
    ...(lag <= LAG_S_MAX
      ? []
      : [
          {
            tone: "warn" as const,
            what: `The gateway looks at requests ${Math.round(lag * 1000)} ms late: something keeps its process busy.`,
            command: "lakehouse up --apart",
          },
        ]),
    ...(refused === 0
      ? []
      : [
          {
            tone: "warn" as const,
            what: `${counted(refused, "request")} found no room and ${refused === 1 ? "was" : "were"} told to come back, since the start.`,
          },
        ]),
    ...(lost === 0
      ? []
      : [{ tone: "warn" as const, what: `${counted(lost, "row")} of model usage could not be written.` }]),
    ...(unknown === 0
      ? []
      : [
          {
            tone: "info" as const,
            what: `${counted(unknown, "call")} ${unknown === 1 ? "was" : "were"} refused for the key or the page that asked; Keys says which.`,
            command: "lakehouse config keys",
          },
        ]),
    ...large.map(({ labels, value }) => ({
      tone: "info" as const,
      what: `The process of ${labels["service"] ?? "the house"} holds ${bytesText(value)}.`,
    })),
  ];
}

function ofObserver({ dropped, unwritten, disk, alerts_firing: firing }: ObserverFigures): Advice[] {
  return [
    ...(disk.problem === undefined
      ? []
      : [{ tone: "bad" as const, what: `Events are not kept on the disk: ${disk.problem}` }]),
    ...(firing === 0
      ? []
      : [
          {
            tone: "bad" as const,
            what: `${counted(firing, "alert")} ${firing === 1 ? "is" : "are"} firing; Events says which.`,
            command: "lakehouse observe alerts",
          },
        ]),
    ...(dropped + unwritten === 0
      ? []
      : [
          {
            tone: "warn" as const,
            what: `${counted(dropped + unwritten, "event")} of the log found no room and ${dropped + unwritten === 1 ? "is" : "are"} lost; requests themselves are not.`,
            command: "lakehouse observe stats",
          },
        ]),
    ...(disk.damaged_lines === 0
      ? []
      : [
          {
            tone: "warn" as const,
            what: `${counted(disk.damaged_lines, "line")} of the event log are damaged.`,
          },
        ]),
  ];
}
