// chatd for tests: over the fake providers and a real lake, called in process or over a socket.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChatProvider } from "#adapters/chat/chat-model";
import type { ProviderSetup } from "#adapters/chat/http-provider";
import { kimiProvider } from "#adapters/chat/kimi";
import { ollamaCloudProvider, ollamaProvider } from "#adapters/chat/ollama";
import { openaiCompatibleProvider } from "#adapters/chat/openai-compatible";
import { opencodeProvider } from "#adapters/chat/opencode";
import { openrouterProvider } from "#adapters/chat/openrouter";
import { scriptedProvider } from "#adapters/chat/scripted";
import type { SourceLog } from "#adapters/source-log";
import { chat } from "#contracts/chat";
import type { Clock } from "#lib/clock";
import { createLog } from "#lib/log";
import type { Service } from "#rpc/contract";
import { listen } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { FAKE_PATHS, type FakeProviders } from "../../../test/providers/start.ts";
import type { Lake } from "../../../test/lake/lake.ts";
import { readPrices } from "./budgets/prices.ts";
import { chatd } from "./service.ts";

/** In no message, no log and no row. */
export const CANARY_KEY = "sk-canary-51f0c2e49ab7d386";

export const TOPOLOGIES = ["local", "remote"] as const;

export interface TestChatd {
  readonly service: Service<typeof chat>;
  readonly stats: () => Readonly<Record<string, unknown>>;
  readonly logged: readonly string[];
  readonly stateFile: string;
  /** A clean end. */
  close(): Promise<void>;
}

export interface TestOptions {
  readonly slotsMax?: number;
  readonly script?: string;
  readonly clock?: Clock;
  readonly stateFile?: string;
  readonly prices?: string;
  readonly captured?: SourceLog;
}

export async function startChatd(
  topology: (typeof TOPOLOGIES)[number],
  fakes: FakeProviders,
  lake: Lake,
  { slotsMax = 8, script, clock, stateFile, prices, captured }: TestOptions = {},
): Promise<TestChatd> {
  const folder = mkdtempSync(join(tmpdir(), "chatd-"));
  const file = stateFile ?? join(folder, "chat.sqlite");
  const setup = (name: keyof typeof FAKE_PATHS): ProviderSetup => ({
    baseUrl: fakes.url + FAKE_PATHS[name],
    key: () => CANARY_KEY,
    slotsMax,
    timeouts: { connectMsMax: 5000, firstTokenMsMax: 60_000, betweenTokensMsMax: 60_000 },
  });
  const providers: ChatProvider[] = [
    kimiProvider(setup("kimi")),
    opencodeProvider(setup("opencode")),
    openrouterProvider(setup("openrouter")),
    ollamaCloudProvider(setup("ollama_cloud")),
    ollamaProvider(setup("ollama")),
    openaiCompatibleProvider("compat", setup("compat")),
    scriptedProvider(script),
  ];
  const logged: string[] = [];
  const daemon = await chatd({
    providers,
    stateFile: file,
    prices: readPrices(prices),
    catalog: lake.catalog,
    log: createLog({ level: "debug", readable: false, write: (line) => void logged.push(line) }),
    // Pauses between tries are as short as they can be.
    random: () => 0,
    captured,
    ...(clock === undefined ? {} : { clock }),
  });
  const implementation = implement(chat, "chatd", daemon.handlers, { checkOutputs: true });
  const socket = join(folder, "chatd.sock");
  const listener =
    topology === "local"
      ? undefined
      : listen({ origin: "chatd", at: { unix: socket }, routes: routes(implementation) });
  return {
    service:
      listener === undefined ? local(implementation) : remote(chat, { unix: socket }, { origin: "chatd" }),
    stats: () => daemon.stats?.() ?? {},
    logged,
    stateFile: file,
    close: async () => {
      await listener?.stop(1000);
      await daemon.close();
      if (stateFile === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
