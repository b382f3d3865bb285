// A real S3 server for tests: Ceph's RADOS Gateway with one monitor and one store in memory, all of it in a
// temporary folder and on free loopback ports. It checks signatures and conditions, which most stand-ins do
// not. Debian and Ubuntu have it: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common
//
// Every daemon has its input and output cut off: one that keeps a pipe of ours open would keep us from ending.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  stop(): Promise<void>;
}

const PROGRAMS = ["ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"];

/** It takes about 20 s where nothing else runs; a busy machine needs a few times that. */
const READY_MS_MAX = 120_000;
/** After this long without an answer a daemon is killed instead of asked. */
const STOP_MS_MAX = 5000;
const POLL_MS = 200;

/** Another server to test against: `http://KEY_ID:SECRET@127.0.0.1:9000`. It must let that key make buckets. */
const GIVEN = Bun.env["LAKEHOUSE_TEST_S3"];

/** Why there is no S3 server to be had on this machine, or undefined. */
export function s3Missing(): string | undefined {
  if (GIVEN !== undefined) return undefined;
  const missing = PROGRAMS.filter((program) => Bun.which(program) === null);
  return missing.length === 0 ? undefined : `${missing.join(", ")} not installed`;
}

export async function startS3(): Promise<S3Server> {
  if (GIVEN === undefined) return startRgw(accountAt(freePort()));
  const { origin, username, password } = new URL(GIVEN);
  // A shared one may still be starting.
  await ready(Date.now() + READY_MS_MAX, () => fetch(origin));
  return {
    endpoint: origin,
    region: "us-east-1",
    accessKeyId: decodeURIComponent(username),
    secretAccessKey: decodeURIComponent(password),
    stop: () => Promise.resolve(),
  };
}

/** Starts a server for several processes, which find it by `environment`; it serves some seconds later. */
export function shareS3(): {
  readonly environment: Readonly<Record<string, string>>;
  readonly server: Promise<S3Server>;
} {
  const account = accountAt(freePort());
  const { port, accessKeyId, secretAccessKey } = account;
  const given = `http://${accessKeyId}:${secretAccessKey}@127.0.0.1:${port}`;
  return { environment: { LAKEHOUSE_TEST_S3: given }, server: startRgw(account) };
}

interface Account {
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

function accountAt(port: number): Account {
  return { port, accessKeyId: "lab", secretAccessKey: randomUUID() };
}

async function startRgw(account: Account): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), "rgw-"));
  const daemons: Bun.Subprocess[] = [];
  const stop = async (): Promise<void> => {
    // The gateway first, so that it does not look for the store that is gone.
    for (const daemon of daemons.toReversed()) await end(daemon);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await start(folder, daemons, account)), stop };
  } catch (error) {
    const tail = await logTail(folder);
    await stop();
    throw new Error(`the gateway did not start; its logs end with:\n${tail}`, { cause: error });
  }
}

