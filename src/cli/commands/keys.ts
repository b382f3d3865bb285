// `lakehouse keys`: the API keys of a house as it knows them while it runs, with when each was last used. They are made and
// changed on its machine, by `lakehouse config`.

import type { ListedKey } from "#contracts/gateway";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { emit, type Field, formatOf } from "../terminal/output.ts";
import { moment } from "../terminal/plain-text.ts";

const time = (at: string | null, none: string): string => (at === null ? none : moment(at));

const FIELDS: readonly Field<ListedKey>[] = [
  { name: "name", value: ({ name }) => name },
  { name: "scope", value: ({ scope }) => scope },
  {
    name: "personal_data",
    value: ({ masked }) => !masked,
    show: ({ masked }) => (masked ? "masked" : "seen"),
  },
  { name: "created_at", value: ({ created_at }) => created_at, show: ({ created_at }) => moment(created_at) },
  {
    name: "expires_at",
    value: ({ expires_at }) => expires_at,
    show: ({ expires_at }) => time(expires_at, "never"),
  },
  {
    name: "last_used_at",
    value: ({ last_used_at }) => last_used_at,
    show: ({ last_used_at }) => time(last_used_at, "not since the start"),
  },
];

export const keys = command({
  name: "keys",
  summary: "List the API keys of a house that runs, and when each was last used",
  details: "Make and change them on the machine of the house: lakehouse config add-key.",
  args: CLIENT_ARGS,
  examples: ["lakehouse keys", "lakehouse keys -o json"],
  run: async (args) => {
    const connection = await connect(settingsOf(args));
    const { keys: rows } = await connection.house.gateway.keys({});
    await emit(formatOf(args.output), {
      fields: FIELDS,
      rows,
      empty: "This house has no keys: whoever reaches its address on this machine may do everything.",
    });
  },
});
