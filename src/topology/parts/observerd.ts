import { observerd } from "#services/observerd/service";
import type { BuildDaemon } from "./part.ts";

export const buildObserverd: BuildDaemon<"observerd"> = () => observerd();
