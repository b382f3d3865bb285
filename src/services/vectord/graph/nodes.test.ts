import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { vectorHash } from "../rows/shape.ts";
import { MappedNodes, Nodes, type NodesText } from "./nodes.ts";

/** What the nodes should be, kept in the slowest way: for each row its hash, and for each hash the row of its node. */
class Model {
  readonly hashes = new Map<number, number>();
  readonly nodes = new Map<number, number>();

  take(row: number, hash: number): boolean {
    this.hashes.set(row, hash);
    if (this.nodes.has(hash)) return true;
    this.nodes.set(hash, row);
    return false;
  }

  release(row: number): number[] | null {
    const hash = this.hashes.get(row) as number;
    this.hashes.delete(row);
    if (this.nodes.get(hash) !== row) return null;
    this.nodes.delete(hash);
    const left = this.rows().filter((other) => this.hashes.get(other) === hash);
    for (const other of left) this.hashes.delete(other);
    return left;
  }

  rows(): number[] {
    return [...this.hashes.keys()].sort((a, b) => a - b);
  }

  rowsOf(node: number): number[] {
    return this.rows().filter((row) => this.hashes.get(row) === this.hashes.get(node));
  }
}

const ROWS = 24;
/** Few, so that most rows share a node. */
const HASHES = 5;
const steps = fc.array(fc.record({ row: fc.nat(ROWS - 1), hash: fc.nat(HASHES - 1), again: fc.boolean() }), {
  maxLength: 80,
});

test("rows come and go, through text and back, and each node has the rows of its vector", () => {
  fc.assert(
    fc.property(steps, (history) => {
      const model = new Model();
      let nodes = new Nodes();
      for (const { row, hash, again } of history) {
        if (model.hashes.has(row)) expect(nodes.release(row)).toEqual(model.release(row));
        else expect(nodes.take(row, hash)).toBe(model.take(row, hash));
        const text = JSON.parse(JSON.stringify(nodes.toText(model.rows()))) as NodesText;
        if (again) nodes = Nodes.fromText(text, model.rows());
        const mapped = new MappedNodes(text);
        const isOdd = (row: number): boolean => row % 2 === 1;
        const others = model.rows().filter((row) => model.nodes.get(model.hashes.get(row) ?? 0) !== row);
        expect(mapped.othersAmong(isOdd)).toBe(others.filter(isOdd).length);
        for (const node of model.nodes.values()) {
          expect([...(nodes.rowsOf(node) ?? [node])]).toEqual(model.rowsOf(node));
          expect([...(mapped.rowsOf(node) ?? [node])]).toEqual(model.rowsOf(node));
        }
      }
    }),
  );
});

test("nodes whose hashes were not written keep their rows, and no row joins them", () => {
  const nodes = new Nodes();
  nodes.take(1, 7);
  nodes.take(2, 7);
  const again = Nodes.fromText({ ...nodes.toText([1, 2]), hashes: null }, [1, 2]);
  expect(again.take(3, 7)).toBe(false);
  expect(again.rowsOf(1)).toEqual([1, 2]);
  expect(again.release(2)).toBeNull();
  expect(again.release(1)).toEqual([]);
  expect(again.toText([3]).hashes).not.toBeNull();
});

test("equal vectors have equal hashes wherever they lie in memory, and others do not", () => {
  const rows = Float32Array.of(1, 2, 3, 1, 2, 3, 1, 2, 4);
  const [a, b, c] = [0, 3, 6].map((at) => vectorHash(rows.subarray(at, at + 3)));
  expect(a).toBe(b as number);
  expect(a).not.toBe(c as number);
});