async function start(
  folder: string,
  daemons: Bun.Subprocess[],
  { port, ...keys }: Account,
): Promise<Omit<S3Server, "stop">> {
  const until = Date.now() + READY_MS_MAX;
  const [monitor, legacy] = [freePort(), freePort()];
  const [cluster, osd] = [randomUUID(), randomUUID()];
  const conf = join(folder, "ceph.conf");
  const keyring = join(folder, "keyring");
  const monitors = `[v2:127.0.0.1:${monitor},v1:127.0.0.1:${legacy}]`;
  const common = ["-c", conf, "-k", keyring];
  await Promise.all(["mon", "osd", "run"].map((name) => mkdir(join(folder, name))));
  await writeFile(conf, confOf({ folder, cluster, monitors, keyring }));

  const authorize = (name: string, ...capabilities: string[]): Promise<string> =>
    run(["ceph-authtool", keyring, "--gen-key", "-n", name, ...capabilities]);
  const all = (...names: string[]): string[] => names.flatMap((name) => ["--cap", name, "allow *"]);
  await run(["ceph-authtool", "--create-keyring", keyring]);
  await authorize("mon.", ...all("mon"));
  await authorize("client.admin", ...all("mon", "osd", "mds", "mgr"));
  await authorize("osd.0", "--cap", "mon", "allow profile osd", ...all("osd"));

  const map = join(folder, "monmap");
  await run(["monmaptool", "--create", "--addv", "a", monitors, "--fsid", cluster, map]);
  await run(["ceph-mon", "-i", "a", "--mkfs", "--monmap", map, ...common]);
  daemons.push(daemon(["ceph-mon", "-i", "a", "-f", ...common]));
  await ready(until, () => run(["ceph", ...common, "--connect-timeout", "5", "osd", "new", osd]));
  await run(["ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd, ...common]);
  daemons.push(daemon(["ceph-osd", "-i", "0", "-f", ...common]));

  const admin = ["radosgw-admin", "-n", "client.admin", ...common, "user", "create", "--uid=lab"];
  await ready(until, () =>
    run([
      ...admin,
      "--display-name=lab",
      `--access-key=${keys.accessKeyId}`,
      `--secret-key=${keys.secretAccessKey}`,
    ]),
  );
  const frontend = ["--rgw-frontends", `beast endpoint=127.0.0.1:${port} tcp_nodelay=1`];
  daemons.push(daemon(["radosgw", "-n", "client.admin", ...frontend, "-f", ...common]));
  const endpoint = `http://127.0.0.1:${port}`;
  await ready(until, () => fetch(endpoint));
  return { endpoint, region: "us-east-1", ...keys };
}

interface Conf {
  readonly folder: string;
  readonly cluster: string;
  readonly monitors: string;
  readonly keyring: string;
}

/** One copy of everything, in memory, under a cluster that asks for signatures as every gateway must. */
function confOf({ folder, cluster, monitors, keyring }: Conf): string {
  const lines = {
    fsid: cluster,
    "mon host": monitors,
    "mon initial members": "a",
    "auth cluster required": "cephx",
    "auth service required": "cephx",
    "auth client required": "cephx",
    keyring,
    "run dir": join(folder, "run"),
    "admin socket": join(folder, "run", "$name.$pid.asok"),
    "log file": join(folder, "$name.log"),
    "mon data": join(folder, "mon"),
    "osd data": join(folder, "osd"),
    "osd objectstore": "memstore",
    "memstore device bytes": "4294967296",
    "osd pool default size": "1",
    "osd pool default min size": "1",
    "osd pool default pg num": "1",
    "osd pool default pgp num": "1",
    "osd pool default pg autoscale mode": "off",
    "mon allow pool size one": "true",
    "osd crush chooseleaf type": "0",
    "ms bind ipv6": "false",
    "public addr": "127.0.0.1",
    "cluster addr": "127.0.0.1",
    "rgw gc max concurrent io": "1",
  };
  const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}\n`);
  return `[global]\n${text.join("")}`;
}

async function run(command: string[]): Promise<string> {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, problems, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${problems.slice(-1000)}`);
  return out;
}

function daemon(command: string[]): Bun.Subprocess {
  return Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
}

async function end(daemon: Bun.Subprocess): Promise<void> {
  daemon.kill("SIGTERM");
  const timer = setTimeout(() => daemon.kill("SIGKILL"), STOP_MS_MAX);
  await daemon.exited;
  clearTimeout(timer);
}

/** Tries until it does not throw, or time is up. */
async function ready(until: number, attempt: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await Bun.sleep(POLL_MS);
    }
  }
}

/** A port that was free a moment ago: the system gives out others before it gives one again. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  listener.stop(true);
  return listener.port;
}

async function logTail(folder: string): Promise<string> {
  const names = ["mon.a.log", "osd.0.log", "client.admin.log"].map((name) => join(folder, name));
  const texts = await Promise.all(
    names.filter((path) => existsSync(path)).map((path) => readFile(path, "utf8")),
  );
  return texts.map((text) => text.slice(-1000)).join("\n");
}
