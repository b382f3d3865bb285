// Where each daemon of a house apart listens: a unix socket in the data folder, or a loopback port when
// LAKEHOUSE_DAEMON_PORTS is set. Every process derives the same addresses from the same settings, so none is exchanged.

import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "#config";
import { house, type House, type ServiceName } from "#contracts/house";
import type { Contract } from "#rpc/contract";
import type { ListenAt } from "#rpc/listen";
import { type Address, remote } from "#rpc/remote";

export const DAEMON_PORTS: Readonly<Record<ServiceName, number>> = {
  storaged: 3211,
  catalogd: 3212,
  ingestd: 3213,
  queryd: 3214,
  vectord: 3215,
  embedd: 3216,
  matrixd: 3218,
};

/** Longer paths do not fit into a socket address (sun_path, 108 bytes with its end mark). */
const SOCKET_PATH_BYTES_MAX = 107;
const LONGEST_NAME = "/storaged.sock".length;

/** The folder of the sockets; readable by its owner alone. */
export function runFolder({ data }: Settings): string {
  const inside = join(data, "run");
  if (Buffer.byteLength(inside) + LONGEST_NAME <= SOCKET_PATH_BYTES_MAX) return inside;
  return join(tmpdir(), `lakehouse-${createHash("sha256").update(data).digest("hex").slice(0, 16)}`);
}

export function listenAt(settings: Settings, name: ServiceName): ListenAt {
  if (settings.daemon_ports) return { hostname: "127.0.0.1", port: DAEMON_PORTS[name] };
  return { unix: join(runFolder(settings), `${name}.sock`) };
}

export function addressOf(settings: Settings, name: ServiceName): Address {
  const at = listenAt(settings, name);
  return "unix" in at ? at : { url: `http://${at.hostname}:${at.port}` };
}

/** The services named, over their sockets. */
export function neighboursOf(settings: Settings, names: readonly ServiceName[]): Partial<House> {
  return Object.fromEntries(
    names.map((name) => [name, remote(house[name] as Contract, addressOf(settings, name), { origin: name })]),
  ) as Partial<House>;
}

/** One small request to a daemon itself, outside its contract. */
export function requestDaemon(
  settings: Settings,
  name: ServiceName,
  path: string,
  signal: AbortSignal,
): Promise<Response> {
  const address = addressOf(settings, name);
  const base = "unix" in address ? "http://localhost" : address.url;
  return fetch(base + path, { signal, ...("unix" in address ? { unix: address.unix } : {}) });
}
