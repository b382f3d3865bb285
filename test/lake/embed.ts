// A real embedd for tests, with the built-in model unless others are given, which tells what it was asked.

import type { EmbedModel } from "#adapters/embed/embed-model";
import { hashedModel } from "#adapters/embed/hashed";
import { embed } from "#contracts/embed";
import type { Service } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { embedd } from "#services/embedd/service";

/** No vector fits: what is asked again is embedded again. */
const CACHE_BYTES_MAX = 1;

export interface TestEmbed {
  readonly service: Service<typeof embed>;
  /** Every text it was asked for, in order. */
  readonly asked: string[];
}

export async function openEmbed(models: readonly EmbedModel[] = [hashedModel()]): Promise<TestEmbed> {
  const { handlers } = await embedd({ models, cacheBytesMax: CACHE_BYTES_MAX });
  const service = local(implement(embed, "embedd", handlers));
  const asked: string[] = [];
  return {
    service: {
      ...service,
      embed: (input, call) => {
        asked.push(...input.texts);
        return service.embed(input, call);
      },
    },
    asked,
  };
}
