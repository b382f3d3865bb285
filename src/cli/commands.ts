// The commands by name, each loaded only when it is called: `lakehouse version` must not wait for a database.

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
    open: {
      summary: "Open the console in the browser",
      load: async () => (await import("./commands/open.ts")).open,
    },
    status: {
      summary: "Show the health of a house and of each service",
      load: async () => (await import("./commands/status.ts")).status,
    },
    health: {
      summary: "Show the queues and the caches of each service: how full, and how often a cache helps",
      load: async () => (await import("./commands/health.ts")).health,
    },
    doctor: {
      summary: "Check that this machine can run a house",
      load: async () => (await import("./commands/doctor.ts")).doctor,
    },
    backup: {
      summary: "Back up a house, also while it runs",
      load: async () => (await import("./commands/backup.ts")).backup,
    },
    restore: {
      summary: "Create a data folder from a backup",
      load: async () => (await import("./commands/restore.ts")).restore,
    },
    models: {
      summary: "Add and list static embedding models",
      load: async () => (await import("./commands/models.ts")).models,
    },
    repair: {
      summary: "Find damage in a data folder, and repair what can be repaired",
      load: async () => (await import("./commands/repair.ts")).repair,
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
      summary: "Load the rejected rows of an ingest again",
      load: async () => (await import("./commands/replay.ts")).replay,
    },
    datasets: {
      summary: "List, show, tag, roll back or drop datasets; rename columns",
      load: async () => (await import("./commands/datasets.ts")).datasets,
    },
    sql: { summary: "Run a SQL query", load: async () => (await import("./commands/sql.ts")).sql },
    trace: {
      summary: "Record, search and show how things were done",
      load: async () => (await import("./commands/trace.ts")).trace,
    },
    search: {
      summary: "Search for people who fit an order",
      load: async () => (await import("./commands/search.ts")).search,
    },
    fill: {
      summary: "Fill an order: shortlist, proposal, messages, outcomes, backfill",
      load: async () => (await import("./commands/fill.ts")).fill,
    },
    corpus: {
      summary: "List, show, build or remove corpora, which are what is searched",
      load: async () => (await import("./commands/corpus.ts")).corpus,
    },
    playbook: {
      summary: "Record what worked, list it, and see what it did",
      load: async () => (await import("./commands/playbook.ts")).playbook,
    },
    taxonomy: {
      summary: "Show, import or learn the titles that people write for occupations",
      load: async () => (await import("./commands/taxonomy.ts")).taxonomy,
    },
    places: {
      summary: "List, import or forget places of one's own, which orders may name",
      load: async () => (await import("./commands/places.ts")).places,
    },
    role: {
      summary: "Show which role an order asks for",
      load: async () => (await import("./commands/role.ts")).role,
    },
    vectors: {
      summary: "List vector indexes; create and restore their snapshots",
      load: async () => (await import("./commands/vectors.ts")).vectors,
    },
    journal: {
      summary: "Follow, verify and export the journal of what happened",
      load: async () => (await import("./commands/journal.ts")).journal,
    },
    validate: {
      summary: "Check a fill, a message or a playbook",
      load: async () => (await import("./commands/validate.ts")).validate,
    },
    iterate: {
      summary: "Let a model draft, and have the draft corrected until it passes",
      load: async () => (await import("./commands/iterate.ts")).iterate,
    },
    distill: {
      summary: "Turn what happened into files that train, with proof",
      load: async () => (await import("./commands/distill.ts")).distill,
    },
    embed: {
      summary: "Turn texts into embedding vectors",
      load: async () => (await import("./commands/embed.ts")).embed,
    },
    chat: {
      summary: "Ask a language model",
      load: async () => (await import("./commands/chat.ts")).chat,
    },
  },
  "Watch and settle": {
    observe: {
      summary: "See what happened: events, what was dropped, alerts",
      load: async () => (await import("./commands/observe.ts")).observe,
    },
    truth: {
      summary: "See what holds of what several sources say; decide, import",
      load: async () => (await import("./commands/truth.ts")).truth,
    },
  },
  "Set up": {
    cutover: {
      summary: "Move callers from an older system, route by route",
      load: async () => (await import("./commands/cutover.ts")).cutover,
    },
    parity: {
      summary: "Ask an older side and this house the same, and compare",
      load: async () => (await import("./commands/parity.ts")).parity,
    },
    load: {
      summary: "Load a house and measure how it bears it",
      load: async () => (await import("./commands/load.ts")).load,
    },
    mcp: {
      summary: "Serve a running house to an agent on stdio (Model Context Protocol)",
      load: async () => (await import("./commands/mcp.ts")).mcp,
    },
    config: {
      summary: "Show options; create, change and remove API keys",
      load: async () => (await import("./commands/config.ts")).config,
    },
    keys: {
      summary: "List the API keys of a house that runs, and when each was last used",
      load: async () => (await import("./commands/keys.ts")).keys,
    },
    budget: {
      summary: "Show and set what API keys may spend on chat models",
      load: async () => (await import("./commands/budget.ts")).budget,
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
      summary: "Completions for a shell",
      load: async () => (await import("./commands/completion.ts")).completeOf(COMMANDS),
      hidden: true,
    },
  },
};

export const COMMANDS: Readonly<Record<string, Entry>> = Object.assign(
  {},
  ...Object.values(SECTIONS),
) as Record<string, Entry>;
