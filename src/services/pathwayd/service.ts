// pathwayd: versioned memory of how things were done.

import type { embed } from "#contracts/embed";
import type { pathway } from "#contracts/pathway";
import type { Log } from "#lib/log";
import type { Handlers, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";

export interface PathwaydDeps {
  readonly embed: Service<typeof embed>;
  /** The database of all traces. */
  readonly file: string;
  readonly log?: Log;
}

export async function pathwayd(_deps: PathwaydDeps): Promise<Daemon<typeof pathway>> {
  const later = (): never => {
    throw new Fault("unavailable", "The memory of traces is not served yet.");
  };
  const handlers: Handlers<typeof pathway> = {
    add: later,
    traces: later,
    trace: later,
    history: later,
    revise: later,
    retire: later,
    feedback: later,
    search: later,
    stats: later,
    verify: later,
  };
  return { handlers, close: () => Promise.resolve() };
}
