// Rows out of rounds of load: what every bench over HTTP reports alike.

import { present } from "#lib/assert";
import type { LoadResult } from "../load/load.ts";
import { medianOf, ratioOf, spreadOf } from "./rounds.ts";
import type { Bar, Row } from "./row.ts";

interface Compared {
  readonly name: string;
  readonly subject: readonly LoadResult[];
  readonly reference: readonly LoadResult[];
  readonly referenceName: string;
  readonly bar: Bar;
}

/** Requests a second, ours and the reference's. */
export function throughputRow(compared: Compared): Row {
  return row(compared, "requests/s", ({ per_second }) => per_second);
}

/** The latency that one request in a hundred exceeds. */
export function tailRow(compared: Compared): Row {
  return row(compared, "ms", ({ p99_ms }) => p99_ms);
}

/** CPU time of the server for each request; fails where the system does not report it. */
export function cpuRow(compared: Compared): Row {
  return row(compared, "us CPU/request", ({ server_cpu_us_per_request: us }) =>
    present(us, "CPU time, from /proc,"),
  );
}

/** Undefined where the system does not report it. */
function cpuFigure(name: string, results: readonly LoadResult[]): Record<string, number> {
  const known = results.flatMap(({ server_cpu_us_per_request: us }) => us ?? []);
  return known.length === 0 ? {} : { [name]: medianOf(known) };
}

function row(
  { name, subject, reference, referenceName, bar }: Compared,
  unit: string,
  figure: (of: LoadResult) => number,
): Row {
  const median = (of: readonly LoadResult[], pick: (result: LoadResult) => number): number =>
    medianOf(of.map(pick));
  return {
    name,
    unit,
    subject: spreadOf(subject.map(figure)),
    reference: { name: referenceName, figure: median(reference, figure) },
    ratio: ratioOf(subject, reference, figure),
    bar,
    figures: {
      requests_per_second: median(subject, ({ per_second }) => per_second),
      p50_ms: median(subject, ({ p50_ms }) => p50_ms),
      p99_ms: median(subject, ({ p99_ms }) => p99_ms),
      ...cpuFigure("cpu_us_per_request", subject),
      ...cpuFigure("reference_cpu_us_per_request", reference),
      load_cpu_us_per_request: median(subject, ({ load_cpu_us_per_request: us }) => us),
    },
  };
}
