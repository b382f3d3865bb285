// vectord over the data folder; tables of its lance engine go where the objects are, when that is a bucket.

import { join } from "node:path";
import type { Settings } from "#config";
import type { LanceBucket } from "#services/vectord/lance/open";
import { vectord } from "#services/vectord/service";
import { TABLES_PREFIX } from "#services/vectord/snapshots/archive";
import type { BuildDaemon } from "./part.ts";

export const buildVectord: BuildDaemon<"vectord", "embedd" | "storaged"> = ({ settings, neighbours, log }) =>
  vectord({
    embed: neighbours.embedd,
    storage: neighbours.storaged,
    folder: join(settings.data, "vectors"),
    bucket: bucketOf(settings),
    log,
  });

/** Tables lie among the objects, so that storaged lists and removes them. */
function bucketOf(settings: Settings): LanceBucket | undefined {
  if (settings.s3_bucket === "") return undefined;
  const prefix = settings.s3_prefix === "" ? "" : `${settings.s3_prefix.replace(/\/+$/, "")}/`;
  return {
    uri: `s3://${settings.s3_bucket}/${prefix}${TABLES_PREFIX.slice(0, -1)}`,
    storage: {
      aws_access_key_id: settings.s3_access_key,
      aws_secret_access_key: settings.s3_secret_key,
      aws_region: settings.s3_region,
      aws_endpoint: settings.s3_endpoint,
      allow_http: String(settings.s3_endpoint.startsWith("http:")),
      aws_virtual_hosted_style_request: String(!settings.s3_path_style),
    },
  };
}
