// `lakehouse config`: every option with the source of its value, and the API keys of a house. Keys are stored as hashes in
// the data folder, so these commands work on the folder without a running house; a running one applies a change within a
// second.

import { isSecret, OPTIONS, type OptionName, readSettings, type Settings } from "#config";
import { addKey, changeKey, type KeyRecord, readKeys, removeKey } from "#edge/access/key-file";
import type { Scope } from "#rpc/call";
import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../args.ts";
import { type Arg, command, group } from "../command.ts";
import { isFolder, settingsOver } from "../data-folder.ts";
import { confirmed, YES_ARG } from "../terminal/confirm.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { emit, type Field, formatOf, jsonText } from "../terminal/output.ts";
import { moment } from "../terminal/plain-text.ts";
import { say, stdoutIsTty, write } from "../terminal/terminal.ts";

interface OptionLine {
  readonly option: string;
  readonly value: unknown;
  readonly source: string;
  readonly env: string;
  readonly help: string;
}

const OPTION_FIELDS: readonly Field<OptionLine>[] = (
  ["option", "value", "source", "env", "help"] as const
).map((name) => ({
  name,
  value: (line) => line[name],
}));

const KEY_FIELDS: readonly Field<KeyRecord>[] = [
  { name: "name", value: ({ name }) => name },
  { name: "scope", value: ({ scope }) => scope },
  {
    name: "personal_data",
    value: ({ masked }) => masked !== true,
    show: ({ masked }) => (masked === true ? "masked" : "seen"),
  },
  { name: "created_at", value: ({ created_at }) => created_at, show: ({ created_at }) => moment(created_at) },
  {
    name: "expires_at",
    value: ({ expires_at }) => expires_at ?? null,
    show: ({ expires_at }) => (expires_at === undefined ? "never" : moment(expires_at)),
  },
];

const ARGS = { ...DATA_ARG, ...OUTPUT_ARG } as const;
const scopes = ["read", "write", "admin"] as const satisfies readonly Scope[];

const list = command({
  name: "config list",
  summary: "Show every option: its value, where that comes from, its variable",
  args: ARGS,
  examples: ["lakehouse config list", "LAKEHOUSE_PORT=8080 lakehouse config list -o json"],
  run: async (args) => {
    const { settings, sources } = readSettings(args.data === undefined ? {} : { data: args.data });
    const rows = (Object.keys(OPTIONS) as OptionName[]).map((name): OptionLine => {
      const value = settings[name];
      const shown = isSecret(name) && value !== "" ? "(set)" : value;
      return {
        option: name,
        value: Array.isArray(shown) ? shown.join(",") : shown,
        source: sources[name],
        env: OPTIONS[name].env,
        help: OPTIONS[name].help,
      };
    });
    await emit(formatOf(args.output), { fields: OPTION_FIELDS, rows });
  },
});

const SCOPE_ARG = {
  type: "enum",
  options: [...scopes],
  valueHint: "SCOPE",
  description: "read, write (and read) or admin (everything)",
} satisfies Arg;

const EXPIRES_ARG = {
  expires: {
    type: "string",
    valueHint: "WHEN",
    description: "When the key stops working: 90d, 12h, 30m from now, a time as 2027-01-31T12:00Z, or never",
  },
} as const;

const LIVE =
  "A house that runs follows within a second, in every one of its processes. Calls that are under way end as they began.";

const add = command({
  name: "config add-key",
  summary: "Make an API key; it is shown once",
  details: `Only a hash is stored. Once there is a key, every request needs one, also on this machine: set LAKEHOUSE_KEY for these commands. ${LIVE}`,
  args: {
    name: {
      type: "positional",
      required: true,
      description: "A name for the key: letters, digits, _, . and -",
    },
    scope: { ...SCOPE_ARG, required: true },
    masked: {
      type: "boolean",
      description:
        "The key sees no personal data: columns that hold some are masked in SQL, and other calls refused",
    },
    ...EXPIRES_ARG,
    ...ARGS,
  },
  examples: [
    "lakehouse config add-key dashboard --scope read",
    "lakehouse config add-key contractor --scope write --expires 30d",
    "lakehouse config add-key analyst --scope read --masked",
    "export LAKEHOUSE_KEY=$(lakehouse config add-key me --scope write)",
  ],
  run: async (args) => {
    const scope = scopes.find((known) => known === args.scope);
    if (scope === undefined || !KEY_NAME.test(args.name)) {
      throw new UsageProblem(`${args.name} is not a name for a key: 1 to 64 letters, digits, _, . or -.`);
    }
    const expiresAt = expiryOf(args.expires) ?? undefined;
    const settings = settingsOf({ data: args.data });
    const isNew = !(await isFolder(settings.data));
    const key = await addKey(await pathOf(settings), {
      name: args.name,
      scope,
      expiresAt,
      masked: args.masked,
    });
    // Bare in a pipe too: it is meant to be put into a variable.
    const asJson = args.output === "json" || args.output === "jsonl";
    const expires = expiresAt === undefined ? {} : { expires_at: expiresAt.toISOString() };
    await write(asJson ? jsonText({ name: args.name, scope, key, ...expires }) : `${key}\n`);
    say(
      `This is the key ${args.name} (${scope}${expiresAt === undefined ? "" : `, until ${moment(expiresAt.toISOString())}`}). It cannot be shown again.${stdoutIsTty ? " Send it as: authorization: Bearer <key>" : ""}`,
    );
    if (isNew)
      say(
        `The folder ${settings.data} is new. A house that runs elsewhere needs --data with its own folder.`,
      );
  },
});

