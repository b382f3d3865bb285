// storaged over a bucket when one is named in the settings, else over the data folder.

import { join } from "node:path";
import type { Objects } from "#adapters/objects/objects";
import { mebibytesToBytes, type Settings } from "#config";
import { startScrub } from "#services/storaged/scrub";
import { storaged } from "#services/storaged/service";
import { type BuildDaemon, spoolFolder } from "./part.ts";

export const buildStoraged: BuildDaemon<"storaged"> = async ({ settings, log }) => {
  const objects = await objectStore(settings);
  const daemon = await storaged({ objects, adoptFrom: spoolFolder(settings) });
  // A bucket has checksums of its own, and reading all of it costs money.
  if (objects.backend !== "disk" || settings.scrub_mib_s === 0) return daemon;
  const scrub = startScrub({ objects, log, bytesPerS: mebibytesToBytes(settings.scrub_mib_s) });
  return {
    handlers: daemon.handlers,
    stats: () => ({ ...daemon.stats?.(), damaged: scrub.damaged, scrub_passes: scrub.passes }),
    close: async () => {
      await scrub.close();
      await daemon.close();
    },
  };
};

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
