// `lakehouse config`: every option with where its value comes from, and the API keys of a house. Keys are kept as
// hashes in the data folder, so these commands work on the folder and need no house that runs.

import { isSecret, OPTIONS, type OptionName, readSettings } from "#config";
import { addKey, type KeyRecord, readKeys, removeKey } from "#edge/auth";
import { makeFolder } from "#lib/durable";
import type { Scope } from "#rpc/call";
import { Fault } from "#rpc/fault";
import { readPidfile } from "#topology/data-lock";
import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../args.ts";
import { command, group } from "../command.ts";
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
  { name: "created_at", value: ({ created_at }) => created_at, show: ({ created_at }) => moment(created_at) },
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

const add = command({
  name: "config add-key",
  summary: "Make an API key; it is shown once",
  details:
    "Only a hash is kept. From the next start the house answers to those who show a key, also on this machine: put the key into LAKEHOUSE_KEY for these commands.",
  args: {
    name: { type: "positional", required: true, description: "Whose key it is: letters, digits, _, . and -" },
    scope: {
      type: "enum",
      options: [...scopes],
      required: true,
      valueHint: "SCOPE",
      description: "read, write (and read) or admin (everything)",
    },
    ...ARGS,
  },
  examples: [
    "lakehouse config add-key dashboard --scope read",
    "export LAKEHOUSE_KEY=$(lakehouse config add-key me --scope write)",
  ],
  run: async (args) => {
    const scope = scopes.find((known) => known === args.scope);
    if (scope === undefined || !KEY_NAME.test(args.name)) {
      throw new UsageProblem(`${args.name} is not a name for a key: 1 to 64 letters, digits, _, . or -.`);
    }
    const { data, path } = await keysOf(args);
    await makeFolder(data);
    const key = await addKey(path, args.name, scope);
    // Bare in a pipe too: it is meant to be put into a variable.
    const asked = args.output === "json" || args.output === "jsonl";
    await write(asked ? jsonText({ name: args.name, scope, key }) : `${key}\n`);
    say(
      `This is the key ${args.name} (${scope}). It cannot be shown again.${stdoutIsTty ? " Send it as: authorization: Bearer <key>" : ""}`,
    );
    await sayRestart(data);
  },
});

const rm = command({
  name: "config rm-key",
  summary: "Remove an API key",
  args: {
    name: { type: "positional", required: true, description: "The key's name" },
    ...YES_ARG,
    ...DATA_ARG,
  },
  examples: ["lakehouse config rm-key dashboard"],
  run: async (args) => {
    const { data, path } = await keysOf(args);
    const known = await readKeys(path);
    if (!known.some(({ name }) => name === args.name)) throw noKey(args.name);
    const open =
      known.length === 1 ? " It is the last one: after it, everybody on this machine may do everything." : "";
    if (!(await confirmed(`Remove the key ${args.name}?${open}`, args.yes))) {
      say("Nothing was removed.");
      return EXIT.failure;
    }
    if (!(await removeKey(path, args.name))) throw noKey(args.name);
    say(`Removed the key ${args.name}.`);
    await sayRestart(data);
    return EXIT.ok;
  },
});

const keys = command({
  name: "config keys",
  summary: "List API keys",
  args: ARGS,
  examples: ["lakehouse config keys"],
  run: async (args) => {
    const { path } = await keysOf(args);
    const rows = await readKeys(path);
    await emit(formatOf(args.output), {
      fields: KEY_FIELDS,
      rows,
      json: rows.map(({ name, scope, created_at }) => ({ name, scope, created_at })),
      empty:
        "There are no API keys: the house answers on this machine only, to everybody there. Make one: lakehouse config add-key NAME --scope write",
    });
  },
});

export const config = group({
  name: "config",
  summary: "Show options; make and remove API keys",
  examples: [
    "lakehouse config list",
    "lakehouse config keys",
    "lakehouse config add-key dashboard --scope read",
  ],
  commands: { list, keys, "add-key": add, "rm-key": rm },
  fallback: "list",
});

const KEY_NAME = /^[\w.-]{1,64}$/;

async function keysOf(args: { readonly data?: string | undefined }): Promise<{ data: string; path: string }> {
  const settings = settingsOf({ data: args.data });
  const { keysPath } = await import("#topology/gateway/listener");
  return { data: settings.data, path: keysPath(settings) };
}

function noKey(name: string): Fault {
  return new Fault("not_found", `There is no key ${name}. See: lakehouse config keys`);
}

async function sayRestart(data: string): Promise<void> {
  if ((await readPidfile(data)) !== undefined)
    say("The house that runs reads its keys at the start: restart it for this to count.");
}