const change = command({
  name: "config change-key",
  summary: "Change what an API key may do, or until when",
  details: `The key itself stays as it is. ${LIVE}`,
  args: {
    name: { type: "positional", required: true, description: "The key's name" },
    scope: SCOPE_ARG,
    masked: { type: "boolean", description: "The key sees no personal data; --no-masked: it sees it" },
    ...EXPIRES_ARG,
    ...DATA_ARG,
  },
  examples: [
    "lakehouse config change-key dashboard --scope write",
    "lakehouse config change-key contractor --expires 7d",
  ],
  run: async (args) => {
    const scope = scopes.find((known) => known === args.scope);
    const expiresAt = expiryOf(args.expires);
    if (scope === undefined && expiresAt === undefined && args.masked === undefined) {
      throw new UsageProblem("Say what to change: --scope, --masked or --expires.");
    }
    await changeKey(await keysOver(args), args.name, { scope, expiresAt, masked: args.masked });
    say(`Changed the key ${args.name}.`);
  },
});

const rm = command({
  name: "config rm-key",
  summary: "Remove an API key",
  details: LIVE,
  args: {
    name: { type: "positional", required: true, description: "The key's name" },
    ...YES_ARG,
    ...DATA_ARG,
  },
  examples: ["lakehouse config rm-key dashboard"],
  run: async (args) => {
    const path = await keysOver(args);
    const known = (await readKeys(path)) ?? [];
    const isLast = known.length === 1 && known[0]?.name === args.name;
    const open = isLast
      ? " It is the last one: without keys, every program on this machine may do everything, and none elsewhere may do anything."
      : "";
    if (!(await confirmed(`Remove the key ${args.name}?${open}`, args.yes))) {
      say("Nothing was removed.");
      return EXIT.failure;
    }
    await removeKey(path, args.name);
    say(`Removed the key ${args.name}.`);
    return EXIT.ok;
  },
});

const keys = command({
  name: "config keys",
  summary: "List API keys",
  args: ARGS,
  examples: ["lakehouse config keys"],
  run: async (args) => {
    const rows = (await readKeys(await keysOver(args))) ?? [];
    await emit(formatOf(args.output), {
      fields: KEY_FIELDS,
      rows,
      json: rows.map(({ name, scope, created_at, expires_at, masked }) => ({
        name,
        scope,
        created_at,
        ...(masked === true ? { masked } : {}),
        ...(expires_at === undefined ? {} : { expires_at }),
      })),
      empty:
        "There are no API keys: the house accepts requests from this machine only, without a key. Create one: lakehouse config add-key NAME --scope write",
    });
  },
});

export const config = group({
  name: "config",
  summary: "Show options; create, change and remove API keys",
  examples: [
    "lakehouse config list",
    "lakehouse config keys",
    "lakehouse config add-key dashboard --scope read",
  ],
  commands: { list, keys, "add-key": add, "change-key": change, "rm-key": rm },
  fallback: "list",
});

const KEY_NAME = /^[\w.-]{1,64}$/;

async function pathOf(settings: Settings): Promise<string> {
  const { keysPath } = await import("#topology/gateway/listener");
  return keysPath(settings);
}

/** Of a house that is there: a key may be made before its first start, and only then. */
async function keysOver(args: { readonly data?: string | undefined }): Promise<string> {
  return pathOf(await settingsOver(args));
}

const UNITS_MS = { d: 86_400_000, h: 3_600_000, m: 60_000 } as const;

/** Null for never; undefined when nothing was said. */
function expiryOf(text: string | undefined): Date | null | undefined {
  if (text === undefined) return undefined;
  if (text === "never") return null;
  const [, amount = "", unit = ""] = /^(\d{1,5})([dhm])$/.exec(text) ?? [];
  const at =
    unit === ""
      ? new Date(/^\d{4}-\d\d-\d\d/.test(text) ? text : Number.NaN)
      : new Date(Date.now() + Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS]);
  if (Number.isNaN(at.getTime())) {
    throw new UsageProblem(`--expires is 90d, 12h, 30m, a time as 2027-01-31T12:00Z, or never; not ${text}.`);
  }
  if (at.getTime() <= Date.now()) throw new UsageProblem(`--expires ${text} is in the past.`);
  return at;
}
