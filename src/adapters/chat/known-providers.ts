// The providers that have a name of their own: where each is, which environment variables hold its key by convention, how
// many calls at a time are wise, and how long it may be silent before its first word.

interface KnownProvider {
  readonly baseUrl: string;
  /** The first one that is set counts. */
  readonly keyNames: readonly string[];
  readonly slotsMax: number;
  readonly firstTokenMsMax: number;
}

/** A large prompt takes a hosted model half of that. */
const FIRST_TOKEN_MS = 60_000;
/** A large model is loaded from a slow disk meanwhile. */
const COLD_LOAD_MS = 600_000;

export const KNOWN_PROVIDERS = {
  kimi: {
    baseUrl: "https://api.moonshot.ai/v1",
    keyNames: ["MOONSHOT_API_KEY", "KIMI_API_KEY"],
    slotsMax: 16,
    firstTokenMsMax: FIRST_TOKEN_MS,
  },
  opencode: {
    baseUrl: "https://opencode.ai/zen/v1",
    keyNames: ["OPENCODE_API_KEY"],
    slotsMax: 16,
    firstTokenMsMax: FIRST_TOKEN_MS,
  },
  openrouter: {
    baseUrl: "https://openrouter.ai/api/v1",
    keyNames: ["OPENROUTER_API_KEY"],
    slotsMax: 64,
    firstTokenMsMax: FIRST_TOKEN_MS,
  },
  // Its plans allow a few calls at a time, and further ones wait there until they are refused.
  ollama_cloud: {
    baseUrl: "https://ollama.com",
    keyNames: ["OLLAMA_API_KEY"],
    slotsMax: 3,
    firstTokenMsMax: COLD_LOAD_MS,
  },
  // As many as it works on at once by itself; further ones would wait in its queue.
  ollama: { baseUrl: "", keyNames: [], slotsMax: 4, firstTokenMsMax: COLD_LOAD_MS },
} as const satisfies Readonly<Record<string, KnownProvider>>;

export type KnownName = keyof typeof KNOWN_PROVIDERS;

/** Of a server that an operator named. */
export const OTHER_PROVIDER = { slotsMax: 64, firstTokenMsMax: FIRST_TOKEN_MS } as const;

export const CONNECT_MS_MAX = 5000;
/** Models that think between two words do so aloud. */
export const BETWEEN_TOKENS_MS_MAX = 60_000;

/** `Set MOONSHOT_API_KEY.` */
export function keySetup(name: KnownName): string {
  const [first] = KNOWN_PROVIDERS[name].keyNames as readonly string[];
  return `Set ${first ?? ""}, or name another place of its key in LAKEHOUSE_CHAT_KEYS.`;
}
