// What models cost, from one table that says on which day it was compiled (`prices.tsv`), and from a file of an operator's
// own, which goes before it as a whole. A name that ends in `*` stands for all that begin like it; the longest one that fits
// holds. Rows of one name that differ in `above_tokens` are bands: a call pays by the highest one that its input exceeds.

import { readTable } from "#lib/tsv";
import type { ModelUsage } from "#adapters/chat/chat-model";
import { Fault } from "#rpc/fault";
import priceTable from "./prices.tsv" with { type: "text" };

/** US dollars for a million tokens. */
export interface Band {
  readonly input: number;
  /** Of input that the provider had in its cache. */
  readonly cached: number;
  /** Of input that the provider wrote to it. */
  readonly cacheWrite: number;
  readonly output: number;
  /** Holds for calls of more input tokens than these. */
  readonly above: number;
}

/** Rising by `above`; never empty. */
export type Price = readonly Band[];

/** The bands of one name in a table. */
export interface PricedName {
  readonly provider: string;
  readonly model: string;
  /** From the operator's own file. */
  readonly own: boolean;
  readonly price: Price;
}

export interface Prices {
  /** The day the built-in table was compiled on. */
  readonly asOf: string;
  /** Every name with a price, the operator's own first. */
  readonly names: readonly PricedName[];
  /** Undefined where it is not known. */
  find(provider: string, model: string): PricedName | undefined;
}

const COLUMNS = ["provider", "model", "input_usd", "cached_usd", "output_usd"] as const;
/** Further ones, in this order; a table may end before each. */
const BANDED = [...COLUMNS, "above_tokens"] as const;
const WRITTEN = [...BANDED, "cache_write_usd"] as const;
const AS_OF = /^# as of (\d{4}-\d\d-\d\d)/m;
const TOKENS = 1_000_000;

/** `own` is a table of the same form, in which `above_tokens` may be left out. Throws Fault `invalid` when it is none. */
export function readPrices(own?: string): Prices {
  const [theirs, builtIn] = [own === undefined ? [] : ownNames(own), namesOf(priceTable, false)];
  const known = new Map<string, PricedName | undefined>();
  return {
    asOf: AS_OF.exec(priceTable)?.[1] ?? "",
    names: [...theirs, ...builtIn],
    find: (provider, model) => {
      const key = `${provider}/${model}`;
      if (!known.has(key)) {
        if (known.size >= KNOWN_MAX) known.clear();
        known.set(key, nearest(theirs, provider, model) ?? nearest(builtIn, provider, model));
      }
      return known.get(key);
    },
  };
}

/** Names that were looked up: callers choose them. */
const KNOWN_MAX = 1000;

function nearest(names: readonly PricedName[], provider: string, model: string): PricedName | undefined {
  let best: PricedName | undefined;
  for (const name of names) {
    if (name.provider !== provider) continue;
    if (name.model === model) return name;
    const prefix = name.model.endsWith("*") ? name.model.slice(0, -1) : undefined;
    if (prefix === undefined || !model.startsWith(prefix)) continue;
    if (best === undefined || name.model.length > best.model.length) best = name;
  }
  return best;
}

function ownNames(text: string): PricedName[] {
  try {
    return namesOf(text, true);
  } catch (cause) {
    throw new Fault(
      "invalid",
      `LAKEHOUSE_CHAT_PRICES: the file must be tab-separated, with the columns ${COLUMNS.join(", ")} and, where a price depends on the length of the input, above_tokens, and after that cache_write_usd where writing to the provider's cache has a price of its own; prices are in US dollars for a million tokens.`,
      { cause },
    );
  }
}

function namesOf(text: string, own: boolean): PricedName[] {
  const names = new Map<string, PricedName & { price: Band[] }>();
  for (const { provider, model, band } of rowsOf(text)) {
    const key = `${provider}/${model}`;
    const name = names.get(key) ?? { provider, model, own, price: [] };
    names.set(key, name);
    name.price.push(band);
  }
  for (const { provider, model, price } of names.values()) {
    price.sort((a, b) => a.above - b.above);
    if (price.some(({ above }, at) => above === price[at - 1]?.above))
      throw new TypeError(`${provider}/${model} has two prices`);
  }
  return [...names.values()];
}

function rowsOf(text: string): { provider: string; model: string; band: Band }[] {
  return cellsOf(text).map(({ provider, model, ...cells }) => ({
    provider,
    model,
    band: {
      input: amount(cells.input_usd),
      cached: amount(cells.cached_usd),
      cacheWrite: amount(cells.cache_write_usd),
      output: amount(cells.output_usd),
      above: amount(cells.above_tokens),
    },
  }));
}

/** Without a price of its own, what is written to a cache costs what input costs. */
function cellsOf(text: string): Readonly<Record<(typeof WRITTEN)[number], string>>[] {
  if (text.includes(WRITTEN.join("\t"))) return readTable(text, WRITTEN);
  const rows = text.includes(BANDED.join("\t"))
    ? readTable(text, BANDED)
    : readTable(text, COLUMNS).map((cells) => ({ ...cells, above_tokens: "0" }));
  return rows.map((cells) => ({ ...cells, cache_write_usd: cells.input_usd }));
}

function amount(cell: string): number {
  const number = Number(cell);
  if (cell.trim() === "" || !Number.isFinite(number) || number < 0)
    throw new TypeError(`${cell} is no amount`);
  return number;
}

/** US dollars. */
export function costOf(
  price: Price,
  {
    input_tokens: input,
    output_tokens: output,
    cached_tokens = 0,
    cache_write_tokens = 0,
  }: Omit<ModelUsage, "cost_usd">,
): number {
  // A table may begin with a band above nothing; below it the lowest holds.
  const band = price.findLast(({ above }) => input > above) ?? price[0];
  if (band === undefined) throw new TypeError("a price without a band");
  const cached = Math.min(cached_tokens, input);
  const written = Math.min(cache_write_tokens, input - cached);
  const usd =
    (input - cached - written) * band.input +
    cached * band.cached +
    written * band.cacheWrite +
    output * band.output;
  // A tenth of a millionth is less than anyone charges.
  return Math.round((usd / TOKENS) * 1e9) / 1e9;
}
