// Where each daemon of a house apart listens: a unix socket in the data folder, or a loopback port when
// LAKEHOUSE_DAEMON_PORTS is set. Every process derives the same addresses from the same settings, so none is exchanged.

import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { chmod, lstat, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "#config";
import type { House, ServiceName } from "#contracts/house";
import { contractOf } from "#contracts/services";
import type { Contract } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { type ListenAt, SOCKET_PATH_BYTES_MAX } from "#rpc/listen";
import { type Address, remote } from "#rpc/remote";

/** The loopback port of every service, those included that are agreed and not served yet. */
export const DAEMON_PORTS = {
  storaged: 3211,
  catalogd: 3212,
  ingestd: 3213,
  queryd: 3214,
  vectord: 3215,
  embedd: 3216,
  pathwayd: 3217,
  matrixd: 3218,
  observerd: 3219,
  chatd: 3220,
  validatord: 3221,
  journald: 3222,
  truthd: 3223,
  filld: 3224,
} as const;

/** What every daemon serves to the gateway alone, beside its contract. */
export const METRICS_PATH = "/metrics.json";
export const HOLD_PATH = "/hold-writes";
export const RESUME_PATH = "/resume-writes";

function socketName(name: keyof typeof DAEMON_PORTS): string {
  return `${name}.sock`;
}

/** In the run folder beside those of the services; see `gateway/control-socket.ts`. */
export const CONTROL_SOCKET = "control.sock";

const NAME_BYTES_MAX = Math.max(
  ...[...(Object.keys(DAEMON_PORTS) as (keyof typeof DAEMON_PORTS)[]).map(socketName), CONTROL_SOCKET].map(
    (name) => name.length,
  ),
);

/** The folder of the sockets: in the data folder, or a short one in the temp folder where that path is too long. */
export function runFolder({ data }: Pick<Settings, "data">, temp = tmpdir()): string {
  const inside = join(data, "run");
  if (fits(inside)) return inside;
  const short = join(
    temp,
    `lakehouse-${createHash("sha256").update(realPath(data)).digest("hex").slice(0, 16)}`,
  );
  if (fits(short)) return short;
  throw new Fault(
    "invalid",
    `Unix sockets fit neither into --data ${data} nor into TMPDIR ${temp}: a socket's path may have ${SOCKET_PATH_BYTES_MAX} bytes. Choose a shorter --data or TMPDIR, or set LAKEHOUSE_DAEMON_PORTS=true.`,
  );
}

/** However a folder is named, by a link too, its house is one. */
function realPath(data: string): string {
  return existsSync(data) ? realpathSync(data) : data;
}

function fits(folder: string): boolean {
  return Buffer.byteLength(folder) + "/".length + NAME_BYTES_MAX <= SOCKET_PATH_BYTES_MAX;
}

/**
 * Creates the run folder for this user alone. Others can write to the temp folder: a folder that is there already and
 * not this user's is refused, since its owner could put sockets of their own into it.
 */
export async function makeRunFolder(settings: Pick<Settings, "data">, temp = tmpdir()): Promise<string> {
  const folder = runFolder(settings, temp);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (folder.startsWith(settings.data)) return folder;
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new Fault(
      "forbidden",
      `${folder}, where the sockets of this house belong, is another user's. Remove it, or choose a shorter --data: then they are in the data folder.`,
    );
  }
  await chmod(folder, 0o700);
  return folder;
}

export function listenAt(settings: Pick<Settings, "data" | "daemon_ports">, name: ServiceName): ListenAt {
  if (settings.daemon_ports) return { hostname: "127.0.0.1", port: DAEMON_PORTS[name] };
  return { unix: join(runFolder(settings), socketName(name)) };
}

export function addressOf(settings: Settings, name: ServiceName): Address {
  const at = listenAt(settings, name);
  return "unix" in at ? at : { url: `http://${at.hostname}:${at.port}` };
}

/** The services named, over their sockets. */
export async function neighboursOf(
  settings: Settings,
  names: readonly ServiceName[],
): Promise<Partial<House>> {
  const neighbours = names.map(async (name) => {
    const contract: Contract = await contractOf(name);
    return [name, remote(contract, addressOf(settings, name), { origin: name })] as const;
  });
  return Object.fromEntries(await Promise.all(neighbours)) as Partial<House>;
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
