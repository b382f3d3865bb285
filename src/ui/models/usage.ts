// What models were used for and what it cost, as the dataset `chat_usage` has it: the statement, and its rows over time.

export const SPANS = {
  day: { title: "24 hours", unit: "hour", back: "1 DAY", count: 24 },
  month: { title: "30 days", unit: "day", back: "30 DAY", count: 30 },
  year: { title: "12 months", unit: "month", back: "12 MONTH", count: 12 },
} as const;
export type Span = keyof typeof SPANS;

export function spanOf(text: string | null): Span {
  return text === "day" || text === "year" ? text : "month";
}

/** A row for each step of time, model and key. */
export function usageSql(span: Span): string {
  const { unit, back } = SPANS[span];
  return `SELECT date_trunc('${unit}', "at") AS since, provider || '/' || model AS model, api_key AS key,
  count(*) AS calls, count(*) FILTER (WHERE outcome <> 'ok') AS failed,
  coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens, coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
  coalesce(sum(cost_usd), 0) AS cost_usd, count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced,
  quantile_cont(took_ms, 0.99) AS p99_ms
FROM chat_usage
WHERE "at" > now() - INTERVAL ${back}
GROUP BY ALL
ORDER BY since`;
}

export interface UsageRow {
  readonly since: string;
  readonly model: string;
  readonly key: string;
  readonly calls: number;
  readonly failed: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cost_usd: number;
  readonly unpriced: number;
  readonly p99_ms: number | null;
}

const COUNTS = ["calls", "failed", "input_tokens", "output_tokens", "cost_usd", "unpriced"] as const;

/** Integers beyond 2^53 come as text. */
export function usageRows(rows: readonly Readonly<Record<string, unknown>>[]): readonly UsageRow[] {
  return rows.map((row) => {
    const counts = Object.fromEntries(COUNTS.map((name) => [name, Number(row[name] ?? 0)])) as Record<
      (typeof COUNTS)[number],
      number
    >;
    return {
      ...counts,
      since: String(row["since"] ?? ""),
      model: String(row["model"] ?? "not named"),
      key: String(row["key"] ?? ""),
      p99_ms: typeof row["p99_ms"] === "number" ? row["p99_ms"] : null,
    };
  });
}

export const MEASURES = {
  cost: { title: "Cost ($)", of: (row: UsageRow): number => row.cost_usd },
  tokens: { title: "Tokens", of: (row: UsageRow): number => row.input_tokens + row.output_tokens },
  calls: { title: "Calls", of: (row: UsageRow): number => row.calls },
  failed: { title: "Failed calls", of: (row: UsageRow): number => row.failed },
} as const;
export type Measure = keyof typeof MEASURES;

export interface OverTime {
  /** Seconds since 1970, a step each, also where nothing happened. */
  readonly x: readonly number[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** More than these on one chart nobody tells apart; the others are one line. */
const LINES_MAX = 5;

/** A measure by model over the steps of a span that ends now, the largest first. */
export function overTime(rows: readonly UsageRow[], measure: Measure, span: Span, nowMs: number): OverTime {
  const steps = stepsOf(span, nowMs);
  const { of } = MEASURES[measure];
  const total = (model: string): number =>
    rows.filter((row) => row.model === model).reduce((sum, row) => sum + of(row), 0);
  const models = [...new Set(rows.map(({ model }) => model))].sort((a, b) => total(b) - total(a));
  const shown = models.slice(0, models.length > LINES_MAX ? LINES_MAX - 1 : LINES_MAX);
  const rest = models.slice(shown.length);
  const valuesOf = (wanted: readonly string[]): number[] =>
    steps.map((step) =>
      rows
        .filter(({ since, model }) => Date.parse(since) === step && wanted.includes(model))
        .reduce((sum, row) => sum + of(row), 0),
    );
  return {
    x: steps.map((step) => step / 1000),
    series: [
      ...shown.map((model) => ({ name: model, values: valuesOf([model]) })),
      ...(rest.length === 0 ? [] : [{ name: `${rest.length} others`, values: valuesOf(rest) }]),
    ],
  };
}

/** Starts of hours, days or months in UTC, which is how SQL cuts them. */
function stepsOf(span: Span, nowMs: number): number[] {
  const { count, unit } = SPANS[span];
  const now = new Date(nowMs);
  return Array.from({ length: count + 1 }, (_, at) => {
    const back = count - at;
    const [year, month, day, hour] = [
      now.getUTCFullYear(),
      now.getUTCMonth(),
      now.getUTCDate(),
      now.getUTCHours(),
    ];
    if (unit === "month") return Date.UTC(year, month - back);
    return unit === "day" ? Date.UTC(year, month, day - back) : Date.UTC(year, month, day, hour - back);
  });
}
