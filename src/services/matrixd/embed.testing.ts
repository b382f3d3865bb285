// An embedding service for tests of this folder: the built-in model without a cache, which counts what it is asked.

import { hashedModel } from "#adapters/embed/hashed";
import { embed } from "#contracts/embed";
import { base64OfVector } from "#lib/vector-text";
import type { Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";

export interface TestEmbed {
  readonly service: Service<typeof embed>;
  /** Every text it was asked for, in order. */
  readonly asked: string[];
}

export function testEmbed(): TestEmbed {
  const model = hashedModel();
  const { name, provider, dimension } = model;
  const asked: string[] = [];
  const nothing = {
    hits: 0,
    misses: 0,
    coalesced: 0,
    evicted: 0,
    entries: 0,
    bytes: 0,
    bytes_max: 0,
    persisted: 0,
  };
  const service = local(
    implement(embed, "embedd", {
      embed: async ({ texts }) => {
        asked.push(...texts);
        return { model: name, dimension, vectors: (await model.embed(texts)).map(base64OfVector) };
      },
      models: () => ({ models: [{ name, provider, dimension, default: true }] }),
      stats: () => nothing,
    }),
  );
  return { service, asked };
}
