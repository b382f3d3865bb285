// `lakehouse budget`: what API keys may spend on chat models in a day, and have spent, and what models cost.

import type { Budget, ModelPrice } from "#contracts/chat";
import { LOCAL_CALLER } from "#rpc/call";
import { CLIENT_ARGS, settingsOf, wholeNumber } from "../args.ts";
import { command, group } from "../command.ts";
import { connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { emit, type Field, formatOf } from "../terminal/output.ts";
import { say } from "../terminal/terminal.ts";

const FIELDS: readonly Field<Budget>[] = [
  { name: "key", value: ({ key }) => key },
  { name: "tokens", align: "right", value: ({ used_tokens: tokens }) => tokens },
  { name: "tokens_per_day", align: "right", value: (budget) => budget.tokens_per_day, show: tokenLimit },
  {
    name: "usd",
    align: "right",
    value: ({ used_usd: usd }) => usd,
    show: ({ used_usd: usd }) => usd.toFixed(4),
  },
  { name: "usd_per_day", align: "right", value: (budget) => budget.usd_per_day, show: usdLimit },
  { name: "resets_at", value: ({ resets_at: at }) => at },
];

function tokenLimit({ tokens_per_day: tokens }: Budget): string {
  return tokens === null ? "no limit" : String(tokens);
}

function usdLimit({ usd_per_day: usd }: Budget): string {
  return usd === null ? "no limit" : usd.toFixed(2);
}

/** All keys without a budget of their own. */
const EVERY_KEY = "*";
/** Who calls a house without keys. */
const KEYLESS = LOCAL_CALLER.id;

const KEY_ARG = {
  key: { type: "positional", description: "The API key's name; * for all without a budget of their own" },
} as const;

const list = command({
  name: "budget list",
  summary: "Show budgets, and what each key has spent today",
  args: CLIENT_ARGS,
  examples: ["lakehouse budget", "lakehouse budget list -o json"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const { budgets } = await house.chatd.budgets({});
    await emit(formatOf(args.output), {
      fields: FIELDS,
      rows: budgets,
      json: { budgets },
      empty:
        "No key has a budget, and none has called a model today. Set one with: lakehouse budget set KEY --usd 5",
    });
  },
});

const set = command({
  name: "budget set",
  summary: "Set what a key may spend in a day",
  details: "A limit that is not given is none. Days are those of UTC.",
  args: {
    ...KEY_ARG,
    tokens: { type: "string", valueHint: "N", description: "Tokens, read and written" },
    usd: { type: "string", valueHint: "AMOUNT", description: "US dollars" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse budget set reports --usd 5", "lakehouse budget set '*' --tokens 200000"],
  run: async (args) => {
    const tokens = wholeNumber("--tokens", args.tokens, 0, Number.MAX_SAFE_INTEGER) ?? null;
    const usd = dollars(args.usd);
    if (tokens === null && usd === null) {
      throw new UsageProblem(
        "Give a limit: --tokens, --usd or both. To remove one: lakehouse budget drop KEY",
      );
    }
    const { house } = await connect(settingsOf(args));
    const made = await house.chatd.setBudget({ key: args.key, tokens_per_day: tokens, usd_per_day: usd });
    await emit(formatOf(args.output), { fields: FIELDS, rows: [made], json: made });
    const { keys } = await house.gateway.keys({});
    const names = keys.length === 0 ? [KEYLESS] : keys.map(({ name }) => name);
    if (args.key !== EVERY_KEY && !names.includes(args.key))
      say(
        `No key is called ${args.key}: until one is, nobody spends by this budget. There is ${names.join(", ")}.`,
      );
  },
});

const drop = command({
  name: "budget drop",
  summary: "Remove a key's budget",
  args: { ...KEY_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse budget drop reports"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    await house.chatd.dropBudget({ key: args.key });
    say(`${args.key} has no budget of its own now.`);
  },
});

type Band = Omit<ModelPrice, "bands"> & ModelPrice["bands"][number];

const PRICE_FIELDS: readonly Field<Band>[] = [
  { name: "model", value: ({ provider, model }) => `${provider}/${model}` },
  { name: "input_usd", align: "right", value: (band) => band.input_usd },
  { name: "cached_usd", align: "right", value: (band) => band.cached_usd },
  { name: "cache_write_usd", align: "right", value: (band) => band.cache_write_usd },
  { name: "output_usd", align: "right", value: (band) => band.output_usd },
  { name: "above_tokens", align: "right", value: (band) => band.above_tokens },
  { name: "source", value: ({ source }) => source },
];

const prices = command({
  name: "budget prices",
  summary: "Show what models cost, in US dollars for a million tokens",
  details:
    "With a model, the price that a call of it pays by. A model whose price is not known can be called, its cost is not known, and keys with a budget in dollars are refused it. Prices of your own, in the file that LAKEHOUSE_CHAT_PRICES names, go before the built-in table.",
  args: {
    model: { type: "positional", required: false, description: "As in a call: kimi/kimi-k2.6" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse budget prices",
    "lakehouse budget prices kimi/kimi-k2.6",
    "lakehouse budget prices -o csv",
  ],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const known = await house.chatd.prices(args.model === undefined ? {} : { model: args.model });
    await emit(formatOf(args.output), {
      fields: PRICE_FIELDS,
      rows: known.prices.flatMap(({ bands, ...name }) => bands.map((band) => ({ ...name, ...band }))),
      json: known,
      empty: emptyPrices(args.model ?? "", known.free),
    });
  },
});

function emptyPrices(model: string, free: readonly string[]): string {
  if (free.includes(model.split("/")[0] ?? "")) return `${model} costs nothing.`;
  return `The price of ${model} is not known: its calls count in tokens only, and keys with a budget in dollars are refused it. Add it to the file of LAKEHOUSE_CHAT_PRICES.`;
}

function dollars(text: string | undefined): number | null {
  if (text === undefined) return null;
  const usd = Number(text);
  if (text.trim() !== "" && Number.isFinite(usd) && usd >= 0) return usd;
  throw new UsageProblem(`--usd is an amount of US dollars, as in 2.50, not ${text}.`);
}

export const budget = group({
  name: "budget",
  summary: "Show and set what API keys may spend on chat models",
  examples: ["lakehouse budget", "lakehouse budget set reports --usd 5"],
  commands: { list, set, drop, prices },
  fallback: "list",
});
