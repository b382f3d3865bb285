// embedd with the models that the settings name, each in its provider's adapter. The built-in model is always there,
// last unless it is named: what it indexed stays searchable after another one became the default.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { EmbedModel } from "#adapters/embed/embed-model";
import { readModelChoice } from "#adapters/embed/model-choice";
import { prefixed } from "#adapters/embed/prefixed";
import type { VectorStore } from "#adapters/embed/vector-store";
import { mebibytesToBytes, type Settings } from "#config";
import { present } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { embedd } from "#services/embedd/service";
import type { BuildDaemon, PartContext } from "./part.ts";

export const buildEmbedd: BuildDaemon<"embedd"> = async (context) => {
  const models = await embedModels(context.settings);
  return embedd({
    models,
    cacheBytesMax: mebibytesToBytes(context.settings.embed_cache_mib),
    store: models.some(({ remote }) => remote) ? await openVectorStore(context) : undefined,
  });
};

/** The models that the settings name; throws Fault `invalid` when they cannot be had. Asks none of them. */
export async function embedModels(settings: Settings): Promise<EmbedModel[]> {
  const { hashedModel } = await import("#adapters/embed/hashed");
  const { ollamaModel } = await import("#adapters/embed/ollama");
  const { openaiModel } = await import("#adapters/embed/openai");
  const { modelsFolder, staticModel } = await import("#adapters/embed/static/model-folder");
  const builtIn = hashedModel();
  const models: EmbedModel[] = [];
  for (const text of new Set([...settings.embed_models, builtIn.name])) {
    const { provider, name, prefixes } = present(readModelChoice(text), "the settings name models");
    const make = {
      hashed: () => builtIn,
      ollama: () => ollamaModel({ url: settings.ollama_url, name }),
      openai: async () =>
        openaiModel({ baseUrl: settings.openai_base_url, key: await openaiKey(settings), name }),
      static: () => staticModel(modelsFolder(settings.data), name),
    }[provider];
    models.push(prefixed(await make(), prefixes));
  }
  const twice = models.find(({ name }, place) => models.findIndex((model) => model.name === name) !== place);
  if (twice === undefined) return models;
  throw new Fault("invalid", `embed_models names ${twice.name} twice: callers could not tell them apart.`);
}

async function openaiKey({ openai_key, openai_key_file }: Settings): Promise<string> {
  if (openai_key_file === "") return openai_key;
  const file = Bun.file(openai_key_file);
  if (await file.exists()) return (await file.text()).trim();
  throw new Fault("invalid", `openai_key_file: there is no file ${openai_key_file}.`);
}

async function openVectorStore({ settings, log }: PartContext): Promise<VectorStore> {
  const { vectorStore } = await import("#adapters/embed/vector-store");
  const folder = join(settings.data, "cache");
  await mkdir(folder, { recursive: true });
  return vectorStore({
    file: join(folder, "embeddings.sqlite"),
    bytesMax: mebibytesToBytes(settings.embed_store_mib),
    log,
  });
}
