// Which service needs which: the table from which both topologies start them. How each one is built stands in `parts/`,
// and is imported only when that service starts, so that a daemon on its own loads its own code and nothing else.

import type { ServiceName } from "#contracts/house";
import { type Part, part } from "./parts/part.ts";

export const PLAN: { readonly [N in ServiceName]: Part<N> } = {
  storaged: part("storaged", [], async () => (await import("./parts/storaged.ts")).buildStoraged),
  catalogd: part("catalogd", ["storaged"], async () => (await import("./parts/catalogd.ts")).buildCatalogd),
  ingestd: part(
    "ingestd",
    ["storaged", "catalogd"],
    async () => (await import("./parts/ingestd.ts")).buildIngestd,
  ),
  queryd: part(
    "queryd",
    ["storaged", "catalogd"],
    async () => (await import("./parts/queryd.ts")).buildQueryd,
  ),
  embedd: part("embedd", [], async () => (await import("./parts/embedd.ts")).buildEmbedd),
  vectord: part(
    "vectord",
    ["embedd", "storaged"],
    async () => (await import("./parts/vectord.ts")).buildVectord,
  ),
  matrixd: part(
    "matrixd",
    ["catalogd", "queryd", "embedd", "vectord", "journald", "chatd"],
    async () => (await import("./parts/matrixd.ts")).buildMatrixd,
  ),
  pathwayd: part("pathwayd", ["embedd"], async () => (await import("./parts/pathwayd.ts")).buildPathwayd),
  observerd: part("observerd", [], async () => (await import("./parts/observerd.ts")).buildObserverd),
  chatd: part("chatd", ["catalogd"], async () => (await import("./parts/chatd.ts")).buildChatd),
  validatord: part(
    "validatord",
    ["catalogd", "queryd", "matrixd", "pathwayd", "chatd", "journald"],
    async () => (await import("./parts/validatord.ts")).buildValidatord,
  ),
  journald: part(
    "journald",
    ["catalogd", "queryd"],
    async () => (await import("./parts/journald.ts")).buildJournald,
  ),
  truthd: part(
    "truthd",
    ["catalogd", "ingestd", "queryd"],
    async () => (await import("./parts/truthd.ts")).buildTruthd,
  ),
  filld: part(
    "filld",
    ["journald", "matrixd", "validatord", "pathwayd", "queryd", "ingestd"],
    async () => (await import("./parts/filld.ts")).buildFilld,
  ),
};

/** Services in an order in which each one's needs come before it. */
export const START_ORDER: readonly ServiceName[] = startOrder();

function startOrder(): ServiceName[] {
  const order: ServiceName[] = [];
  const visit = (name: ServiceName): void => {
    if (order.includes(name)) return;
    for (const needed of PLAN[name].needs) visit(needed);
    order.push(name);
  };
  for (const name of Object.keys(PLAN) as ServiceName[]) visit(name);
  return order;
}
