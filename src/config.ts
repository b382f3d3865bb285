// Every option, once: its name, environment variable, default and help. Flags override the environment, which overrides
// defaults. All problems are reported together. The only reader of process.env.

import { resolve } from "node:path";
import { z } from "zod";
import { didYouMean } from "#lib/nearest";
import { KNOWN_PROVIDERS } from "#adapters/chat/known-providers";
import { readModelChoice } from "#adapters/embed/model-choice";

interface Option<S extends z.ZodType> {
  readonly schema: S;
  readonly env: string;
  readonly help: string;
}

function option<S extends z.ZodType>(env: string, help: string, schema: S): Option<S> {
  return { schema, env, help };
}

const MIB = 1024 * 1024;
const mebibytes = (standard: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(1024 * 1024)
    .default(standard);

const toggle = z.union([
  z.boolean(),
  z.enum(["true", "false", "1", "0"]).transform((text) => text === "true" || text === "1"),
]);
const flag = toggle.default(false);

const word = z
  .string()
  .regex(/^[!-~]*$/, "must be one word of ASCII")
  .default("");

const httpAddress = (standard: string) =>
  z
    .string()
    .refine(
      (text) => /^https?:\/\/[^\s/@?#]+(\/[^\s@?#]*)?$/.test(text),
      "must be an http or https address with no user and no query",
    )
    .default(standard);

/** Empty for none. */
const chatModelName = z
  .string()
  .regex(/^([a-z][a-z0-9_]*\/\S+)?$/, "must be PROVIDER/NAME")
  .default("");

const upstreamAddress = z
  .string()
  .refine(
    (text) => text === "" || /^https?:\/\/[^\s/@?#]+(\/[^\s@?#]*)?$/.test(text),
    "must be an address with http:// or https://, no user and no query, such as http://127.0.0.1:4110",
  )
  .default("");

/** `name=value` pairs, comma-separated; they stay as they were written. */
const pairs = (value: RegExp, form: string, names?: readonly string[]) =>
  z
    .string()
    .default("")
    .transform(commaList)
    .refine((given) => {
      const read = given.map((pair) => /^([a-z][a-z0-9_]*)=(.*)$/.exec(pair));
      const known = read.every(
        (pair) => pair !== null && (names === undefined || names.includes(pair[1] ?? "")),
      );
      const distinct = new Set(read.map((pair) => pair?.[1])).size === given.length;
      return known && distinct && read.every((pair) => value.test(pair?.[2] ?? ""));
    }, `must be ${form}, comma-separated, each name once`);
const optionalHttpAddress = z
  .string()
  .refine(
    (text) => text === "" || /^https?:\/\/[^\s/@?#]+(\/[^\s@?#]*)?$/.test(text),
    "must be an http or https address with no user and no query",
  )
  .default("");

export const OPTIONS = {
  data: option(
    "LAKEHOUSE_DATA",
    "Folder that holds everything",
    z.string().min(1).default("./lakehouse-data"),
  ),
  host: option(
    "LAKEHOUSE_HOST",
    "Address to listen on; any but loopback needs an API key",
    z.string().default("127.0.0.1"),
  ),
  port: option(
    "LAKEHOUSE_PORT",
    "Port of the gateway; 0 takes a free one",
    z.coerce.number().int().min(0).max(65_535).default(3110),
  ),
  apart: option("LAKEHOUSE_APART", "One daemon per service instead of one process", flag),
  daemon_ports: option(
    "LAKEHOUSE_DAEMON_PORTS",
    "Daemons listen on loopback ports 3211 to 3224 instead of sockets",
    flag,
  ),
  log: option(
    "LAKEHOUSE_LOG",
    "Least level that is logged",
    z.enum(["debug", "info", "warn", "error"]).default("info"),
  ),
  access_log: option(
    "LAKEHOUSE_ACCESS_LOG",
    "Calls that the gateway logs, at level info: off, refused or all; never what they carry",
    z.enum(["off", "refused", "all"]).default("off"),
  ),
  allow_hosts: option(
    "LAKEHOUSE_ALLOW_HOSTS",
    "Host names, besides its own address, that the gateway accepts in requests (comma-separated)",
    z.string().default("").transform(commaList),
  ),
  allow_origins: option(
    "LAKEHOUSE_ALLOW_ORIGINS",
    "Web origins whose pages may call the gateway (comma-separated)",
    z.string().default("").transform(commaList),
  ),
  embed_models: option(
    "LAKEHOUSE_EMBED_MODELS",
    "Embedding models, the default first: hashed-v1, ollama/NAME, openai/NAME, static/NAME (comma-separated; see lakehouse models); one that takes prefixes as ollama/NAME?query_prefix=search_query:+&document_prefix=search_document:+",
    z
      .string()
      .default("hashed-v1")
      .transform(commaList)
      .refine(
        (names) => names.length > 0 && names.every((name) => readModelChoice(name) !== undefined),
        "must name models as hashed-v1, ollama/NAME, openai/NAME or static/NAME, with prefixes as in ollama/NAME?query_prefix=query:+&document_prefix=passage:+",
      ),
  ),
  ollama_url: option("LAKEHOUSE_OLLAMA_URL", "Address of Ollama", httpAddress("http://127.0.0.1:11434")),
  openai_base_url: option(
    "LAKEHOUSE_OPENAI_BASE_URL",
    "Address of a server with an OpenAI-compatible embeddings API, including the version, as in /v1",
    httpAddress("https://api.openai.com/v1"),
  ),
  openai_key: option("LAKEHOUSE_OPENAI_KEY", "Key for that server", word),
  openai_key_file: option(
    "LAKEHOUSE_OPENAI_KEY_FILE",
    "File that holds the key for that server",
    z.string().default(""),
  ),
  embed_cache_mib: option("LAKEHOUSE_EMBED_CACHE_MIB", "Memory for cached embeddings", mebibytes(256)),
  embed_store_mib: option(
    "LAKEHOUSE_EMBED_STORE_MIB",
    "Disk for embeddings from Ollama or another server",
    mebibytes(1024),
  ),
  agency: option(
    "LAKEHOUSE_AGENCY",
    "Name of the sender in drafted messages",
    z.string().min(1).max(200).default("Your staffing agency"),
  ),
  fill_hold_minutes: option(
    "LAKEHOUSE_FILL_HOLD_MINUTES",
    "Minutes for which a proposal keeps its people from other fills",
    z.coerce
      .number()
      .min(1)
      .max(7 * 24 * 60)
      .default(30),
  ),
  chat_model: option(
    "LAKEHOUSE_CHAT_MODEL",
    "Chat model that answers where a call names none, as in kimi/kimi-k2.6",
    chatModelName,
  ),
  role_model: option(
    "LAKEHOUSE_ROLE_MODEL",
    "Chat model that names the role of an order where no title does, as in ollama/qwen3; none unless given",
    chatModelName,
  ),
  rerank_model: option(
    "LAKEHOUSE_RERANK_MODEL",
    "Chat model that orders the best hits of a search that asks for it, as in ollama/qwen3; none unless given",
    chatModelName,
  ),
  chat_keys: option(
    "LAKEHOUSE_CHAT_KEYS",
    "Where the keys of chat providers are, as in kimi=env:MY_KIMI_KEY,openrouter=file:/run/secrets/openrouter; the usual variables (MOONSHOT_API_KEY, OPENROUTER_API_KEY, ...) need no entry",
    pairs(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, "NAME=env:VARIABLE or NAME=file:PATH"),
  ),
  chat_urls: option(
    "LAKEHOUSE_CHAT_URLS",
    "Addresses of chat providers that are not the usual ones; any other name is a server with OpenAI's chat API, as in vllm=http://10.0.0.5:8000/v1",
    pairs(/^https?:\/\/[^\s/@?#]+(\/[^\s@?#]*)?$/, "NAME=ADDRESS, http or https with no user and no query"),
  ),
  chat_slots: option(
    "LAKEHOUSE_CHAT_SLOTS",
    "Calls that a chat provider takes at a time, as in ollama=2,kimi=8",
    pairs(/^([1-9]\d{0,3})$/, "NAME=NUMBER, from 1 to 9999"),
  ),
  chat_timeouts: option(
    "LAKEHOUSE_CHAT_TIMEOUTS",
    "Seconds that chat providers may take to connect, to write their first word and between two words, as in connect=5,first=60,between=60",
    pairs(/^(\d{1,4}(\.\d{1,3})?)$/, "connect=SECONDS, first=SECONDS or between=SECONDS", [
      "connect",
      "first",
      "between",
    ]),
  ),
  chat_prices: option(
    "LAKEHOUSE_CHAT_PRICES",
    "File with prices of chat models, which go before those that are built in",
    z.string().default(""),
  ),
  chat_script: option(
    "LAKEHOUSE_CHAT_SCRIPT",
    "File or folder of recorded replies that scripted/NAME models play",
    z.string().default(""),
  ),
  sql_memory_mib: option("LAKEHOUSE_SQL_MEMORY_MIB", "Memory one SQL worker may use", mebibytes(1024)),
  sql_workers: option(
    "LAKEHOUSE_SQL_WORKERS",
    "Long SQL statements that may run at once; short ones run beside them",
    z.coerce.number().int().min(1).max(64).default(2),
  ),
  ingest_memory_mib: option(
    "LAKEHOUSE_INGEST_MEMORY_MIB",
    "Memory one ingest worker may use",
    mebibytes(1024),
  ),
  journal_seal_seconds: option(
    "LAKEHOUSE_JOURNAL_SEAL_SECONDS",
    "Age at which events of the journal become rows of the dataset journal, if not by their number before",
    z.coerce.number().int().min(1).max(86_400).default(60),
  ),
  roster: option(
    "LAKEHOUSE_ROSTER",
    "Workers that validation knows: a dataset, or a file that ends in .jsonl or .parquet",
    z
      .string()
      .refine(
        (text) => /^[A-Za-z_]\w{0,62}$/.test(text) || /\.(?:jsonl|ndjson|parquet)$/.test(text),
        "must be a dataset's name, or a file that ends in .jsonl or .parquet",
      )
      .default("workers"),
  ),
  capture: option(
    "LAKEHOUSE_CAPTURE",
    "What is kept for distillation, of calls of models, of validations and by lakehouse distill capture: off, metadata (no prompts, drafts and messages) or full",
    z.enum(["off", "metadata", "full"]).default("off"),
  ),
  playbook_half_life_days: option(
    "LAKEHOUSE_PLAYBOOK_HALF_LIFE_DAYS",
    "Days after which a playbook acts half as strongly",
    z.coerce.number().positive().max(36_500).default(180),
  ),
  playbook_actor_max: option(
    "LAKEHOUSE_PLAYBOOK_ACTOR_MAX",
    "Playbooks of one actor that act on one answer at most",
    z.coerce.number().int().min(1).max(1000).default(3),
  ),
  playbook_harm_max: option(
    "LAKEHOUSE_PLAYBOOK_HARM_MAX",
    "Harm less lift, in DCG@10, at which a playbook switches itself off",
    z.coerce.number().positive().max(1000).default(1),
  ),
  observe_disk_mib: option("LAKEHOUSE_OBSERVE_DISK_MIB", "Disk for recorded events", mebibytes(64)),
  observe_content: option(
    "LAKEHOUSE_OBSERVE_CONTENT",
    "Keep prompts and replies in recorded events, with numbers, addresses and keys redacted",
    flag,
  ),
  otlp_endpoint: option(
    "LAKEHOUSE_OTLP_ENDPOINT",
    "Address of an OpenTelemetry collector, such as http://127.0.0.1:4318; empty sends nothing",
    optionalHttpAddress,
  ),
  otlp_headers: option(
    "LAKEHOUSE_OTLP_HEADERS",
    "Headers for that collector: name=value, comma-separated",
    z
      .string()
      .refine(
        (text) => commaList(text).every((pair) => /^[\w-]+=[\x20-\x7e]+$/.test(pair)),
        "must be name=value pairs",
      )
      .default(""),
  ),
  genai_names: option(
    "LAKEHOUSE_GENAI_NAMES",
    "Spelling of GenAI attributes in exported telemetry: current, older (semantic conventions 1.36) or both",
    z.enum(["current", "older", "both"]).default("both"),
  ),
  langfuse_url: option(
    "LAKEHOUSE_LANGFUSE_URL",
    "Address of Langfuse, to which traces are sent when both of its keys are set",
    httpAddress("https://cloud.langfuse.com"),
  ),
  langfuse_public_key: option("LAKEHOUSE_LANGFUSE_PUBLIC_KEY", "Public key of a Langfuse project", word),
  langfuse_secret_key: option("LAKEHOUSE_LANGFUSE_SECRET_KEY", "Secret key of that project", word),
  s3_endpoint: option(
    "LAKEHOUSE_S3_ENDPOINT",
    "Address of the S3 server, such as https://s3.eu-central-1.amazonaws.com",
    z
      .string()
      .refine(
        (text) => text === "" || /^https?:\/\/[^\s/@?#]+\/?$/.test(text),
        "must be an http or https address with no path and no user",
      )
      .default(""),
  ),
  s3_region: option(
    "LAKEHOUSE_S3_REGION",
    "Region that requests are signed for",
    z.string().default("us-east-1"),
  ),
  s3_bucket: option(
    "LAKEHOUSE_S3_BUCKET",
    "Bucket that holds the objects; empty keeps them in the data folder",
    z.string().default(""),
  ),
  s3_prefix: option("LAKEHOUSE_S3_PREFIX", "Prefix of every key in the bucket", z.string().default("")),
  s3_access_key: option("LAKEHOUSE_S3_ACCESS_KEY", "Id of the key for the bucket", z.string().default("")),
  s3_secret_key: option(
    "LAKEHOUSE_S3_SECRET_KEY",
    "Secret of the key for the bucket",
    z.string().default(""),
  ),
  s3_path_style: option(
    "LAKEHOUSE_S3_PATH_STYLE",
    "Put the bucket in the path and not in the host name, as most servers require",
    toggle.default(true),
  ),
  url: option(
    "LAKEHOUSE_URL",
    "Address of the house that commands use; empty finds the one that runs over the data folder",
    z
      .string()
      .refine(
        (text) => text === "" || /^https?:\/\/[^\s/]+/.test(text),
        "must be a URL such as http://127.0.0.1:3110",
      )
      .transform((text) => text.replace(/\/+$/, ""))
      .default(""),
  ),
  key: option("LAKEHOUSE_KEY", "API key that commands send", word),
  go_upstream: option(
    "GO_LAKEHOUSE_URL",
    "Older system that calls below /_go pass through to; a sub-path is kept",
    upstreamAddress,
  ),
  rust_upstream: option(
    "RUST_LAKEHOUSE_URL",
    "Older system that calls below /api pass through to; a sub-path is kept",
    upstreamAddress,
  ),
  check_outputs: option(
    "LAKEHOUSE_CHECK_OUTPUTS",
    "Check every response against its contract: for tests",
    flag,
  ),
} as const;

export type OptionName = keyof typeof OPTIONS;
export type Settings = Readonly<{ [N in OptionName]: z.output<(typeof OPTIONS)[N]["schema"]> }>;
export type Overrides = Readonly<Partial<Record<OptionName, unknown>>>;

function commaList(text: string): readonly string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

export class ConfigProblems extends Error {
  override readonly name = "ConfigProblems";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}`);
    this.problems = problems;
  }
}

export type Source = "flag" | "environment" | "default";

/** The settings and the source of each. Throws ConfigProblems with every invalid one. */
export function readSettings(flags: Overrides = {}): {
  settings: Settings;
  sources: Record<OptionName, Source>;
} {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  const sources = {} as Record<OptionName, Source>;
  for (const [name, { schema, env }] of Object.entries(OPTIONS) as [OptionName, Option<z.ZodType>][]) {
    const source =
      flags[name] !== undefined ? "flag" : process.env[env] !== undefined ? "environment" : "default";
    const given = source === "flag" ? flags[name] : process.env[env];
    const outcome = schema.safeParse(given);
    sources[name] = source;
    if (outcome.success) settings[name] = outcome.data;
    else {
      const place = source === "flag" ? `--${name.replaceAll("_", "-")}` : env;
      const shown = isSecret(name) ? "..." : String(given);
      problems.push(`${place}=${shown}: ${outcome.error.issues[0]?.message ?? "is not valid"}`);
    }
  }
  if (problems.length === 0) problems.push(...s3Problems(settings));
  if (problems.length > 0) throw new ConfigProblems(problems);
  settings["data"] = resolve(String(settings["data"]));
  return { settings: Object.freeze(settings) as Settings, sources };
}

/** For the tests' own fixtures, and no setting. */
const TEST_PREFIX = "LAKEHOUSE_TEST_";

/** Variables that look like settings and are none, such as misspelt ones: each as a sentence for the user. */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string[] {
  const known = Object.values(OPTIONS).map(({ env }) => env);
  return Object.keys(environment)
    .filter((name) => name.startsWith("LAKEHOUSE_") && !name.startsWith(TEST_PREFIX))
    .filter((name) => !known.some((env) => env === name))
    .map((name) => `${name} is not a setting and has no effect.${didYouMean(name, known)}`);
}

const SECRETS: ReadonlySet<OptionName> = new Set([
  "key",
  "s3_secret_key",
  "openai_key",
  "otlp_headers",
  "langfuse_secret_key",
]);

/** Whether a value must never be shown. */
export function isSecret(name: OptionName): boolean {
  return SECRETS.has(name);
}

/** A bucket needs an endpoint and keys too. */
function s3Problems(settings: Readonly<Record<string, unknown>>): string[] {
  if (settings["s3_bucket"] === "") return [];
  const needed = ["s3_endpoint", "s3_access_key", "s3_secret_key"] as const;
  return needed
    .filter((name) => settings[name] === "")
    .map((name) => `${OPTIONS[name].env} is needed beside ${OPTIONS.s3_bucket.env}`);
}

/** Settings of commands that send requests; daemons do not get them. */
const CLIENT_OPTIONS: ReadonlySet<string> = new Set<OptionName>(["url", "key"]);

/**
 * The service that needs a setting; other daemons do not get it. Without a bucket the other S3 settings are not required;
 * the key for a server goes only to the service that calls it.
 */
const DAEMON_OF: Readonly<Partial<Record<OptionName, string>>> = {
  s3_bucket: "storaged",
  s3_access_key: "storaged",
  s3_secret_key: "storaged",
  openai_key: "embedd",
  openai_key_file: "embedd",
  otlp_headers: "observerd",
  langfuse_public_key: "observerd",
  langfuse_secret_key: "observerd",
};

/** What an environment variable holds that a setting names; empty when it is not set. */
export function environmentValue(name: string): string {
  return (process.env[name] ?? "").trim();
}

/** Environment variables that hold keys of chat providers: those of convention, and those that the settings name. */
function chatKeyVariables({ chat_keys }: Settings): string[] {
  const named = chat_keys.flatMap((pair) => /=env:(.+)$/.exec(pair)?.[1] ?? []);
  return [...Object.values(KNOWN_PROVIDERS).flatMap(({ keyNames }): readonly string[] => keyNames), ...named];
}

/**
 * The environment of a daemon of this house: ours, with the settings, so that it has the same ones. Secrets go only to
 * the daemon that needs them.
 */
export function daemonEnvironment(
  settings: Settings,
  daemon = "storaged",
): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = {
    ...process.env,
    NODE_ENV: "production",
    BUN_CONFIG_MAX_HTTP_REQUESTS: String(HTTP_REQUESTS_MAX),
    UV_THREADPOOL_SIZE: process.env["UV_THREADPOOL_SIZE"] ?? String(DISK_THREADS),
  };
  for (const [name, { env }] of Object.entries(OPTIONS) as [OptionName, Option<z.ZodType>][]) {
    const withheld = (DAEMON_OF[name] ?? daemon) !== daemon;
    if (CLIENT_OPTIONS.has(name) || withheld) delete environment[env];
    else environment[env] = String(settings[name]);
  }
  if (daemon !== "chatd") for (const name of chatKeyVariables(settings)) delete environment[name];
  return environment;
}

/**
 * Concurrent outgoing requests of a process. The runtime's own limit of 256 covers all addresses together: as many open
 * streams, or requests to one daemon that hangs, would block every other request of the gateway. The edge's concurrency
 * limits are what bounds them.
 */
const HTTP_REQUESTS_MAX = 16_384;
/** What waits for the disk waits in a thread; by default there is one for each processor, and two slow flushes hold up all reads. */
const DISK_THREADS = 16;

export function mebibytesToBytes(mebibytes: number): number {
  return mebibytes * MIB;
}

/** What a terminal program reads of its environment. */
export const terminal = {
  noColor: (process.env["NO_COLOR"] ?? "") !== "",
  ci: (process.env["CI"] ?? "") !== "",
  /** With stack traces, for debugging. */
  debug: process.env["LAKEHOUSE_LOG"] === "debug",
} as const;
