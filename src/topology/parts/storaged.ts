// storaged over a bucket when one is named in the settings, else over the data folder.

import { join } from "node:path";
import type { Objects } from "#adapters/objects/objects";
import type { Settings } from "#config";
import { storaged } from "#services/storaged/service";
import { type BuildDaemon, spoolFolder } from "./part.ts";

export const buildStoraged: BuildDaemon<"storaged"> = async ({ settings, log }) =>
  storaged({ objects: await objectStore(settings), adoptFrom: spoolFolder(settings), log });

/** The store that the settings name; nothing is asked of a bucket yet. */
export async function objectStore(settings: Settings): Promise<Objects> {
  if (settings.s3_bucket === "") {
    const { diskObjects } = await import("#adapters/objects/disk/disk");
    return diskObjects(join(settings.data, "objects"));
  }
  const { s3Objects } = await import("#adapters/objects/s3/s3");
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
