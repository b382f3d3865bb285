// What /metrics says of each index: how large it is, what its searches find of the true nearest, and the health of its
// graph. In the shape of prom-client's `registry.getMetricsAsJSON()`.

import type { IndexStats } from "./engine.ts";

interface IndexMetric {
  readonly name: string;
  readonly help: string;
  /** Undefined where it is not known. */
  readonly of: (stats: IndexStats) => number | undefined;
}

const METRICS: readonly IndexMetric[] = [
  { name: "lakehouse_vectors_rows", help: "Items of an index", of: ({ count }) => count },
  {
    name: "lakehouse_vectors_unindexed_rows",
    help: "Items that no graph holds yet; searches scan them",
    of: ({ unindexed }) => unindexed,
  },
  {
    name: "lakehouse_vectors_tombstones",
    help: "Removed items that the graph still leads through",
    of: ({ tombstones }) => tombstones,
  },
  {
    name: "lakehouse_vectors_unreachable_rows",
    help: "Items that no search through the graph finds; searches scan them, and the next build adds them again",
    of: ({ unreachable }) => unreachable,
  },
  {
    name: "lakehouse_vectors_graph_surplus_rows",
    help: "Items in the graph beyond those it should hold: 0 at rest, unless something is wrong",
    of: ({ indexed, tombstones, count, unindexed }) =>
      indexed === undefined ? undefined : indexed - tombstones - (count - unindexed),
  },
  {
    name: "lakehouse_vectors_recall",
    help: "Share of the true nearest that live searches by graph find, measured on one in a hundred",
    of: ({ recall }) => recall?.recall,
  },
  {
    name: "lakehouse_vectors_recall_low",
    help: "Lower end of Wilson's interval at 95 % around the recall",
    of: ({ recall }) => recall?.low,
  },
  {
    name: "lakehouse_vectors_recall_high",
    help: "Upper end of Wilson's interval at 95 % around the recall",
    of: ({ recall }) => recall?.high,
  },
  {
    name: "lakehouse_vectors_recall_searches",
    help: "Searches that the recall was measured on",
    of: ({ recall }) => recall?.searches,
  },
  {
    name: "lakehouse_vectors_memory_bytes",
    help: "Memory of an index that is not mapped",
    of: ({ bytes_memory }) => bytes_memory,
  },
  { name: "lakehouse_vectors_disk_bytes", help: "Files of an index", of: ({ bytes_disk }) => bytes_disk },
];

export function indexMetrics(indexes: ReadonlyMap<string, IndexStats>): object[] {
  return METRICS.flatMap(({ name, help, of }) => {
    const values = [...indexes].flatMap(([index, stats]) => {
      const value = of(stats);
      return value === undefined ? [] : [{ labels: { service: "vectord", index }, value }];
    });
    return values.length === 0 ? [] : [{ name, help, type: "gauge", aggregator: "sum", values }];
  });
}
