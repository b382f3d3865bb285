// The commands by name, each loaded only when it is asked for: `lakehouse version` must not wait for a database.

import type { Entry } from "./command.ts";

export const SECTIONS: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  "Run a house": {
    demo: {
      summary: "See it work: sample data, SQL and search, in one process",
      load: async () => (await import("./commands/demo.ts")).demo,
    },
    up: {
      summary: "Start a house and serve until Ctrl-C",
      load: async () => (await import("./commands/up.ts")).up,
    },
    down: {
      summary: "Stop the house that runs over a data folder",
      load: async () => (await import("./commands/down.ts")).down,
    },
    status: {
      summary: "Show how the house is",
      load: async () => (await import("./commands/status.ts")).status,
    },
    doctor: {
      summary: "Find out what on this machine stands in the way",
      load: async () => (await import("./commands/doctor.ts")).doctor,
    },
    serve: {
      summary: "Run a single service of a house",
      load: async () => (await import("./commands/serve.ts")).serve,
    },
  },
  "Work with data": {
    ingest: {
      summary: "Load files into a dataset",
      load: async () => (await import("./commands/ingest.ts")).ingest,
    },
    replay: {
      summary: "Load the rejected rows of an ingest once more",
      load: async () => (await import("./commands/replay.ts")).replay,
    },
    datasets: {
      summary: "List, show, roll back, rename in or drop datasets",
      load: async () => (await import("./commands/datasets.ts")).datasets,
    },
    sql: { summary: "Ask a question in SQL", load: async () => (await import("./commands/sql.ts")).sql },
    search: {
      summary: "Search for people as an order asks for them",
      load: async () => (await import("./commands/search.ts")).search,
    },
    corpus: {
      summary: "List, show, build or remove what is searched",
      load: async () => (await import("./commands/corpus.ts")).corpus,
    },
    vectors: {
      summary: "List indexes of vectors; keep and put back snapshots",
      load: async () => (await import("./commands/vectors.ts")).vectors,
    },
    embed: {
      summary: "Turn texts into vectors",
      load: async () => (await import("./commands/embed.ts")).embed,
    },
  },
  "Set up": {
    config: {
      summary: "Show options; make and remove API keys",
      load: async () => (await import("./commands/config.ts")).config,
    },
    completion: {
      summary: "Complete commands in your shell",
      load: async () => (await import("./commands/completion.ts")).completion,
    },
    version: {
      summary: "Show the version",
      load: async () => (await import("./commands/version.ts")).version,
    },
    complete: {
      summary: "What the shell asks on Tab",
      load: async () => (await import("./commands/completion.ts")).completeOf(COMMANDS),
      hidden: true,
    },
  },
};

export const COMMANDS: Readonly<Record<string, Entry>> = Object.assign(
  {},
  ...Object.values(SECTIONS),
) as Record<string, Entry>;
