// A tree of letters: every word or phrase of a table is a path from the root, and those that begin alike share the
// beginning. A text follows it letter by letter and leaves where nothing goes on, so that what no table has costs one
// step. Its nodes are rows of growing arrays of numbers and no objects: tables have tens of thousands.

/** The node that every path starts from. */
export const ROOT = 0;
/** No path goes on like this. */
export const NOWHERE = -1;

const NODES_FIRST = 1024;

export class LetterTree {
  #letters = new Uint16Array(NODES_FIRST);
  /** The first of the nodes that a node goes on to, and the next one beside it; 0 for none. */
  #below = new Int32Array(NODES_FIRST);
  #beside = new Int32Array(NODES_FIRST);
  #nodes = 1;

  /** The node that letters lead to from another one. */
  walk(from: number, letters: string): number {
    let node = from;
    for (let at = 0; at < letters.length; at++) {
      node = this.#next(node, letters.charCodeAt(at));
      if (node === ROOT) return NOWHERE;
    }
    return node;
  }

  /** The node of a whole path, which is added as far as it is new. */
  add(letters: string): number {
    let node = ROOT;
    for (let at = 0; at < letters.length; at++) {
      const letter = letters.charCodeAt(at);
      const next = this.#next(node, letter);
      node = next === ROOT ? this.#append(node, letter) : next;
    }
    return node;
  }

  #next(node: number, letter: number): number {
    const letters = this.#letters;
    const beside = this.#beside;
    let next = this.#below[node] as number;
    while (next !== ROOT && letters[next] !== letter) next = beside[next] as number;
    return next;
  }

  #append(node: number, letter: number): number {
    const added = this.#nodes++;
    if (added === this.#letters.length) this.#grow(2 * added);
    this.#letters[added] = letter;
    this.#beside[added] = this.#below[node] as number;
    this.#below[node] = added;
    return added;
  }

  #grow(nodes: number): void {
    const grown = <Numbers extends Int32Array | Uint16Array>(larger: Numbers, numbers: Numbers): Numbers => {
      larger.set(numbers);
      return larger;
    };
    this.#letters = grown(new Uint16Array(nodes), this.#letters);
    this.#below = grown(new Int32Array(nodes), this.#below);
    this.#beside = grown(new Int32Array(nodes), this.#beside);
  }
}
