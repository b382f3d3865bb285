// Intervals of 95 % for what a replay measures. Sources:
// - Wilson's score interval: E. B. Wilson, "Probable inference", JASA 22 (1927), 209-212.
// - Difference of paired proportions: R. G. Newcombe, "Improved confidence intervals for the difference between binomial
//   proportions based on paired data", Statistics in Medicine 17 (1998), 2635-2650, method 10.
// - Whether two models differ at all: the exact test of McNemar, Psychometrika 12 (1947), 153-157.
// - Mean of paired differences: Student's t; its quantile by Abramowitz and Stegun, formula 26.7.5.

export type Interval = [low: number, high: number];

/** Of the standard normal distribution, two-sided 95 %. */
const Z = 1.959963984540054;

export function wilson(passed: number, n: number): Interval | null {
  if (n === 0) return null;
  const p = passed / n;
  const middle = p + (Z * Z) / (2 * n);
  const half = Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  const scale = 1 + (Z * Z) / n;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}

export interface PairedCounts {
  readonly both: number;
  readonly onlyA: number;
  readonly onlyB: number;
  readonly neither: number;
}

/** The rate of b less that of a. */
export function pairedDifference({ both, onlyA, onlyB, neither }: PairedCounts): Interval | null {
  const n = both + onlyA + onlyB + neither;
  const [inA, inB] = [wilson(both + onlyA, n), wilson(both + onlyB, n)];
  if (inA === null || inB === null) return null;
  const [pA, pB] = [(both + onlyA) / n, (both + onlyB) / n];
  const phi = correlation({ both, onlyA, onlyB, neither }, n);
  const reach = (down: number, up: number): number =>
    Math.sqrt(Math.max(0, down * down - 2 * phi * down * up + up * up));
  const difference = pB - pA;
  return [
    Math.max(-1, difference - reach(pB - inB[0], inA[1] - pA)),
    Math.min(1, difference + reach(pA - inA[0], inB[1] - pB)),
  ];
}

/** Newcombe's, with its correction for continuity; 0 where a margin is empty. */
function correlation({ both, onlyA, onlyB, neither }: PairedCounts, n: number): number {
  const margins = (both + onlyA) * (onlyB + neither) * (both + onlyB) * (onlyA + neither);
  if (margins === 0) return 0;
  const cross = both * neither - onlyA * onlyB;
  const corrected = cross > n / 2 ? cross - n / 2 : Math.min(cross, 0);
  return corrected / Math.sqrt(margins);
}

/** The exact two-sided test over the pairs in which one alone passed. */
export function mcnemar(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  const least = Math.min(onlyA, onlyB);
  // Terms of Binomial(n, 1/2) by their logarithms: a factorial of thousands is no number.
  let sum = 0;
  let log = -n * Math.LN2;
  for (let k = 0; k <= least; k += 1) {
    sum += Math.exp(log);
    log += Math.log(n - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * sum);
}

export function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((all, each) => all + each, 0) / values.length;
}

export function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Of the mean of differences; null for fewer than two. */
export function meanInterval(values: readonly number[]): Interval | null {
  const mean = meanOf(values);
  const n = values.length;
  if (mean === null || n < 2) return null;
  const variance = values.reduce((all, each) => all + (each - mean) ** 2, 0) / (n - 1);
  const half = studentQuantile(n - 1) * Math.sqrt(variance / n);
  return [mean - half, mean + half];
}

/** Student's t, two-sided 95 %; to four digits from three degrees of freedom on, exact for one and two. */
export function studentQuantile(degrees: number): number {
  if (degrees === 1) return Math.tan(0.475 * Math.PI);
  // 2q - 1 over the square root of 2q(1 - q), with q = 0.975.
  if (degrees === 2) return 0.95 / Math.sqrt(2 * 0.975 * 0.025);
  const z = Z;
  return (
    z +
    (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3) +
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / (92_160 * degrees ** 4)
  );
}
