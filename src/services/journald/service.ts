import type { catalog } from "#contracts/catalog";
import type { journal } from "#contracts/journal";
import type { query } from "#contracts/query";
import type { Log } from "#lib/log";
import type { Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";

export interface JournaldDeps {
  readonly catalog: Service<typeof catalog>;
  readonly query: Service<typeof query>;
  readonly folder: string;
  readonly sealMs: number;
  readonly log: Log;
}

export function journald(_: JournaldDeps): Promise<Daemon<typeof journal>> {
  const notYet = (): never => {
    throw new Fault("unavailable", "The journal is not served yet.");
  };
  return Promise.resolve({
    handlers: {
      append: notYet,
      events: notYet,
      event: notYet,
      tail: notYet,
      status: notYet,
      verify: notYet,
      seal: notYet,
      export: notYet,
      repair: notYet,
    },
    close: () => Promise.resolve(),
  });
}
