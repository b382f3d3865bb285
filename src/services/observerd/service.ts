import type { observe } from "#contracts/observe";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";

export async function observerd(): Promise<Daemon<typeof observe>> {
  const unavailable = (): never => {
    throw new Fault("unavailable", "observerd does not serve this yet.");
  };
  return {
    handlers: {
      record: () => ({ dropped: true }),
      recordBatch: ({ events }) => ({ dropped: events.length }),
      events: unavailable,
      tail: unavailable,
      stats: unavailable,
      rules: () => ({ rules: [] }),
      putRule: unavailable,
      dropRule: unavailable,
    },
    close: () => Promise.resolve(),
  };
}
