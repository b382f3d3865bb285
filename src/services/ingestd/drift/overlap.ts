// Whether the values of a file's column are those of a column of the dataset, judged from samples of both. Two kinds of
// evidence count: most of the different values stand in both, or both hold the same few codes about equally often (two
// values are in common by chance; how often each comes is not).

/** How often each value comes in a sample; NULL is none. */
export type Sample = ReadonlyMap<string, number>;

export interface Overlap {
  /** Different values of the file's column, and how many of them the dataset's column has too. */
  readonly distinct: number;
  readonly common: number;
  /** Half the sum of differences of their shares: 0 for equal distributions, 1 for nothing in common. */
  readonly distance: number;
}

/** Fewer values in common are chance. */
const COMMON_MIN = 3;
/** Of the file's different values: a later file brings new ones too. */
const SHARE_MIN = 0.5;
/** A column with more different values is no code. */
const CODES_MAX = 20;
/** Shares of codes say nothing in shorter samples. */
const CODE_ROWS_MIN = 20;
const CODE_DISTANCE_MAX = 0.15;

/** Undefined when the overlap is not clear. */
export function overlapOf(file: Sample, dataset: Sample): Overlap | undefined {
  const [fileRows, datasetRows] = [rowsOf(file), rowsOf(dataset)];
  if (fileRows === 0 || datasetRows === 0) return undefined;
  let common = 0;
  for (const value of file.keys()) if (dataset.has(value)) common += 1;
  const distance = [...new Set([...file.keys(), ...dataset.keys()])].reduce(
    (sum, value) =>
      sum + Math.abs((file.get(value) ?? 0) / fileRows - (dataset.get(value) ?? 0) / datasetRows) / 2,
    0,
  );
  const found = { distinct: file.size, common, distance };
  if (common >= COMMON_MIN && common / file.size >= SHARE_MIN) return found;
  const isCode =
    common >= 2 &&
    common === file.size &&
    dataset.size <= CODES_MAX &&
    Math.min(fileRows, datasetRows) >= CODE_ROWS_MIN;
  return isCode && distance <= CODE_DISTANCE_MAX ? found : undefined;
}

/** Negative when the first is the clearer one. */
export function byClarity(one: Overlap, other: Overlap): number {
  return other.common / other.distinct - one.common / one.distinct || one.distance - other.distance;
}

function rowsOf(sample: Sample): number {
  let rows = 0;
  for (const count of sample.values()) rows += count;
  return rows;
}
