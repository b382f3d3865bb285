// Who needs whom, and how each service is built. Modules are imported only when a service is started, so that
// a daemon on its own loads its own code and nothing else.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { EmbedModel } from "#adapters/embed/embed-model";
import type { VectorStore } from "#adapters/embed/vector-store";
import type { Objects } from "#adapters/objects/objects";
import { mebibytesToBytes, type Settings } from "#config";
import { house, type House, type ServiceName } from "#contracts/house";
import { present } from "#lib/assert";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { type Implementation, implement } from "#rpc/local";

export interface Start {
  readonly settings: Settings;
  /** The services named in `needs`; nothing tells whether they are near or far. */
  readonly neighbours: Partial<House>;
  readonly log: Log;
}

export interface Started {
  readonly implementation: Implementation;
  close(): Promise<void>;
}

interface Part {
  readonly needs: readonly ServiceName[];
  start(start: Start): Promise<Started>;
}

export const PLAN: Readonly<Record<ServiceName, Part>> = {
  storaged: {
    needs: [],
    start: async (start) => {
      const { storaged } = await import("#services/storaged/service");
      const objects = await objectsOf(start.settings);
      return built("storaged", start, await storaged({ objects, adoptFrom: spoolOf(start.settings) }));
    },
  },
  catalogd: {
    needs: ["storaged"],
    start: async (start) => {
      const { sqliteState } = await import("#adapters/state");
      const { catalogd } = await import("#services/catalogd/service");
      const { handlers, close } = await catalogd({
        storage: need(start, "storaged"),
        state: sqliteState(join(start.settings.data, "catalog.sqlite")),
      });
      return built("catalogd", start, handlers, close);
    },
  },
  ingestd: {
    needs: ["storaged", "catalogd"],
    start: async (start) => {
      const { ingestd } = await import("#services/ingestd/service");
      const { handlers, close } = await ingestd({
        storage: need(start, "storaged"),
        catalog: need(start, "catalogd"),
        log: start.log,
        settings: {
          spoolDir: spoolOf(start.settings),
          memoryBytesMax: mebibytesToBytes(start.settings.ingest_memory_mib),
        },
      });
      return built("ingestd", start, handlers, close);
    },
  },
  queryd: {
    needs: ["storaged", "catalogd"],
    start: async (start) => {
      const { queryd } = await import("#services/queryd/service");
      const { handlers, close } = queryd({
        storage: need(start, "storaged"),
        catalog: need(start, "catalogd"),
        settings: {
          cacheDir: join(start.settings.data, "cache", "objects"),
          memoryBytesMax: mebibytesToBytes(start.settings.sql_memory_mib),
          workersMax: start.settings.sql_workers,
        },
      });
      return built("queryd", start, handlers, close);
    },
  },
  embedd: {
    needs: [],
    start: async (start) => {
      const { embedd } = await import("#services/embedd/service");
      const models = await embedModels(start.settings);
      const { handlers, close } = embedd({
        models,
        cacheBytesMax: mebibytesToBytes(start.settings.embed_cache_mib),
        store: models.some(({ remote }) => remote) ? await storeOfVectors(start) : undefined,
      });
      return built("embedd", start, handlers, close);
    },
  },
  vectord: {
    needs: ["embedd", "storaged"],
    start: async (start) => {
      const { vectord } = await import("#services/vectord/service");
      const { handlers, close } = await vectord({
        embed: need(start, "embedd"),
        storage: need(start, "storaged"),
        folder: join(start.settings.data, "vectors"),
      });
      return built("vectord", start, handlers, close);
    },
  },
  matrixd: {
    needs: ["catalogd", "queryd", "embedd", "vectord"],
    start: async (start) => {
      const { matrixd } = await import("#services/matrixd/service");
      const { handlers, close } = await matrixd({
        catalog: need(start, "catalogd"),
        query: need(start, "queryd"),
        embed: need(start, "embedd"),
        vector: need(start, "vectord"),
        folder: join(start.settings.data, "corpora"),
        log: start.log,
      });
      return built("matrixd", start, handlers, close);
    },
  },
};

/** Those that are named, and the built-in one after them if it is not: what it indexed stays searchable. */
async function embedModels(settings: Settings): Promise<EmbedModel[]> {
  const { hashedModel } = await import("#adapters/embed/hashed");
  const { ollamaModel } = await import("#adapters/embed/ollama");
  const { openaiModel } = await import("#adapters/embed/openai");
  const builtIn = hashedModel();
  const models: EmbedModel[] = [];
  for (const choice of new Set([...settings.embed_models, builtIn.name])) {
    const slash = choice.indexOf("/");
    const name = choice.slice(slash + 1);
    if (slash === -1) models.push(builtIn);
    else if (choice.startsWith("ollama/")) models.push(ollamaModel({ url: settings.ollama_url, name }));
    else
      models.push(openaiModel({ baseUrl: settings.openai_base_url, key: await openaiKey(settings), name }));
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

async function storeOfVectors({ settings, log }: Start): Promise<VectorStore> {
  const { vectorStore } = await import("#adapters/embed/vector-store");
  const folder = join(settings.data, "cache");
  await mkdir(folder, { recursive: true });
  return vectorStore({
    file: join(folder, "embeddings.sqlite"),
    bytesMax: mebibytesToBytes(settings.embed_store_mib),
    log,
  });
}

/** Where ingestd works on files, and storaged takes finished ones over. */
function spoolOf({ data }: Settings): string {
  return join(data, "spool");
}

/** In a bucket when one is named, else in the data folder. */
async function objectsOf(settings: Settings): Promise<Objects> {
  if (settings.s3_bucket === "") {
    const { diskObjects } = await import("#adapters/objects/disk");
    return diskObjects(join(settings.data, "objects"));
  }
  const { s3Objects } = await import("#adapters/objects/s3");
  return s3Objects({
    endpoint: settings.s3_endpoint,
    region: settings.s3_region,
    bucket: settings.s3_bucket,
    prefix: settings.s3_prefix,
    accessKeyId: settings.s3_access_key,
    secretAccessKey: settings.s3_secret_key,
    pathStyle: settings.s3_path_style,
  });
}

/** Services in an order in which each one's needs come before it. */
export const START_ORDER: readonly ServiceName[] = inOrder();

function inOrder(): ServiceName[] {
  const order: ServiceName[] = [];
  const visit = (name: ServiceName): void => {
    if (order.includes(name)) return;
    for (const needed of PLAN[name].needs) visit(needed);
    order.push(name);
  };
  for (const name of Object.keys(PLAN) as ServiceName[]) visit(name);
  return order;
}

function need<N extends ServiceName>({ neighbours }: Start, name: N): House[N] {
  return present(neighbours[name], `the neighbour ${name}`) as House[N];
}

function built(
  name: ServiceName,
  { log, settings }: Start,
  handlers: unknown,
  close?: () => Promise<void>,
): Started {
  const implementation = implement(house[name], name, handlers as never, {
    checkOutputs: settings.check_outputs,
    onBug: (bug, { operation, requestId }) =>
      log.error("bug", { operation, request_id: requestId, error: bug }),
  });
  return {
    implementation: implementation,
    close: close ?? (() => Promise.resolve()),
  };
}
