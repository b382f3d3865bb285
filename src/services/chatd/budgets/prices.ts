// What models cost, from one table that says on which day it was compiled (`prices.tsv`), and from a file of an operator's
// own, which goes before it. A name that ends in `*` stands for all that begin like it; the longest one that fits holds.

import { readTable } from "#lib/tsv";
import type { ModelUsage } from "#adapters/chat/chat-model";
import { Fault } from "#rpc/fault";
import priceTable from "./prices.tsv" with { type: "text" };

/** US dollars for a million tokens. */
export interface Price {
  readonly input: number;
  /** Of input that the provider had in its cache. */
  readonly cached: number;
  readonly output: number;
}

export interface Prices {
  /** The day the table was compiled on. */
  readonly asOf: string;
  /** Undefined where it is not known. */
  priceOf(provider: string, model: string): Price | undefined;
}

const COLUMNS = ["provider", "model", "input_usd", "cached_usd", "output_usd"] as const;
const AS_OF = /^# as of (\d{4}-\d\d-\d\d)/m;
const TOKENS = 1_000_000;

interface Row extends Price {
  readonly provider: string;
  readonly model: string;
}

/** `own` is a table of the same form. Throws Fault `invalid` when it is none. */
export function readPrices(own?: string): Prices {
  const rows = [...(own === undefined ? [] : ownRows(own)), ...rowsOf(priceTable)];
  const known = new Map<string, Price | undefined>();
  return {
    asOf: AS_OF.exec(own ?? priceTable)?.[1] ?? AS_OF.exec(priceTable)?.[1] ?? "",
    priceOf: (provider, model) => {
      const key = `${provider}/${model}`;
      if (!known.has(key)) {
        if (known.size >= KNOWN_MAX) known.clear();
        known.set(key, find(rows, provider, model));
      }
      return known.get(key);
    },
  };
}

/** Names that were looked up: callers choose them. */
const KNOWN_MAX = 1000;

function find(rows: readonly Row[], provider: string, model: string): Price | undefined {
  let best: Row | undefined;
  for (const row of rows) {
    if (row.provider !== provider) continue;
    if (row.model === model) return row;
    const prefix = row.model.endsWith("*") ? row.model.slice(0, -1) : undefined;
    if (prefix === undefined || !model.startsWith(prefix)) continue;
    if (best === undefined || row.model.length > best.model.length) best = row;
  }
  return best;
}

function ownRows(text: string): Row[] {
  try {
    return rowsOf(text);
  } catch (cause) {
    throw new Fault(
      "invalid",
      `LAKEHOUSE_CHAT_PRICES: the file must be tab-separated, with the columns ${COLUMNS.join(", ")} and prices in US dollars for a million tokens.`,
      { cause },
    );
  }
}

function rowsOf(text: string): Row[] {
  return readTable(text, COLUMNS).map((cells) => ({
    provider: cells.provider,
    model: cells.model,
    input: dollars(cells.input_usd),
    cached: dollars(cells.cached_usd),
    output: dollars(cells.output_usd),
  }));
}

function dollars(cell: string): number {
  const number = Number(cell);
  if (cell.trim() === "" || !Number.isFinite(number) || number < 0)
    throw new TypeError(`${cell} is no price`);
  return number;
}

/** US dollars. */
export function costOf(
  price: Price,
  { input_tokens: input, output_tokens: output, cached_tokens: cached = 0 }: ModelUsage,
): number {
  const usd =
    (input - Math.min(cached, input)) * price.input +
    Math.min(cached, input) * price.cached +
    output * price.output;
  // A tenth of a millionth is less than anyone charges.
  return Math.round((usd / TOKENS) * 1e9) / 1e9;
}
