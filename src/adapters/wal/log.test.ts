import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Random, seeded } from "#lib/random";
import { type Disk, nodeDisk } from "#lib/disk";
import { Fault } from "#rpc/fault";
import { createHead } from "./head.ts";
import { createLog, type Recovery } from "./recovery.ts";
import { Log } from "./log.ts";
import { salvageLog } from "./salvage.ts";

const root = mkdtempSync(join(tmpdir(), "vectord-log-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
let folders = 0;

function folder(): string {
  return mkdtempSync(join(root, `${++folders}-`));
}

async function reopen(
  dir: string,
  more: Partial<Recovery> = {},
): Promise<{ log: Log; records: string[]; sequences: number[] }> {
  const records: string[] = [];
  const sequences: number[] = [];
  if (readdirSync(dir).length === 0) await createLog(nodeDisk, dir, 0);
  const log = await Log.open({
    dir,
    after: 0,
    replay: ({ sequence, record }) => {
      records.push(new TextDecoder().decode(record));
      sequences.push(sequence);
    },
    ...more,
  });
  return { log, records, sequences };
}

async function faultOf(run: Promise<unknown>): Promise<Fault> {
  const thrown: unknown = await run.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Fault)) throw new Error(`expected a Fault, got ${String(thrown)}`);
  return thrown;
}

async function recordsOf(dir: string): Promise<string[]> {
  const { log, records } = await reopen(dir);
  await log.close();
  return records;
}

async function write(log: Log, texts: readonly string[]): Promise<void> {
  for (const text of texts) await log.append(bytes(text), () => undefined);
}

function newest(dir: string): string {
  return join(
    dir,
    readdirSync(dir)
      .filter((name) => /^log-\d+$/.test(name))
      .sort()
      .at(-1) ?? "none",
  );
}

/** A disk whose writes fail while `failing` says so, after writing half: as one that is full. */
function failingDisk(failing: () => "write" | "sync" | null): Disk {
  const open: Disk["open"] = async (path) => {
    const file = await nodeDisk.open(path);
    const fail = (code: string): never => {
      throw Object.assign(new Error("disk"), { code });
    };
    return {
      ...file,
      write: async (part, position) => {
        if (failing() !== "write") return file.write(part, position);
        await file.write(part.subarray(0, part.length >> 1), position);
        return fail("ENOSPC");
      },
      sync: () => (failing() === "sync" ? fail("EIO") : file.sync()),
    };
  };
  return { ...nodeDisk, open };
}

