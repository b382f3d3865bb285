// `lakehouse fill blocks` and `fill unblock`: who is kept from clients and sites, and the end of that.

import type { House } from "#contracts/house";
import { CLIENT_ARGS, settingsOf } from "../../args.ts";
import { command } from "../../command.ts";
import { connect } from "../../connect.ts";
import { emit, type Field, formatOf, isForPeople, jsonText } from "../../terminal/output.ts";
import { say, write } from "../../terminal/terminal.ts";
import { ACTOR_ARG, actorOf } from "./actor.ts";

type Block = Awaited<ReturnType<House["filld"]["blocks"]>>["blocks"][number];

const FIELDS: readonly Field<Block>[] = [
  { name: "block", value: ({ block_id }) => block_id },
  { name: "person", value: ({ worker_id }) => worker_id },
  {
    name: "from",
    value: ({ scope, client_id, site_id }) => (scope === "system" ? "everywhere" : (site_id ?? client_id)),
  },
  { name: "since", value: ({ start_at }) => start_at },
  { name: "reason", value: ({ reason }) => reason },
];

export const blocks = command({
  name: "fill blocks",
  summary: "List who is blocked, where and why",
  args: {
    client: { type: "string", valueHint: "ID", description: "Those that count for this client" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse fill blocks", "lakehouse fill blocks --client alpine --json"],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const found = await filld.blocks(args.client === undefined ? {} : { client: args.client });
    await emit(formatOf(args.output), {
      fields: FIELDS,
      rows: found.blocks,
      empty: "Nobody is blocked. To block a person: lakehouse fill outcome FILL WORKER blocked --reason TEXT",
    });
  },
});

export const unblock = command({
  name: "fill unblock",
  summary: "Let a blocked person be proposed again",
  args: {
    block: { type: "positional", required: true, description: "The block's id, as fill blocks lists it" },
    reason: { type: "string", valueHint: "TEXT", required: true, description: "Why" },
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse fill unblock fill-0b6c... --reason 'The client withdrew it'"],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const lifted = await filld.liftBlock({ block_id: args.block, reason: args.reason, ...actorOf(args) });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(lifted));
    const where = lifted.scope === "system" ? "anywhere" : (lifted.site_id ?? lifted.client_id ?? "");
    say(`${lifted.worker_id} may be proposed again: ${where}`);
  },
});
