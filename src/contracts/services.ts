// The names of the services, and the contract of each when it is asked for. Making the schemas of all takes a process 60 ms:
// a daemon makes those of its own contract and of its neighbours'. `house.ts` is for whoever needs them all.

import type { house, ServiceName } from "./house.ts";

const LOADED: { readonly [N in ServiceName]: () => Promise<(typeof house)[N]> } = {
  storaged: async () => (await import("./storage.ts")).storage,
  catalogd: async () => (await import("./catalog.ts")).catalog,
  ingestd: async () => (await import("./ingest.ts")).ingest,
  queryd: async () => (await import("./query.ts")).query,
  embedd: async () => (await import("./embed.ts")).embed,
  vectord: async () => (await import("./vector.ts")).vector,
  matrixd: async () => (await import("./matrix.ts")).matrix,
  pathwayd: async () => (await import("./pathway.ts")).pathway,
  observerd: async () => (await import("./observe.ts")).observe,
  chatd: async () => (await import("./chat.ts")).chat,
  validatord: async () => (await import("./validate.ts")).validate,
  journald: async () => (await import("./journal.ts")).journal,
  truthd: async () => (await import("./truth.ts")).truth,
  filld: async () => (await import("./fill.ts")).fills,
};

export const SERVICE_NAMES = Object.keys(LOADED) as readonly ServiceName[];

export function contractOf<N extends ServiceName>(name: N): Promise<(typeof house)[N]> {
  return LOADED[name]();
}