describe("the log", () => {
  test("replays what was appended, in order, with its sequences", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    const applied: number[] = [];
    const texts = Array.from({ length: 50 }, (_, i) => `record ${i}`);
    const sequences = await Promise.all(
      texts.map((text) => log.append(bytes(text), (sequence) => void applied.push(sequence))),
    );
    expect(sequences).toEqual(texts.map((_, i) => i + 1));
    expect(applied).toEqual(sequences);
    await log.close();
    const again = await reopen(dir);
    expect(again.records).toEqual(texts);
    expect(again.sequences).toEqual(sequences);
    expect(again.log.sequence).toBe(50);
    await again.log.close();
  });

  test("calls that wait together share one fsync", async () => {
    let syncs = 0;
    const { log } = await reopen(folder(), {
      disk: {
        ...nodeDisk,
        open: async (path) => {
          const file = await nodeDisk.open(path);
          return { ...file, sync: () => (syncs++, file.sync()) };
        },
      },
    });
    syncs = 0;
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(bytes(`${i}`), () => undefined)));
    expect(syncs).toBeLessThanOrEqual(2);
    await log.close();
  });

  test("a write that tore before it was acknowledged is cut off, wherever it tore, and the log goes on", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "two", "three"]);
    await log.close();
    const path = newest(dir);
    const whole = readFileSync(path);
    const lastFrame = whole.length - (40 + 4 + "three".length);
    for (let length = lastFrame; length < whole.length; length++) {
      await createHead(nodeDisk, dir, 2);
      writeFileSync(path, whole.subarray(0, length));
      const { log: torn, records } = await reopen(dir);
      expect(records).toEqual(["one", "two"]);
      expect(statSync(path).size).toBe(lastFrame);
      await write(torn, ["four"]);
      await torn.close();
      expect(await recordsOf(dir)).toEqual(["one", "two", "four"]);
    }
  });

  test("the same bytes are damage once the write was acknowledged, and stay so", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "two", "three"]);
    await log.close();
    const path = newest(dir);
    const whole = readFileSync(path);
    const lastFrame = whole.length - (40 + 4 + "three".length);
    for (let length = lastFrame; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      for (let tries = 0; tries < 2; tries++) {
        const fault = await faultOf(reopen(dir));
        expect(fault.code).toBe("internal");
        expect(fault.message).toContain(basename(path));
      }
      expect(statSync(path).size).toBe(length);
      expect(await salvaged(dir)).toMatchObject({ records: ["one", "two"], lost: [{ from: 3, to: 3 }] });
    }
  });

  test("sectors of an unacknowledged frame that a power cut lost are a torn end too", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "y".repeat(3000)]);
    await log.close();
    const path = newest(dir);
    const whole = new Uint8Array(readFileSync(path));
    const lastFrame = 32 + 40 + 4 + 3;
    for (let sector = 0; sector * 512 < whole.length; sector++) {
      await createHead(nodeDisk, dir, 1);
      writeFileSync(path, whole.slice().fill(0, Math.max(lastFrame, sector * 512), (sector + 1) * 512));
      expect(await recordsOf(dir)).toEqual(["one"]);
    }
  });

  test("a head that lags behind, as after a power cut, keeps what verifies", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "two", "three"]);
    await log.close();
    await createHead(nodeDisk, dir, 1);
    expect(await recordsOf(dir)).toEqual(["one", "two", "three"]);
  });

  test("a segment whose making failed half-way changes nothing", async () => {
    const dir = folder();
    let failing = false;
    const disk: Disk = {
      ...nodeDisk,
      syncFolder: (path) =>
        failing
          ? Promise.reject(Object.assign(new Error("disk"), { code: "EIO" }))
          : nodeDisk.syncFolder(path),
    };
    const { log } = await reopen(dir, { disk });
    await write(log, ["one"]);
    failing = true;
    expect((await faultOf(log.rotate(() => undefined))).code).toBe("unavailable");
    await write(log, ["two"]);
    failing = false;
    await log.close();
    expect(await recordsOf(dir)).toEqual(["one", "two"]);
    expect(readdirSync(dir).filter((name) => name.startsWith("log-"))).toHaveLength(1);
  });

  test("a disk that cannot be read just now is no damage", async () => {
    const dir = folder();
    await (await reopen(dir)).log.close();
    const read = (): Promise<never> => Promise.reject(Object.assign(new Error("disk"), { code: "EIO" }));
    expect((await faultOf(reopen(dir, { disk: { ...nodeDisk, read } }))).code).toBe("unavailable");
    expect(await recordsOf(dir)).toEqual([]);
  });

  test("a damaged frame is a fault that names the file, as often as it is tried; the rest can be salvaged", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "two", "three"]);
    await log.close();
    const path = newest(dir);
    const damaged = readFileSync(path);
    damaged[32 + 40 + 4 + 3 + 40 + 5] = 0xff;
    writeFileSync(path, damaged);
    for (let tries = 0; tries < 3; tries++) {
      const fault = await faultOf(reopen(dir));
      expect(fault.code).toBe("internal");
      expect(fault.message).toContain(`${basename(path)} is damaged`);
      expect(fault.message).not.toContain(dir);
    }
    expect(readFileSync(path).equals(damaged)).toBe(true);
    expect(await salvaged(dir)).toMatchObject({
      records: ["one", "three"],
      sequence: 3,
      lost: [{ from: 2, to: 2 }],
    });
  });

  test("a segment that is gone is missed, whichever it is", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    for (const text of ["one", "two", "three"]) {
      await write(log, [text]);
      await log.rotate(() => undefined);
    }
    await write(log, ["four"]);
    await log.close();
    const segments = readdirSync(dir)
      .filter((name) => name.startsWith("log-"))
      .sort();
    expect(segments).toHaveLength(4);
    for (const [i, name] of segments.entries()) {
      const bytes = readFileSync(join(dir, name));
      rmSync(join(dir, name));
      expect((await faultOf(reopen(dir))).message).toContain(`writes ${i + 1} to ${i + 1} are missing`);
      expect(await salvaged(dir)).toMatchObject({ sequence: 4, lost: [{ from: i + 1, to: i + 1 }] });
      writeFileSync(join(dir, name), bytes);
    }
    expect(await recordsOf(dir)).toEqual(["one", "two", "three", "four"]);
  });

  test("a head that is gone is damage; one slot of it is enough", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one"]);
    await log.close();
    const head = readFileSync(join(dir, "head"));
    for (const slot of [0, 512]) {
      writeFileSync(join(dir, "head"), Buffer.from(head).fill(0, slot, slot + 24));
      expect(await recordsOf(dir)).toEqual(["one"]);
    }
    writeFileSync(join(dir, "head"), Buffer.alloc(head.length));
    expect((await faultOf(reopen(dir))).message).toContain("head is damaged");
    rmSync(join(dir, "head"));
    expect((await faultOf(reopen(dir))).message).toContain("head is damaged");
    expect(await salvaged(dir)).toMatchObject({ records: ["one"], lost: [] });
  });

  test("a head that cannot be written fails no write, and is reported", async () => {
    const dir = folder();
    let failing = false;
    const open: Disk["open"] = async (path) => {
      const file = await nodeDisk.open(path);
      return {
        ...file,
        write: (part, position) =>
          failing && path.endsWith("head")
            ? Promise.reject(Object.assign(new Error("disk"), { code: "EIO" }))
            : file.write(part, position),
      };
    };
    const { log } = await reopen(dir, { disk: { ...nodeDisk, open } });
    failing = true;
    await write(log, ["one"]);
    expect(log.headFailure).toBeInstanceOf(Fault);
    failing = false;
    await write(log, ["two"]);
    expect(log.headFailure).toBeNull();
    await log.close();
    expect(await recordsOf(dir)).toEqual(["one", "two"]);
  });

  test.each(["write", "sync"] as const)(
    "when a %s fails nothing is acknowledged, and it works again afterwards",
    async (kind) => {
      const dir = folder();
      let failing: "write" | "sync" | null = null;
      const { log } = await reopen(dir, { disk: failingDisk(() => failing) });
      await write(log, ["one"]);
      failing = kind;
      const applied: number[] = [];
      for (const text of ["lost", "lost too"]) {
        const fault = await faultOf(log.append(bytes(text), (sequence) => void applied.push(sequence)));
        expect(fault.code).toBe("unavailable");
      }
      expect(applied).toEqual([]);
      expect(log.sequence).toBe(1);
      failing = null;
      await write(log, ["two"]);
      await log.close();
      expect(await recordsOf(dir)).toEqual(["one", "two"]);
    },
  );

  test("a snapshot begins a segment, and drops those before it", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "two"]);
    const during = log.append(bytes("three"), () => undefined);
    const at = await log.rotate((sequence) => sequence);
    await during;
    await write(log, ["four"]);
    expect(readdirSync(dir).filter((name) => name.startsWith("log-"))).toHaveLength(2);
    await log.drop(at);
    expect(readdirSync(dir).filter((name) => name.startsWith("log-"))).toHaveLength(1);
    await log.close();
    const again = await reopen(dir, { after: at });
    expect(again.log.sequence).toBe(4);
    expect(again.sequences.every((sequence) => sequence > at)).toBe(true);
    await again.log.close();
    expect((await faultOf(reopen(dir, { after: 0 }))).message).toContain("writes 1 to");
  });

  test("is closed for good, and limits what one call writes", async () => {
    const { log } = await reopen(folder());
    expect(() => log.append(new Uint8Array(64 * 1024 * 1024 + 1), () => undefined)).toThrow("fewer items");
    await log.close();
    expect(() => log.append(bytes("x"), () => undefined)).toThrow("closed");
  });

  test("any mutation of the log after kill -9 is found, and nothing but the damage is lost: 400 ways", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    const texts = Array.from({ length: 12 }, (_, i) => `record ${i} ${"x".repeat(i * 3)}`);
    await write(log, texts);
    // As a killed process leaves it: nothing was closed.
    const path = newest(dir);
    const whole = new Uint8Array(readFileSync(path));
    const random = seeded(5);
    for (let i = 0; i < 400; i++) {
      writeFileSync(path, mutation(whole, i, random));
      const fault = await faultOf(reopen(dir));
      expect(fault.code).toBe("internal");
      expect(fault.message).toContain(basename(path));
      const { records, lost, sequence } = await salvaged(dir);
      expect(sequence).toBe(12);
      const missing = new Set(
        lost.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, k) => from + k)),
      );
      expect(records).toEqual(texts.filter((_, k) => !missing.has(k + 1)));
    }
    writeFileSync(path, whole);
    expect(await recordsOf(dir)).toEqual(texts);
    await log.close();
  }, 240_000);
});

async function salvaged(
  dir: string,
): Promise<{ records: string[]; lost: readonly { from: number; to: number }[]; sequence: number }> {
  const records: string[] = [];
  const { lost, sequence, damage } = await salvageLog({
    dir,
    after: 0,
    replay: ({ record }) => void records.push(new TextDecoder().decode(record)),
  });
  expect(damage.length > 0 || lost.length === 0).toBe(true);
  return { records, lost, sequence };
}

function mutation(whole: Uint8Array, i: number, random: Random): Uint8Array {
  const copy = whole.slice();
  const at = random.below(copy.length);
  if (i % 4 === 0) return copy.subarray(0, at);
  if (i % 4 === 1) return i === 1 ? new Uint8Array() : new Uint8Array(1 + at);
  if (i % 4 === 2) {
    const end = Math.min(copy.length, at + 1 + random.below(64));
    const zeroed = copy.slice().fill(0, at, end);
    if (Buffer.compare(zeroed, whole) !== 0) return zeroed;
  }
  copy[at] = (copy[at] as number) ^ (1 << random.below(8));
  return copy;
}
