// observerd with what it exports to: an OpenTelemetry collector, Langfuse, both or neither.

import { join } from "node:path";
import { mebibytesToBytes, type Settings } from "#config";
import type { ExportTarget } from "#services/observerd/export/exporter";
import { observerd } from "#services/observerd/service";
import { VERSION } from "../version.ts";
import type { BuildDaemon } from "./part.ts";

export const buildObserverd: BuildDaemon<"observerd"> = ({ settings, log }) =>
  observerd({
    folder: join(settings.data, "observer"),
    diskBytesMax: mebibytesToBytes(settings.observe_disk_mib),
    keepContent: settings.observe_content,
    targets: [...collector(settings), ...langfuse(settings)],
    exports: { spelling: settings.genai_names, version: VERSION },
    log,
  });

function collector({ otlp_endpoint, otlp_headers }: Settings): ExportTarget[] {
  if (otlp_endpoint === "") return [];
  const base = otlp_endpoint.replace(/\/+$/, "");
  const pairs = otlp_headers
    .split(",")
    .filter((pair) => pair.trim() !== "")
    .map((pair): [string, string] => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    });
  return [
    {
      name: "otlp",
      tracesUrl: `${base}/v1/traces`,
      metricsUrl: `${base}/v1/metrics`,
      headers: Object.fromEntries(pairs),
    },
  ];
}

/** Langfuse takes traces alone, over the same protocol. */
function langfuse({ langfuse_url, langfuse_public_key, langfuse_secret_key }: Settings): ExportTarget[] {
  if (langfuse_public_key === "" || langfuse_secret_key === "") return [];
  const keys = Buffer.from(`${langfuse_public_key}:${langfuse_secret_key}`).toString("base64");
  return [
    {
      name: "langfuse",
      tracesUrl: `${langfuse_url.replace(/\/+$/, "")}/api/public/otel/v1/traces`,
      headers: { authorization: `Basic ${keys}` },
    },
  ];
}
