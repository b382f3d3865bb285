import { truthd } from "#services/truthd/service";
import type { BuildDaemon } from "./part.ts";

export const buildTruthd: BuildDaemon<"truthd", "catalogd" | "ingestd" | "queryd"> = () => truthd();
