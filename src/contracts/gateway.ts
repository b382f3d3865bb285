// What the gateway says of itself as operations: the API keys that there are.

import { z } from "zod";
import { op } from "#rpc/contract";
import { timestamp } from "./shapes.ts";

const listedKey = z.object({
  name: z.string(),
  scope: z.enum(["read", "write", "admin"]),
  masked: z.boolean().describe("It sees no personal data"),
  created_at: timestamp,
  expires_at: timestamp.nullable().describe("Null for one that never expires"),
  last_used_at: timestamp
    .nullable()
    .describe("The last call that it let in; null where there was none since the gateway started"),
});
export type ListedKey = z.infer<typeof listedKey>;

export const gateway = {
  keys: op({
    method: "GET",
    path: "/v1/keys",
    summary: "List the API keys: names, scopes and times, and never a key itself",
    description:
      "Without a key the house lets in whoever reaches its address on this machine. Keys are made and changed on the machine of the house: lakehouse config add-key.",
    input: z.strictObject({}),
    output: z.object({ keys: z.array(listedKey).describe("In the order in which they were made") }),
    errors: [],
    scope: "read",
  }),
};
