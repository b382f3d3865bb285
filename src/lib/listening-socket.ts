// What Linux lets a process do with its listening socket and Bun does not: let another process listen on the same port
// (SO_REUSEPORT), choose which of the two gets new connections, and accept no more while open ones go on. Closing a
// listening socket resets the connections in its accept queue; a socket that gets no more empties its queue first, and
// nothing is lost. The socket is found through /proc, its options are set through libc. On other systems every function
// returns undefined.

import { dlopen, ptr } from "bun:ffi";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ListeningSocket {
  /** Lets a process of the same user listen on this port too, if that one sets SO_REUSEPORT. False when it failed. */
  share(): boolean;
  /** Sends new connections to the process that listened on the shared port first, or to the second. */
  steer(to: "first" | "second"): boolean;
  /** Drops every SYN from now on; the client's system sends it again after a second. */
  dropNewConnections(): boolean;
}

/** The sockets on a port. */
export interface PortCensus {
  /** Listening sockets at this process's address, its own included. */
  readonly listening: number;
  /** Connections that this process has accepted. */
  readonly accepted: number;
  /** Connections that no process has accepted yet. */
  readonly queued: number;
}

/** The socket on which this process listens at the port. */
export function listeningSocket(port: number): ListeningSocket | undefined {
  const fd = ownListener(port);
  const set = fd === undefined ? undefined : optionSetter(fd);
  if (set === undefined) return undefined;
  return {
    share: () => set(SO_REUSEPORT, new Int32Array([1])),
    steer: (to) => set(SO_ATTACH_REUSEPORT_CBPF, program([[RETURN, 0, 0, to === "first" ? 0 : 1]])),
    dropNewConnections: () => set(SO_ATTACH_FILTER, program(DROP_SYN)),
  };
}

export function portCensus(port: number): PortCensus | undefined {
  const rows = tcpRows(port);
  if (rows === undefined) return undefined;
  const mine = ownSockets();
  const listening = rows.filter(({ state }) => state === LISTENING);
  const own = listening.find(({ inode }) => mine.has(inode));
  return {
    listening: listening.filter(({ local }) => local === own?.local).length,
    accepted: rows.filter(({ state, inode }) => state === ESTABLISHED && mine.has(inode)).length,
    // A socket that no process has accepted has no inode.
    queued: rows.filter(
      ({ state, inode }) => (state === ESTABLISHED || state === SYN_RECEIVED) && inode === "0",
    ).length,
  };
}

/** include/net/tcp_states.h */
const ESTABLISHED = "01";
const SYN_RECEIVED = "03";
const LISTENING = "0A";

interface TcpRow {
  readonly local: string;
  readonly state: string;
  readonly inode: string;
}

/** proc(5): `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode`, numbers in hexadecimal. */
function tcpRows(port: number): TcpRow[] | undefined {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  try {
    const tables = ["tcp", "tcp6"].flatMap((name) => {
      const path = `/proc/self/net/${name}`;
      // A system without IPv6 has no second table.
      return name === "tcp" || readdirSync("/proc/self/net").includes(name)
        ? readFileSync(path, "latin1").split("\n").slice(1)
        : [];
    });
    return tables.flatMap((line) => {
      if (!line.includes(end)) return [];
      const [, local = "", , state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
      return local.endsWith(end) ? [{ local, state, inode }] : [];
    });
  } catch {
    return undefined;
  }
}

/** Sockets of this process: their inodes and file descriptors. */
function ownSockets(): Map<string, number> {
  const sockets = new Map<string, number>();
  for (const fd of readdirSync("/proc/self/fd")) {
    const inode = SOCKET_LINK.exec(linkOf(fd))?.[1];
    if (inode !== undefined) sockets.set(inode, Number(fd));
  }
  return sockets;
}

const SOCKET_LINK = /^socket:\[(\d+)\]$/;

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // It was closed since the folder was listed.
    return "";
  }
}

function ownListener(port: number): number | undefined {
  const rows = tcpRows(port);
  if (rows === undefined) return undefined;
  const mine = ownSockets();
  return rows.flatMap(({ state, inode }) => (state === LISTENING ? (mine.get(inode) ?? []) : []))[0];
}

/** include/uapi/asm-generic/socket.h */
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;
const SO_ATTACH_FILTER = 26;
const SO_ATTACH_REUSEPORT_CBPF = 51;

/** Classic BPF, include/uapi/linux/bpf_common.h. */
const LOAD_BYTE = 0x30;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];

const FLAGS_AT = 13;
const SYN = 0x02;
const SYN_OR_ACK = 0x12;

/** Drops a segment that opens a connection, and passes every other. */
const DROP_SYN: readonly Instruction[] = [
  [LOAD_BYTE, 0, 0, FLAGS_AT],
  [AND, 0, 0, SYN_OR_ACK],
  [JUMP_IF_EQUAL, 0, 1, SYN],
  [RETURN, 0, 0, 0],
  [RETURN, 0, 0, 0xff_ff_ff_ff],
];

/** `struct sock_fprog`, and what it points to, which must live as long. */
interface Program {
  readonly header: Uint8Array;
  readonly instructions: Uint8Array;
}

function program(lines: readonly Instruction[]): Program {
  const instructions = new Uint8Array(lines.length * 8);
  const view = new DataView(instructions.buffer);
  for (const [at, [code, ifTrue, ifFalse, k]] of lines.entries()) {
    view.setUint16(at * 8, code, true);
    view.setUint8(at * 8 + 2, ifTrue);
    view.setUint8(at * 8 + 3, ifFalse);
    view.setUint32(at * 8 + 4, k, true);
  }
  const header = new Uint8Array(16);
  const headerView = new DataView(header.buffer);
  headerView.setUint16(0, lines.length, true);
  headerView.setBigUint64(8, BigInt(ptr(instructions)), true);
  return { header, instructions };
}

type SetOption = (option: number, value: Int32Array | Program) => boolean;

function optionSetter(fd: number): SetOption | undefined {
  for (const name of LIBC_NAMES) {
    try {
      const { symbols } = dlopen(name, {
        setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
      });
      return (option, value) => {
        const bytes = "header" in value ? value.header : value;
        return symbols.setsockopt(fd, SOL_SOCKET, option, ptr(bytes), bytes.byteLength) === 0;
      };
    } catch {
      // This C library is not installed; the next one is tried.
    }
  }
  return undefined;
}

/** glibc, and musl as Alpine names it. */
const LIBC_NAMES = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];
