// What the house offers over MCP: its tools, its datasets, workers and traces as resources, and two prompts.

import type { ReadResourceResult } from "@modelcontextprotocol/server";
import type { BehindGateway } from "#contracts/house";
import type { Call } from "#rpc/call";
import { completions } from "./completions.ts";
import { promptsOf } from "./prompts.ts";
import type { ServedTemplate, Surface } from "./surface.ts";
import { TOOLS } from "./tools/tools.ts";
import { workerOf } from "./worker.ts";

const DATASETS_LISTED_MAX = 1000;

export function houseSurface(house: BehindGateway): Surface {
  return {
    capabilities: { tools: {}, resources: {}, prompts: {} },
    tools: TOOLS.map((made) => made(house)),
    resources: [],
    templates: templatesOf(house),
    prompts: promptsOf(house),
  };
}

function templatesOf(house: BehindGateway): readonly ServedTemplate[] {
  const { catalogd, pathwayd } = house;
  const template = (
    name: string,
    variable: string,
    description: string,
    read: (value: string, call: Call) => Promise<unknown>,
  ): ServedTemplate => ({
    listed: {
      name,
      title: name[0]?.toUpperCase() + name.slice(1),
      uriTemplate: `lakehouse://${name}/{${variable}}`,
      description,
      mimeType: JSON_TYPE,
    },
    read: async (uri, variables, { call }) => asJson(uri, await read(variables[variable] ?? "", call)),
  });
  return [
    {
      ...template("dataset", "name", "A dataset's columns and snapshots", (dataset, call) =>
        catalogd.dataset({ dataset }, call),
      ),
      list: async ({ call }) => {
        const { datasets } = await catalogd.datasets({ limit: DATASETS_LISTED_MAX }, call);
        return datasets.map(({ name, rows }) => ({
          name,
          uri: `lakehouse://dataset/${encodeURIComponent(name)}`,
          description: `${rows} rows`,
          mimeType: JSON_TYPE,
        }));
      },
      complete: { name: completions(house).datasets },
    },
    template("worker", "id", "A person's row in the roster", (id, call) =>
      workerOf(house, id, undefined, call),
    ),
    template("trace", "id", "How something was done, by id", (id, call) =>
      pathwayd.trace({ trace_id: id }, call),
    ),
    {
      ...template("corpus", "name", "What is searched: its dataset, its fields, its build", (corpus, call) =>
        house.matrixd.corpus({ corpus }, call),
      ),
      complete: { name: completions(house).corpora },
    },
  ];
}

const JSON_TYPE = "application/json";

function asJson(uri: string, value: unknown): ReadResourceResult {
  return { contents: [{ uri, mimeType: JSON_TYPE, text: JSON.stringify(value) }] };
}
