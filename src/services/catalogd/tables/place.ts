// Where a table's files lie: between the addresses under which readers find them and their keys in storaged. A name
// that was dropped gets a folder of its own the next time, `NAME.1`, `NAME.2`, so that two tables never share one.

import { assert } from "#lib/assert";

export const WAREHOUSE = "warehouse/";

export class Place {
  readonly #baseUri: string;
  /** The dataset. */
  readonly name: string;
  /** Storage key prefix of everything the table has, ending in `/`. */
  readonly prefix: string;
  /** How often the name had been dropped when this place was looked up; used only for a table not yet made. */
  readonly generation: number;

  constructor(baseUri: string, name: string, prefix: string, generation = 0) {
    this.#baseUri = baseUri;
    this.name = name;
    this.prefix = prefix;
    this.generation = generation;
  }

  /** The n-th folder of a name, counting from 0. */
  static ofNewTable(baseUri: string, name: string, n: number, generation: number): Place {
    const folder = n === 0 ? name : `${name}.${n}`;
    return new Place(baseUri, name, `${WAREHOUSE}${folder}/`, generation);
  }

  get location(): string {
    return (this.#baseUri + encodeURI(this.prefix)).replace(/\/$/, "");
  }

  uri(path: string): string {
    return `${this.location}/${encodeURI(path)}`;
  }

  uriOfKey(key: string): string {
    return this.#baseUri + encodeURI(key);
  }

  /** A folder that was moved has another address than the one its files were written under: what follows the prefix counts. */
  keyOf(uri: string): string {
    const path = decodeURI(uri);
    const at = path.lastIndexOf(this.prefix);
    assert(at !== -1, `${uri} lies outside the table`);
    return path.slice(at);
  }
}

/** The name and generation of a table's folder below the warehouse; undefined for a folder of nobody's. */
export function tableOfFolder(folder: string): { name: string; generation: number } | undefined {
  const match = /^([A-Za-z_][A-Za-z0-9_]*(?:\$rejects)?)(?:\.([1-9]\d*))?$/.exec(folder);
  return match === null ? undefined : { name: match[1] ?? "", generation: Number(match[2] ?? 0) };
}

export function metadataKey(prefix: string, version: number): string {
  return `${prefix}metadata/v${version}.metadata.json`;
}

/** For readers without a catalog: which version is current. */
export function hintKey(prefix: string): string {
  return `${prefix}metadata/version-hint.text`;
}
