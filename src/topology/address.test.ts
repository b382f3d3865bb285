import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SERVICE_NAMES } from "#contracts/services";
import { Fault } from "#rpc/fault";
import { listen, SOCKET_PATH_BYTES_MAX } from "#rpc/listen";
import { DAEMON_PORTS, listenAt, makeRunFolder, runFolder, CONTROL_SOCKET } from "./address.ts";

const root = mkdtempSync(join(tmpdir(), "run-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const NAMES = Object.keys(DAEMON_PORTS).map((name) => `${name}.sock`);

test("every service has a port of its own", () => {
  expect(SERVICE_NAMES.filter((name) => !(name in DAEMON_PORTS))).toEqual([]);
  expect(new Set(Object.values(DAEMON_PORTS)).size).toBe(NAMES.length);
});

test("the socket of every service fits, however long the data path is", () => {
  for (let bytes = 1; bytes < 200; bytes += 1) {
    const folder = runFolder({ data: `/${"ü".repeat(bytes / 2)}${"d".repeat(bytes % 2)}` }, "/tmp");
    for (const name of [...NAMES, CONTROL_SOCKET]) {
      expect(Buffer.byteLength(join(folder, name))).toBeLessThanOrEqual(SOCKET_PATH_BYTES_MAX);
    }
  }
});

test("a socket can be bound in the longest data path that is used, and in the first that is not", async () => {
  const used = (data: string): boolean => runFolder({ data }).startsWith(data);
  let data = join(root, "d");
  while (used(`${data}d`)) data += "d";
  for (const path of [data, `${data}d`]) {
    const folder = await makeRunFolder({ data: path });
    const daemon = listen({
      origin: "validatord",
      at: { unix: join(folder, "validatord.sock") },
      routes: [],
    });
    const reply = await fetch("http://localhost/health", { unix: join(folder, "validatord.sock") });
    expect(await reply.json()).toEqual({ status: "ok", service: "validatord" });
    await daemon.stop(0);
    if (!folder.startsWith(path)) rmSync(folder, { recursive: true });
  }
});

test("where neither data nor temp folder is short enough, it says what to do", () => {
  const long = `/${"t".repeat(100)}`;
  expect(() => runFolder({ data: long }, long)).toThrow("LAKEHOUSE_DAEMON_PORTS=true");
  expect(listenAt({ data: long, daemon_ports: true }, "queryd")).toEqual({
    hostname: "127.0.0.1",
    port: 3214,
  });
});

test("in the temp folder it is this user's alone, and never another's", async () => {
  const data = `${root}/${"d".repeat(100)}`;
  const folder = runFolder({ data }, root);
  mkdirSync(folder, { mode: 0o777 });
  expect(await makeRunFolder({ data }, root)).toBe(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  rmSync(folder, { recursive: true });
  symlinkSync(root, folder);
  const fault = await makeRunFolder({ data }, root).catch((thrown: unknown) => thrown);
  expect(fault).toBeInstanceOf(Fault);
  expect((fault as Fault).code).toBe("forbidden");
});
