// `lakehouse role`: what the house reads in an order, without searching: the role, what else may be meant, and the rest.

import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { emit, formatOf, isForPeople } from "../terminal/output.ts";
import { say } from "../terminal/terminal.ts";
import { readAs } from "./search.ts";

export const role = command({
  name: "role",
  summary: "Show which role an order asks for, and what else is read in it",
  many: true,
  args: {
    text: { type: "positional", required: true, description: "The text of the order" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse role 'mow crew lead Austin TX'",
    "lakehouse role 'need 3 forklift ops Monday 6am' --json",
  ],
  run: async (args, given) => {
    const { house } = await connect(settingsOf(args));
    const text = given.words.join(" ");
    const { role: named, soc, source, confidence, ...order } = await house.matrixd.role({ text });
    const format = formatOf(args.output);
    const query = { text, role: { role: named, soc, source, confidence }, ...order, not_applied: [] };
    if (isForPeople(format)) say(`Read as: ${readAs({ query })}.`);
    await emit(format, {
      fields: [
        { name: "role", value: (one) => one.role },
        { name: "soc", value: (one) => one.soc },
        { name: "p", align: "right", value: ({ p }) => p, show: ({ p }) => p.toFixed(3) },
      ],
      rows: order.candidates,
      json: { role: named, soc, source, confidence, ...order },
      empty: "No occupation is like that.",
    });
  },
});
