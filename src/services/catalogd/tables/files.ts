// The files of tables in storaged: manifests and manifest lists, which never change once written and are kept in
// memory for a while, and metadata. What was read is compared with the checksum in its name before it is decoded.

import { bytesOf, readAll } from "#adapters/objects/objects";
import type { storage } from "#contracts/storage";
import { CountedCache } from "#lib/counted-cache";
import type { CacheFigures } from "#lib/figures";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { decodeManifestList, type ManifestFile } from "../iceberg/manifest/manifest-list.ts";
import { decodeManifest, type Manifest } from "../iceberg/manifest/manifest.ts";
import { matchesName } from "./checksum.ts";
import type { Place } from "./place.ts";

const CACHED_BYTES_MAX = 32 * 1024 * 1024;

export class TableFiles {
  readonly #storage: Service<typeof storage>;
  readonly #kept = new CountedCache<string, Uint8Array>({
    maxSize: CACHED_BYTES_MAX,
    sizeCalculation: (bytes) => bytes.byteLength + 1,
  });

  constructor(store: Service<typeof storage>) {
    this.#storage = store;
  }

  get figures(): CacheFigures {
    return this.#kept.figures;
  }

  /** Stores an immutable file under its address. */
  async put(place: Place, uri: string, bytes: Uint8Array): Promise<void> {
    await this.#storage.put({ key: place.keyOf(uri), body: bytesOf(bytes) });
    this.#kept.set(uri, bytes);
  }

  /** The rows of a manifest list. */
  async manifests(place: Place, listUri: string): Promise<ManifestFile[]> {
    return decodeManifestList(await this.#read(place, listUri));
  }

  async manifest(place: Place, listed: ManifestFile): Promise<Manifest> {
    const bytes = await this.#read(place, listed.manifest_path);
    // A file cut between two blocks decodes, with fewer entries; the list knows how long it was.
    if (bytes.byteLength !== listed.manifest_length) {
      throw new Fault(
        "internal",
        `${listed.manifest_path} is damaged: it has ${bytes.byteLength} bytes of ${listed.manifest_length}. Restore it.`,
      );
    }
    return decodeManifest(bytes, listed);
  }

  async #read(place: Place, uri: string): Promise<Uint8Array> {
    const cached = this.#kept.get(uri);
    if (cached !== undefined) return cached;
    const key = place.keyOf(uri);
    const bytes = await fetchObject(this.#storage, key);
    if (!matchesName(key, bytes)) {
      throw new Fault(
        "internal",
        `Object ${key} of dataset ${place.name} is damaged: its checksum is wrong. Restore it.`,
      );
    }
    this.#kept.set(uri, bytes);
    return bytes;
  }

  fetch(key: string): Promise<Uint8Array> {
    return fetchObject(this.#storage, key);
  }

  /** No reader asks for what a dropped table had: its name will have another prefix. */
  forget(place: Place): void {
    const start = place.uri("");
    for (const uri of this.#kept.keys()) if (uri.startsWith(start)) this.#kept.delete(uri);
  }
}

export async function fetchObject(store: Service<typeof storage>, key: string): Promise<Uint8Array> {
  const { body } = await store.get({ key });
  if (!(body instanceof ReadableStream)) throw new Fault("internal", `Object ${key} has no content.`);
  return readAll(body);
}

/** Undefined when there is no such object. */
export async function readText(store: Service<typeof storage>, key: string): Promise<string | undefined> {
  try {
    return Buffer.from(await fetchObject(store, key)).toString();
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return undefined;
    throw error;
  }
}
