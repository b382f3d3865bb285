// Which rows share a node of a graph. Rows with equal vectors (people of one role in one city, lines of a template) have
// one node between them: nodes that equal each other link to each other alone, and a search that enters such a group does
// not leave it, so that a graph with a node for each finds less the more equals there are, and costs more.
//
// Vectors are equal where their hashes are. Two that differ and have one hash cost the row a good place in the graph and
// nothing else: distances are computed from the rows.

/** A node of a graph has the number of one of its rows. */
export interface NodeRows {
  /** The node's rows in ascending order, that of its number among them; undefined where it has no other. */
  rowsOf(node: number): Iterable<number> | undefined;
}

/** How the nodes of a graph file stand in its tail: numbers as base64. */
export interface NodesText {
  /** Uint32 pairs of node and row, of nodes with several rows, in ascending order. */
  readonly shared: string;
  /** Float64 hashes of the nodes' vectors, by ascending node; null where there are too many for a tail. */
  readonly hashes: string | null;
}

/** 43 MB of text, which is read whenever the graph is opened. */
const HASHES_MAX = 4_000_000;

/** The nodes of a graph that changes: the delta's, and those of a build. */
export class Nodes implements NodeRows {
  readonly #nodeOfHash = new Map<number, number>();
  readonly #hashOf = new Map<number, number>();
  /** Of nodes with several rows. */
  readonly #rowsOf = new Map<number, number[]>();
  readonly #nodeOf = new Map<number, number>();

  /** As `toText` gave it; `rows` are all rows of the graph, in ascending order. */
  static fromText({ shared, hashes }: NodesText, rows: Iterable<number>): Nodes {
    const nodes = new Nodes();
    const pairs = new Uint32Array(bytesOf(shared));
    for (let at = 0; at < pairs.length; at += 2) nodes.#share(pairs[at] as number, pairs[at + 1] as number);
    const known = hashes === null ? null : new Float64Array(bytesOf(hashes));
    let at = 0;
    for (const row of rows) {
      if (nodes.#isTwin(row)) continue;
      // Without its hash a node keeps its rows, and is joined by no more.
      if (known !== null) nodes.#name(row, known[at++] as number);
    }
    return nodes;
  }

  toText(rows: Iterable<number>): NodesText {
    const nodes: number[] = [];
    for (const row of rows) if (!this.#isTwin(row)) nodes.push(row);
    const pairs = nodes.flatMap((node) => (this.#rowsOf.get(node) ?? []).flatMap((row) => [node, row]));
    const isWhole = nodes.length <= HASHES_MAX && nodes.every((node) => this.#hashOf.has(node));
    return {
      shared: textOf(Uint32Array.from(pairs)),
      hashes: isWhole ? textOf(Float64Array.from(nodes, (node) => this.#hashOf.get(node) as number)) : null,
    };
  }

  /** True when the row shares a node that is there; false when it must become one in the graph. */
  take(row: number, hash: number): boolean {
    const node = this.#nodeOfHash.get(hash);
    if (node === undefined) {
      this.#name(row, hash);
      return false;
    }
    if (!this.#rowsOf.has(node)) this.#share(node, node);
    this.#share(node, row);
    return true;
  }

  /** Takes a row out. Null when its node stays; otherwise the node must leave the graph, and the rows given have none. */
  release(row: number): readonly number[] | null {
    const node = this.#nodeOf.get(row) ?? row;
    const left = (this.#rowsOf.get(node) ?? []).filter((other) => other !== row);
    this.#nodeOf.delete(row);
    if (node !== row) {
      this.#rowsOf.set(node, left);
      return null;
    }
    for (const other of left) this.#nodeOf.delete(other);
    this.#rowsOf.delete(node);
    const hash = this.#hashOf.get(node);
    this.#hashOf.delete(node);
    if (hash !== undefined) this.#nodeOfHash.delete(hash);
    return left;
  }

  rowsOf(node: number): readonly number[] | undefined {
    return this.#rowsOf.get(node);
  }

  #isTwin(row: number): boolean {
    return (this.#nodeOf.get(row) ?? row) !== row;
  }

  #name(node: number, hash: number): void {
    this.#nodeOfHash.set(hash, node);
    this.#hashOf.set(node, hash);
  }

  #share(node: number, row: number): void {
    const rows = this.#rowsOf.get(node);
    if (rows === undefined) this.#rowsOf.set(node, [row]);
    else {
      const isLast = row > (rows.at(-1) as number);
      rows.push(row);
      if (!isLast) rows.sort((a, b) => a - b);
    }
    this.#nodeOf.set(row, node);
  }
}

/** The nodes of a graph file, as compact as they stand there. */
export class MappedNodes implements NodeRows {
  readonly #nodes: Uint32Array;
  readonly #rows: Uint32Array;

  constructor({ shared }: NodesText) {
    const pairs = new Uint32Array(bytesOf(shared));
    this.#nodes = new Uint32Array(pairs.length / 2);
    this.#rows = new Uint32Array(pairs.length / 2);
    for (let at = 0; at < this.#rows.length; at += 1) {
      this.#nodes[at] = pairs[2 * at] as number;
      this.#rows[at] = pairs[2 * at + 1] as number;
    }
  }

  rowsOf(node: number): Uint32Array | undefined {
    const first = this.#firstFrom(node);
    if (this.#nodes[first] !== node) return undefined;
    return this.#rows.subarray(first, this.#firstFrom(node + 1));
  }

  /** How many of the rows that are meant have a node by another's number. */
  othersAmong(isMeant: (row: number) => boolean): number {
    let count = 0;
    for (const [at, row] of this.#rows.entries()) if (row !== this.#nodes[at] && isMeant(row)) count += 1;
    return count;
  }

  /** The first place of a node that is not below it. */
  #firstFrom(node: number): number {
    let [low, high] = [0, this.#nodes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#nodes[middle] as number) < node) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function textOf(numbers: Uint32Array | Float64Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("base64");
}

/** In a buffer of their own, from its start. */
function bytesOf(text: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(text, "base64")).buffer;
}
