// What a system says differently when it is asked the same twice: the paths that differ then are noise, and say nothing
// of the other system. Counts decay, so that a path which has become stable counts again.

const HALF_LIFE_MS = 3_600_000;
/** Fewer repetitions show nothing. */
const REPEATED_MIN = 3;
/** Of repetitions, in which a path differs, for it to be noise. */
const NOISE_SHARE_MIN = 0.1;
/** Of one route; more than a reply has fields. */
const PATHS_MAX = 500;

export interface Noise {
  /** Paths that differed between two replies of the same system. */
  learn(paths: readonly string[], now: number): void;
  isNoise(path: string, now: number): boolean;
  paths(now: number): string[];
}

export function createNoise(): Noise {
  const counts = new Map<string, number>();
  let repeated = 0;
  let since = 0;
  const decay = (now: number): void => {
    const factor = 0.5 ** (Math.max(0, now - since) / HALF_LIFE_MS);
    since = now;
    repeated *= factor;
    for (const [path, count] of counts) counts.set(path, count * factor);
  };
  const isNoise = (path: string, now: number): boolean => {
    decay(now);
    // Rounded: three repetitions are three, also some milliseconds later.
    return repeated > REPEATED_MIN - 0.5 && (counts.get(path) ?? 0) / repeated >= NOISE_SHARE_MIN;
  };
  return {
    learn: (paths, now) => {
      decay(now);
      repeated += 1;
      for (const path of new Set(paths)) {
        if (counts.has(path) || counts.size < PATHS_MAX) counts.set(path, (counts.get(path) ?? 0) + 1);
      }
    },
    isNoise,
    paths: (now) => [...counts.keys()].filter((path) => isNoise(path, now)),
  };
}
