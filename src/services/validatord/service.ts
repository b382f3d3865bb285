// validatord: what people and models propose, checked before it leaves the house.

import type { catalog } from "#contracts/catalog";
import type { query } from "#contracts/query";
import type { validate } from "#contracts/validate";
import type { Log } from "#lib/log";
import type { Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";

export interface ValidatordDeps {
  readonly catalog: Service<typeof catalog>;
  readonly query: Service<typeof query>;
  readonly log: Log;
}

export function validatord(_deps: ValidatordDeps): Promise<Daemon<typeof validate>> {
  const later = (): never => {
    throw new Fault("unavailable", "This is not served yet.");
  };
  return Promise.resolve({
    handlers: {
      validate: later,
      screen: later,
      extract: later,
      iterate: later,
      // eslint-disable-next-line require-yield
      iterateEvents: async function* () {
        later();
      },
      checks: later,
      rules: () => ({ rules: [] }),
      rosters: () => ({ rosters: [] }),
      loadRoster: later,
    },
    close: () => Promise.resolve(),
  });
}
