// What work must and usually does pay: minimum wages and bands. The project's own dated table, and before it the datasets
// `state_min_wage` (year, state, effective_minimum_wage, federal_minimum_wage) and `wage_bands` (soc2019_code, state, p10,
// p90) where the house has them; they are read again when they have another version.

import type { catalog } from "#contracts/catalog";
import type { query } from "#contracts/query";
import { MIN_WAGES_AS_OF, minWageOn } from "#domain/law/min-wages";
import type { Clock } from "#lib/clock";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { Service } from "#rpc/contract";
import { toFault } from "#rpc/fault";

export interface MinWageRule {
  readonly wage: number;
  /** `CA` or `US`. */
  readonly of: string;
  /** What says so, and as of when. */
  readonly source: string;
}

export interface WageBand {
  readonly p10: number;
  readonly p90: number;
  /** The state, or `US` where the state has none. */
  readonly of: string;
}

export interface Wages {
  /** `day` is `YYYY-MM-DD`. */
  minWage(state: string, day: string): MinWageRule | undefined;
  band(soc: string, state: string): WageBand | undefined;
  /** Whether there are bands at all. */
  readonly hasBands: boolean;
}

/** The project's own table, and no bands. */
export const OWN_WAGES: Wages = wagesOf(new Map(), undefined);

export type YearlyWages = ReadonlyMap<string, number>;

/** `yearly` has a wage by `2019|CA`, `bands` one by `53-7051|CA`. */
export function wagesOf(yearly: YearlyWages, bands: ReadonlyMap<string, WageBand> | undefined): Wages {
  return {
    hasBands: bands !== undefined,
    band: (soc, state) => bands?.get(`${soc}|${state}`) ?? bands?.get(`${soc}|US`),
    minWage: (state, day) => {
      const year = day.slice(0, 4);
      const wage = yearly.get(`${year}|${state}`);
      if (wage !== undefined) return { wage, of: state, source: `dataset state_min_wage, ${year}` };
      const own = minWageOn(state, day);
      return (
        own && {
          wage: own.wage,
          of: own.of,
          source: `in force since ${own.since}, table as of ${MIN_WAGES_AS_OF}`,
        }
      );
    },
  };
}

/** Datasets change rarely, and a check that is a second late is no worse than one that ran a second before. */
const LOOK_MS = 1000;
const ROWS_MAX = 100_000;
/** Columns of a dataset that has not what is looked for, and of one that is not there. */
const NO_VERSION = "none";

export interface WageDatasets {
  readonly catalog: Service<typeof catalog>;
  readonly query: Service<typeof query>;
  readonly clock: Clock;
  readonly failures: BackgroundFailures;
}

/** The wages as the house has them now. */
export function createWages({ catalog, query, clock, failures }: WageDatasets): () => Promise<Wages> {
  let current = OWN_WAGES;
  let versions = "";
  let lookedAt = -Infinity;
  let looking: Promise<Wages> | undefined;

  const versionOf = async (dataset: string): Promise<string> => {
    try {
      return String((await catalog.dataset({ dataset })).snapshot_id ?? NO_VERSION);
    } catch (thrown) {
      if (toFault(thrown).code === "not_found") return NO_VERSION;
      throw thrown;
    }
  };
  const rows = async (sql: string) => (await query.sql({ sql, limit: ROWS_MAX })).rows;

  const look = async (): Promise<Wages> => {
    const [minimum, bands] = await Promise.all([versionOf("state_min_wage"), versionOf("wage_bands")]);
    lookedAt = clock.now();
    if (`${minimum} ${bands}` === versions) return current;
    const yearly = new Map<string, number>();
    if (minimum !== NO_VERSION) {
      const sql =
        "SELECT CAST(year AS INTEGER) AS year, state, CAST(greatest(effective_minimum_wage, federal_minimum_wage) AS DOUBLE) AS wage FROM state_min_wage";
      for (const { year, state, wage } of await rows(sql)) yearly.set(`${year}|${state}`, Number(wage));
    }
    let bySoc: Map<string, WageBand> | undefined;
    if (bands !== NO_VERSION) {
      bySoc = new Map();
      const sql =
        "SELECT soc2019_code AS soc, state, CAST(p10 AS DOUBLE) AS p10, CAST(p90 AS DOUBLE) AS p90 FROM wage_bands";
      for (const { soc, state, p10, p90 } of await rows(sql))
        bySoc.set(`${soc}|${state}`, { p10: Number(p10), p90: Number(p90), of: String(state) });
    }
    versions = `${minimum} ${bands}`;
    current = wagesOf(yearly, bySoc);
    return current;
  };

  return async () => {
    if (clock.now() - lookedAt < LOOK_MS) return current;
    looking ??= look()
      .catch((thrown: unknown) => {
        // What was read before holds, or the own table; the health tells that a dataset could not be read.
        lookedAt = clock.now();
        failures.note("wages", thrown);
        return current;
      })
      .finally(() => (looking = undefined));
    return looking;
  };
}
