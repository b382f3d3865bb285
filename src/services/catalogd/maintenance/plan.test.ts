import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { CONTENT, type DataFile, type Manifest, STATUS } from "../iceberg/manifest/manifest.ts";
import { UNPARTITIONED } from "../iceberg/types/partition.ts";
import { newSchema } from "../iceberg/types/columns.ts";
import { MERGED_MIN, planMerge } from "./plan.ts";

const schema = newSchema([{ name: "id", type: "long" }]);

function file(path: string, bytes: number, content: 0 | 1 = CONTENT.data): DataFile {
  return {
    content,
    file_path: path,
    file_format: "PARQUET",
    partition: [],
    record_count: 1,
    file_size_in_bytes: bytes,
    column_sizes: null,
    value_counts: null,
    null_value_counts: null,
    nan_value_counts: null,
    lower_bounds: null,
    upper_bounds: null,
    key_metadata: null,
    split_offsets: null,
    equality_ids: null,
    sort_order_id: 0,
    referenced_data_file: null,
  };
}

function manifestOf(files: readonly DataFile[], more: Partial<Manifest> = {}): Map<string, Manifest> {
  const entries = files.map((data_file) => ({
    status: STATUS.added,
    snapshot_id: 1,
    sequence_number: 1,
    file_sequence_number: 1,
    data_file,
  }));
  return new Map([["m", { content: "data", schema, spec: UNPARTITIONED, entries, ...more }]]);
}

const pathsOf = (files: readonly DataFile[], least: number): string[] =>
  planMerge(manifestOf(files), least).map((chosen) => chosen.file.file_path);

const KIB = 1024;
const MIB = 1024 * KIB;

test("small files are merged once there are enough, in the order of a scan", () => {
  const files = Array.from({ length: MERGED_MIN }, (_, n) => file(String(n), (MERGED_MIN - n) * KIB));
  expect(pathsOf(files, MERGED_MIN)).toEqual(files.map(({ file_path }) => file_path));
  expect(pathsOf(files.slice(1), MERGED_MIN)).toEqual([]);
  expect(pathsOf(files.slice(0, 2), 2)).toHaveLength(2);
});

test("a large file stays until what it would be merged with is worth it", () => {
  const small = Array.from({ length: 9 }, (_, n) => file(String(n), 10 * KIB));
  expect(pathsOf([file("large", 10 * MIB), ...small], 8)).not.toContain("large");
  const medium = Array.from({ length: 9 }, (_, n) => file(String(n), 250 * KIB));
  expect(pathsOf([file("large", 8 * MIB), ...medium], 8)).toContain("large");
});

test("tables with partitions or delete files are left alone", () => {
  const files = Array.from({ length: 10 }, (_, n) => file(String(n), KIB));
  const spec = {
    "spec-id": 1,
    fields: [{ "source-id": 1, "field-id": 1000, name: "id", transform: "identity" }],
  };
  expect(planMerge(manifestOf(files, { spec }), 2)).toEqual([]);
  const deletes = manifestOf([file("d", KIB, CONTENT.positionDeletes)], { content: "deletes" });
  expect(planMerge(new Map([...manifestOf(files), ["d", deletes.get("m") as Manifest]]), 2)).toEqual([]);
});

test("any appends leave few files, and each byte is rewritten few times", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 64 * KIB }), { minLength: 500, maxLength: 1500 }),
      (sizes) => {
        let files: DataFile[] = [];
        let rewritten = 0;
        let most = 0;
        sizes.forEach((bytes, n) => {
          files.push(file(`f${n}`, bytes));
          const chosen = new Set(planMerge(manifestOf(files), MERGED_MIN).map(({ file: one }) => one));
          if (chosen.size > 0) {
            const merged = [...chosen].reduce((sum, one) => sum + one.file_size_in_bytes, 0);
            rewritten += merged;
            files = [...files.filter((one) => !chosen.has(one)), file(`m${n}`, merged)];
          }
          most = Math.max(most, files.length);
        });
        const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
        expect(most).toBeLessThan(20);
        expect(rewritten).toBeLessThan(total * 20);
      },
    ),
    { numRuns: 20 },
  );
});
