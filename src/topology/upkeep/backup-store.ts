// Where backups lie: a folder or a bucket, written to through the interface of objects. Contents are kept once, under
// their SHA-256, and shared by all backups of the store; a backup is one document that names its files:
//
//   blobs/<first two of the hash>/<hash>   the content of a file
//   backups/<id>.json                      a Backup, with a checksum over all of it
//
// The document is stored last, so a backup that can be seen has all of its contents. One that did not come to its end is
// gone on with by the next: what it stored already is there. Nothing of a store is ever changed.

import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { bytesOf, type Bytes, type Objects, readAll } from "#adapters/objects/objects";
import type { Settings } from "#config";
import { Fault } from "#rpc/fault";

/** Another form of the document or of the keys is another number. */
const FORMAT = 1;

const backedFile = z.strictObject({
  /** Below the data folder. */
  path: z.string(),
  size: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** As the house had it, so that the next backup need not read what did not change. */
  version: z.string(),
});
export type BackedFile = z.infer<typeof backedFile>;

const document = z.strictObject({
  format: z.literal(FORMAT),
  /** The moment at which the house was that way, RFC 3339. */
  at: z.string(),
  /** Of the program that wrote it. */
  version: z.string(),
  files: z.array(backedFile),
});
export type Backup = z.infer<typeof document> & { readonly id: string };

export interface BackupStore {
  /** Ids of whole backups, oldest first. */
  list(): Promise<readonly string[]>;
  /** Throws `not_found`, and `internal` when the document is damaged. */
  read(id: string): Promise<Backup>;
  write(backup: Omit<Backup, "id" | "format">): Promise<Backup>;
  /** Hashes of the contents that are there. */
  contents(): Promise<Set<string>>;
  put(sha256: string, content: Bytes): Promise<void>;
  /** Unverified: whoever takes it in compares it with its hash. Throws `not_found`. */
  get(sha256: string): Promise<Bytes>;
}

/** What a backup that is under way has sent. */
export interface Sending {
  readonly store: BackupStore;
  readonly there: Set<string>;
  filesSent: number;
  bytesSent: number;
  readonly damaged: string[];
}

const BACKUPS = "backups/";
const BLOBS = "blobs/";
const LIST_PAGE = 1000;

function blobKey(sha256: string): string {
  return `${BLOBS}${sha256.slice(0, 2)}/${sha256}`;
}

export function backupStore(objects: Objects): BackupStore {
  const keysUnder = async (prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await objects.list({ prefix, limit: LIST_PAGE, cursor });
      keys.push(...page.objects.map(({ key }) => key));
      cursor = page.cursor;
    } while (cursor !== undefined);
    return keys;
  };
  return {
    list: async () =>
      (await keysUnder(BACKUPS))
        .filter((key) => key.endsWith(".json"))
        .map((key) => key.slice(BACKUPS.length, -".json".length))
        .sort(),
    read: async (id) => {
      const { body } = await objects.get(`${BACKUPS}${id}.json`);
      return { ...parseDocument(id, Buffer.from(await readAll(body)).toString()), id };
    },
    write: async (backup) => {
      const id = backup.at.replaceAll(/[:.]/g, "-");
      const text = printDocument({ format: FORMAT, ...backup });
      await objects.put(`${BACKUPS}${id}.json`, bytesOf(text), { ifAbsent: true });
      return { format: FORMAT, ...backup, id };
    },
    contents: async () => new Set((await keysUnder(BLOBS)).map((key) => key.slice(key.lastIndexOf("/") + 1))),
    put: async (sha256, content) => void (await objects.put(blobKey(sha256), content)),
    get: async (sha256) => (await objects.get(blobKey(sha256))).body,
  };
}

/** Two lines: the SHA-256 of the second, which is the document. */
function printDocument(value: z.infer<typeof document>): string {
  const json = JSON.stringify(value);
  return `${createHash("sha256").update(json).digest("hex")}\n${json}\n`;
}

function parseDocument(id: string, text: string): z.infer<typeof document> {
  const [checksum, json = ""] = text.split("\n");
  if (createHash("sha256").update(json).digest("hex") === checksum) {
    const parsed = document.safeParse(JSON.parse(json));
    if (parsed.success) return parsed.data;
    throw new Fault(
      "conflict",
      `The backup ${id} is of another form: restore it with the version that wrote it.`,
    );
  }
  throw new Fault(
    "internal",
    `The backup ${id} is damaged: its checksum is wrong. Take another one with --at.`,
  );
}

export interface HashedContent {
  readonly sha256: string;
  readonly size: number;
}

/** One read of a file that is hashed. */
const READ_BYTES = 1024 * 1024;

/** Of the first `size` bytes of a file. */
export async function hashFile(path: string, size: number): Promise<HashedContent> {
  const hash = createHash("sha256");
  const file = await open(path, "r");
  const buffer = Buffer.alloc(Math.max(1, Math.min(READ_BYTES, size)));
  let done = 0;
  try {
    while (done < size) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - done), done);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
  return { sha256: hash.digest("hex"), size: done };
}

/** `s3://bucket/prefix`, reached as the settings say of S3; anything else is a folder, which is made when it is missing. */
export async function openStore(place: string, settings: Settings): Promise<BackupStore> {
  const bucket = /^s3:\/\/([^/]+)\/?(.*)$/.exec(place);
  if (bucket === null) {
    const { diskObjects } = await import("#adapters/objects/disk/disk");
    return backupStore(await diskObjects(join(place, "store")));
  }
  const { s3_endpoint: endpoint, s3_access_key: accessKeyId, s3_secret_key: secretAccessKey } = settings;
  if (endpoint === "" || accessKeyId === "" || secretAccessKey === "") {
    throw new Fault(
      "invalid",
      `${place} needs LAKEHOUSE_S3_ENDPOINT, LAKEHOUSE_S3_ACCESS_KEY and LAKEHOUSE_S3_SECRET_KEY.`,
    );
  }
  const { s3Objects } = await import("#adapters/objects/s3/s3");
  const [, name = "", prefix = ""] = bucket;
  return backupStore(
    s3Objects({
      endpoint,
      accessKeyId,
      secretAccessKey,
      region: settings.s3_region,
      pathStyle: settings.s3_path_style,
      bucket: name,
      prefix,
    }),
  );
}
