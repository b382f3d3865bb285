import type { truth } from "#contracts/truth";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";

export async function truthd(): Promise<Daemon<typeof truth>> {
  const unavailable = (): never => {
    throw new Fault("unavailable", "truthd does not serve this yet.");
  };
  return {
    handlers: {
      claims: unavailable,
      entity: unavailable,
      history: unavailable,
      entities: unavailable,
      conflicts: unavailable,
      putRule: unavailable,
      rules: unavailable,
      decide: unavailable,
      decisions: unavailable,
      import: unavailable,
      importEvents: unavailable,
      export: unavailable,
    },
    close: () => Promise.resolve(),
  };
}
