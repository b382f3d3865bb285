// vectord over a folder of its own, as the suite of engines wants it: served in process, killed and served again.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { storage as storageContract } from "#contracts/storage";
import { vector } from "#contracts/vector";
import { createLog } from "#lib/log";
import type { Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import type { EngineUnderTest } from "./engine.conformance.ts";
import type { LanceBucket } from "./lance/open.ts";
import { vectord, type Vectord } from "./service.ts";
import { openEmbed } from "../../../test/lake/embed.ts";
import { openStorage } from "../../../test/lake/storage.ts";

export interface Started extends EngineUnderTest {
  readonly folder: string;
  readonly daemon: Vectord;
  readonly logged: string[];
}

export async function startEngine({
  storage: offered,
  bucket,
}: { storage?: Service<typeof storageContract>; bucket?: LanceBucket } = {}): Promise<Started> {
  const storage = offered ?? (await openStorage()).service;
  const root = mkdtempSync(join(tmpdir(), "vectord-engine-"));
  const folder = join(root, "vectors");
  const logged: string[] = [];
  const log = createLog({ level: "warn", readable: false, write: (line) => void logged.push(line) });
  const open = async (): Promise<{ daemon: Vectord; service: Service<typeof vector> }> => {
    const daemon = await vectord({ embed: (await openEmbed()).service, storage, folder, bucket, log });
    return { daemon, service: local(implement(vector, "vectord", daemon.handlers, { checkOutputs: true })) };
  };
  const started: Started & { service: Service<typeof vector>; daemon: Vectord } = {
    folder,
    logged,
    ...(await open()),
    killed: async (hurt = () => undefined) => {
      const copied = join(root, "copied");
      cpSync(folder, copied, { recursive: true });
      const list = readFileSync(`${folder}.json`);
      await started.daemon.close();
      rmSync(folder, { recursive: true });
      cpSync(copied, folder, { recursive: true });
      writeFileSync(`${folder}.json`, list);
      rmSync(copied, { recursive: true });
      hurt(folder);
      Object.assign(started, await open());
    },
    settled: async (index) => {
      await service().snapshot({ index, name: `s${crypto.randomUUID()}` });
      for (const { name } of (await service().snapshots({ index })).snapshots)
        if (name.startsWith("s") && name.length === 37) await service().dropSnapshot({ index, name });
      while ((await service().index({ index })).building) await Bun.sleep(20);
    },
    close: async () => {
      await started.daemon.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  const service = (): Service<typeof vector> => started.service;
  return started;
}
