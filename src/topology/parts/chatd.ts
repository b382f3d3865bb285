// chatd with the providers that the settings name, each in its adapter. Keys are references: the name of an environment
// variable, or a file, which is read again when it changes; what they hold is in no setting, and so in no list of them.

import { readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChatProvider } from "#adapters/chat/chat-model";
import type { ProviderSetup } from "#adapters/chat/http-provider";
import {
  BETWEEN_TOKENS_MS_MAX,
  CONNECT_MS_MAX,
  type KnownName,
  KNOWN_PROVIDERS,
  OTHER_PROVIDER,
} from "#adapters/chat/known-providers";
import { scriptedProvider } from "#adapters/chat/scripted";
import { sourceLog } from "#adapters/source-log";
import { environmentValue, type Settings } from "#config";
import { Fault } from "#rpc/fault";
import { readPrices } from "#services/chatd/budgets/prices";
import { chatd } from "#services/chatd/service";
import { type BuildDaemon, sourceLogPath } from "./part.ts";

export const buildChatd: BuildDaemon<"chatd", "catalogd"> = async ({ settings, neighbours, log }) =>
  chatd({
    providers: await chatProviders(settings),
    defaultModel: settings.chat_model === "" ? undefined : settings.chat_model,
    stateFile: join(settings.data, "chat.sqlite"),
    prices: readPrices(await ownPrices(settings)),
    catalog: neighbours.catalogd,
    captured: sourceLog({ path: sourceLogPath(settings, "chat"), mode: settings.capture, log }),
    log,
  });

/** The providers that the settings name; throws Fault `invalid` when they cannot be had. Asks none of them. */
export async function chatProviders(settings: Settings): Promise<ChatProvider[]> {
  const { kimiProvider } = await import("#adapters/chat/kimi");
  const { opencodeProvider } = await import("#adapters/chat/opencode");
  const { openrouterProvider } = await import("#adapters/chat/openrouter");
  const { ollamaProvider, ollamaCloudProvider } = await import("#adapters/chat/ollama");
  const { openaiCompatibleProvider } = await import("#adapters/chat/openai-compatible");
  const build: Readonly<Record<KnownName, (setup: ProviderSetup) => ChatProvider>> = {
    kimi: kimiProvider,
    opencode: opencodeProvider,
    openrouter: openrouterProvider,
    ollama_cloud: ollamaCloudProvider,
    ollama: ollamaProvider,
  };
  const settled = readPairs(settings);
  const known = (Object.keys(build) as KnownName[]).map((name) =>
    build[name](setupOf(name, settings, settled)),
  );
  const others = [...settled.urls.keys()].filter((name) => !(name in build) && name !== SCRIPTED);
  return [
    ...known,
    ...others.map((name) => openaiCompatibleProvider(name, setupOf(name, settings, settled))),
    scriptedProvider(settings.chat_script),
  ];
}

const SCRIPTED = "scripted";

interface Pairs {
  readonly urls: ReadonlyMap<string, string>;
  readonly keys: ReadonlyMap<string, string>;
  readonly slots: ReadonlyMap<string, string>;
  readonly timeouts: ReadonlyMap<string, string>;
}

function readPairs({ chat_urls, chat_keys, chat_slots, chat_timeouts }: Settings): Pairs {
  const urls = mapOf(chat_urls);
  const names = new Set<string>([...Object.keys(KNOWN_PROVIDERS), ...urls.keys()]);
  const keys = mapOf(chat_keys);
  const slots = mapOf(chat_slots);
  for (const [option, given] of [
    ["LAKEHOUSE_CHAT_KEYS", keys],
    ["LAKEHOUSE_CHAT_SLOTS", slots],
  ] as const) {
    const unknown = [...given.keys()].find((name) => !names.has(name));
    if (unknown !== undefined) {
      throw new Fault(
        "invalid",
        `${option} names ${unknown}, which is no provider. Known: ${[...names].join(", ")}. A server of your own needs its address in LAKEHOUSE_CHAT_URLS.`,
      );
    }
  }
  return { urls, keys, slots, timeouts: mapOf(chat_timeouts) };
}

function mapOf(pairs: readonly string[]): Map<string, string> {
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function setupOf(name: string, settings: Settings, { urls, keys, slots, timeouts }: Pairs): ProviderSetup {
  const known = Object.hasOwn(KNOWN_PROVIDERS, name) ? KNOWN_PROVIDERS[name as KnownName] : undefined;
  const standard = name === "ollama" ? settings.ollama_url : (known?.baseUrl ?? "");
  const seconds = (which: string, msMax: number): number => {
    const given = timeouts.get(which);
    return given === undefined ? msMax : Number(given) * 1000;
  };
  const { slotsMax, firstTokenMsMax } = known ?? OTHER_PROVIDER;
  return {
    baseUrl: (urls.get(name) ?? standard).replace(/\/+$/, ""),
    key: keyOf(keys.get(name), known?.keyNames ?? []),
    slotsMax: Number(slots.get(name) ?? slotsMax),
    timeouts: {
      connectMsMax: seconds("connect", CONNECT_MS_MAX),
      firstTokenMsMax: seconds("first", firstTokenMsMax),
      betweenTokensMsMax: seconds("between", BETWEEN_TOKENS_MS_MAX),
    },
  };
}

/** `env:NAME`, `file:PATH`, or the first of the usual variables that is set. */
function keyOf(reference: string | undefined, usual: readonly string[]): () => string {
  if (reference === undefined) {
    const key = usual.map(environmentValue).find((value) => value !== "") ?? "";
    return () => key;
  }
  const at = reference.indexOf(":");
  const [kind, where] = [reference.slice(0, at), reference.slice(at + 1)];
  if (kind === "file") return fileKey(where);
  const key = environmentValue(where);
  if (key !== "") return () => key;
  throw new Fault("invalid", `LAKEHOUSE_CHAT_KEYS names the variable ${where}, which is not set.`);
}

/** How often a file is looked at: a new key counts this soon. */
const LOOK_MS = 5000;
/** A file that is being replaced is there again in a moment. One that stays away took its key back. */
const GONE_MS_MAX = 60_000;

/** The key in a file, as it is now. `elapsed` gives milliseconds. Throws `invalid` where there is none. */
export function fileKey(path: string, elapsed: () => number = () => performance.now()): () => string {
  let looked = -Infinity;
  let changed = 0;
  let key = "";
  let seen = -Infinity;
  return () => {
    const now = elapsed();
    if (key !== "" && now - looked < LOOK_MS) return key;
    looked = now;
    try {
      const { mtimeMs } = statSync(path);
      seen = now;
      if (mtimeMs === changed) return key;
      key = readFileSync(path, "utf8").trim();
      changed = mtimeMs;
      return key;
    } catch (error) {
      if (key !== "" && now - seen < GONE_MS_MAX) return key;
      key = "";
      changed = 0;
      throw unreadable("LAKEHOUSE_CHAT_KEYS", path, error);
    }
  };
}

async function ownPrices({ chat_prices: path }: Settings): Promise<string | undefined> {
  if (path === "") return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable("LAKEHOUSE_CHAT_PRICES", path, error);
  }
}

function unreadable(setting: string, path: string, error: unknown): Fault {
  const { code } = error as NodeJS.ErrnoException;
  const what = code === "ENOENT" ? "there is no file" : `(${code}) cannot be read:`;
  return new Fault("invalid", `${setting}: ${what} ${path}.`);
}
