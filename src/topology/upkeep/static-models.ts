// Static embedding models of a data folder, compared with the hashes they were added with. What is damaged comes back from a
// backup, or from the files it was added from.

import {
  described,
  modelsFolder,
  staticModelNames,
  verifiedFiles,
} from "#adapters/embed/static/model-folder";
import type { Settings } from "#config";
import { Fault } from "#rpc/fault";

interface ModelFinding {
  readonly part: "model";
  readonly name: string;
  readonly problem: string;
  readonly remedy: "restore";
}

export async function inspectModels({ data }: Pick<Settings, "data">): Promise<readonly ModelFinding[]> {
  const folder = modelsFolder(data);
  const findings: ModelFinding[] = [];
  for (const name of await staticModelNames(folder)) {
    try {
      await verifiedFiles(folder, await described(folder, name));
    } catch (error) {
      const problem = error instanceof Fault ? error.message : `The static model ${name} cannot be read.`;
      findings.push({ part: "model", name, problem, remedy: "restore" });
    }
  }
  return findings;
}
