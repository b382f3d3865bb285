import { afterAll, describe, expect, test } from "bun:test";
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, seeded } from "#lib/random";
import { type Disk, nodeDisk } from "#lib/disk";
import { Fault } from "#rpc/fault";
import type { Recovery } from "./recovery.ts";
import { Log } from "./log.ts";

const root = mkdtempSync(join(tmpdir(), "vectord-log-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const clock = { now: () => 1_700_000_000_000 };
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
  const log = await Log.open({
    dir,
    clock,
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

  test("a torn tail is cut off, wherever it tore, and the log goes on", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "two", "three"]);
    await log.close();
    const path = newest(dir);
    const whole = readFileSync(path);
    const lastFrame = whole.length - (40 + 4 + "three".length);
    for (let length = lastFrame; length < whole.length; length++) {
      rmSync(join(dir, "closed"), { force: true });
      writeFileSync(path, whole.subarray(0, length));
      const { log: torn, records } = await reopen(dir);
      expect(records).toEqual(["one", "two"]);
      expect(statSync(path).size).toBe(lastFrame);
      await write(torn, ["four"]);
      await torn.close();
      expect(await recordsOf(dir)).toEqual(["one", "two", "four"]);
    }
  });

  test("sectors of the last frame that a power cut lost are a torn end too", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "y".repeat(3000)]);
    await log.close();
    const path = newest(dir);
    const whole = new Uint8Array(readFileSync(path));
    const lastFrame = 32 + 40 + 4 + 3;
    for (let sector = 0; sector * 512 < whole.length; sector++) {
      rmSync(join(dir, "closed"), { force: true });
      writeFileSync(path, whole.slice().fill(0, Math.max(lastFrame, sector * 512), (sector + 1) * 512));
      expect(await recordsOf(dir)).toEqual(["one"]);
    }
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

  test("a damaged frame is a fault that names the file, once; the rest is kept", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "two", "three"]);
    await log.close();
    const path = newest(dir);
    const damaged = readFileSync(path);
    damaged[32 + 40 + 4 + 3 + 40 + 5] = 0xff;
    writeFileSync(path, damaged);
    const fault = (await reopen(dir).catch((error: unknown) => error)) as Fault;
    expect(fault).toBeInstanceOf(Fault);
    expect(fault.code).toBe("internal");
    expect(fault.message).toContain(path);
    const aside = readdirSync(dir).filter((name) => name.includes(".damaged-"));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(dir, aside[0] ?? "")).equals(damaged)).toBe(true);
    rmSync(join(dir, "closed"), { force: true });
    const again = await reopen(dir);
    expect(again.records).toEqual(["one", "", "three"]);
    expect(again.sequences).toEqual([1, 2, 3]);
    await again.log.close();
  });

  test("after an orderly close even a clean cut is seen", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    await write(log, ["one", "two"]);
    await log.close();
    const path = newest(dir);
    truncateSync(path, statSync(path).size - (40 + 4 + 3));
    const cut = await faultOf(reopen(dir));
    expect(cut.code).toBe("internal");
    expect(cut.message).toContain(path);
    expect(await recordsOf(dir)).toEqual(["one"]);
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
    expect((await faultOf(reopen(dir, { after: 0 }))).message).toContain("lacks the writes 1 to");
  });

  test("is closed for good, and limits what one call writes", async () => {
    const { log } = await reopen(folder());
    expect(() => log.append(new Uint8Array(64 * 1024 * 1024 + 1), () => undefined)).toThrow("fewer items");
    await log.close();
    expect(() => log.append(bytes("x"), () => undefined)).toThrow("closed");
  });

  test("any mutation of a closed log is found, and nothing but the damage is lost: 400 ways", async () => {
    const dir = folder();
    const { log } = await reopen(dir);
    const texts = Array.from({ length: 12 }, (_, i) => `record ${i} ${"x".repeat(i * 3)}`);
    await write(log, texts);
    await log.close();
    const path = newest(dir);
    const whole = new Uint8Array(readFileSync(path));
    const marker = readFileSync(join(dir, "closed"));
    const random = seeded(5);
    for (let i = 0; i < 400; i++) {
      for (const name of readdirSync(dir)) if (name.includes("damaged")) rmSync(join(dir, name));
      writeFileSync(join(dir, "closed"), marker);
      writeFileSync(path, mutation(whole, i, random));
      const fault = await reopen(dir).catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(Fault);
      expect((fault as Fault).code).toBe("internal");
      expect((fault as Fault).message).toContain(path);
      rmSync(join(dir, "closed"), { force: true });
      const again = await reopen(dir);
      expect(again.records.every((record) => record === "" || texts.includes(record))).toBe(true);
      await again.log.close();
    }
  }, 20_000);
});

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
