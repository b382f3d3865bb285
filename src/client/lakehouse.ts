// The typed client of a house, for programs in Bun, Node and browsers: every operation of every service, from the contracts
// that the house itself is made of. Input and output have their types; streams are async iterables; a failed call throws a
// Fault with a code of the closed set.

import { wire, type Wire } from "#contracts/house";
import type { Contract } from "#rpc/contract";
import { remote } from "#rpc/remote";

export { Fault, type FaultCode } from "#rpc/fault";
export type { House } from "#contracts/house";

export interface LakehouseOptions {
  /** An API key: `lakehouse config add-key NAME --scope write` makes one. */
  readonly key?: string;
  /** Headers for every request, such as those of a proxy. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a program sees: each service under its contract's noun, `lakehouse(url).query.sql({...})`. */
export type Lakehouse = { readonly [N in keyof Wire as Noun<N>]: Wire[N] };

/** `queryd` is `query`. */
type Noun<N extends string> = N extends `${infer Stem}d` ? Stem : N;

/** The client of the house at an address such as `http://127.0.0.1:3110`. Nothing is sent before the first call. */
export function lakehouse(url: string, { key, headers = {} }: LakehouseOptions = {}): Lakehouse {
  const sent = key === undefined ? headers : { ...headers, authorization: `Bearer ${key}` };
  const address = { url: url.replace(/\/+$/, "") };
  return Object.fromEntries(
    Object.entries(wire).map(([name, contract]) => [
      name.replace(/d$/, ""),
      remote(contract as Contract, address, { origin: `The house at ${url}`, headers: sent }),
    ]),
  ) as unknown as Lakehouse;
}
