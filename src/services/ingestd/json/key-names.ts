// The keys of JSON objects as columns can be called. SQL does not tell names apart that differ in capitals alone, nor
// has it an empty one: a key that is spelled otherwise than in objects before is that key, one that stands beside its
// twin in one object gets a number, and an empty one the number of its column.

const WARNED_MAX = 5;

export class KeyNames {
  /** By the name in small letters: how it is spelled. */
  readonly #spelled = new Map<string, string>();
  readonly #changed = new Map<string, string>();

  /** The object under the names of its columns; itself when they are its keys. */
  named(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const keys = Object.keys(object);
    if (keys.every((key) => this.#isOwn(key))) return object;
    const taken = new Set(keys.filter((key) => this.#isOwn(key)).map((key) => key.toLowerCase()));
    const named: [string, unknown][] = [];
    for (const key of keys) {
      const name = this.#isOwn(key) ? key : this.#nameOf(key, taken);
      taken.add(name.toLowerCase());
      named.push([name, object[key]]);
    }
    return Object.fromEntries(named);
  }

  /** What was renamed, in words. */
  get warnings(): string[] {
    return Array.from(this.#changed, ([key, name]) => `The key "${key}" was read as "${name}".`).slice(
      0,
      WARNED_MAX,
    );
  }

  #isOwn(key: string): boolean {
    const lower = key.toLowerCase();
    const spelled = this.#spelled.get(lower);
    if (spelled === undefined && key !== "") this.#spelled.set(lower, key);
    return key !== "" && (spelled ?? key) === key;
  }

  #nameOf(key: string, taken: ReadonlySet<string>): string {
    const base = key === "" ? `column_${taken.size + 1}` : (this.#spelled.get(key.toLowerCase()) ?? key);
    let name = base;
    for (let copy = 2; taken.has(name.toLowerCase()); copy += 1) name = `${key === "" ? base : key}_${copy}`;
    if (!this.#spelled.has(name.toLowerCase())) this.#spelled.set(name.toLowerCase(), name);
    if (!this.#changed.has(key)) this.#changed.set(key, name);
    return this.#spelled.get(name.toLowerCase()) ?? name;
  }
}
