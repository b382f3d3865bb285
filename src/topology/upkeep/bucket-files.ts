// The objects of a house that keeps them in a bucket, as files of its backup: under the paths that they would have in the
// data folder, so that a backup can be restored into either. They are listed while writes are held. Objects that services
// keep never change under their name; one that a client replaces while it is copied fails the backup.

import { createHash } from "node:crypto";
import type { Objects } from "#adapters/objects/objects";
import type { Settings } from "#config";
import { Fault } from "#rpc/fault";
import { objectStore } from "../parts/storaged.ts";
import type { BackedFile, Sending } from "./backup-store.ts";
import type { DataFile } from "./data-files.ts";

export interface BucketFiles {
  /** Lists them, as they are now. */
  list(): Promise<readonly DataFile[]>;
  send(sending: Sending, file: DataFile, before: BackedFile | undefined): Promise<BackedFile>;
}

const LIST_PAGE = 1000;
export const OBJECTS_FOLDER = "objects/";

/** Undefined where the objects lie in the data folder. */
export async function bucketFiles(settings: Settings): Promise<BucketFiles | undefined> {
  if (settings.s3_bucket === "") return undefined;
  const objects = await objectStore(settings);
  return {
    list: async () => {
      const files: DataFile[] = [];
      let cursor: string | undefined;
      do {
        const page = await objects.list({ prefix: "", limit: LIST_PAGE, cursor });
        for (const { key, size, etag } of page.objects) {
          files.push({ path: OBJECTS_FOLDER + key, size, version: etag });
        }
        cursor = page.cursor;
      } while (cursor !== undefined);
      return files;
    },
    send: (sending, file, before) => sendObject(objects, sending, file, before),
  };
}

async function sendObject(
  objects: Objects,
  sending: Sending,
  { path, version }: DataFile,
  before: BackedFile | undefined,
): Promise<BackedFile> {
  const { store, there } = sending;
  if (before?.version === version && there.has(before.sha256)) return before;
  const key = path.slice(OBJECTS_FOLDER.length);
  const { head, body } = await objects.get(key);
  const hash = createHash("sha256");
  for await (const chunk of body) hash.update(chunk);
  const sha256 = hash.digest("hex");
  if (!there.has(sha256)) {
    const again = await objects.get(key);
    if (again.head.etag !== head.etag) {
      await again.body.cancel();
      throw new Fault(
        "unavailable",
        `The object ${key} was replaced while it was copied. Try the backup again.`,
      );
    }
    await store.put(sha256, again.body);
    there.add(sha256);
    sending.filesSent += 1;
    sending.bytesSent += head.size;
  }
  return { path, size: head.size, sha256, version: head.etag };
}
