import { describe, expect, test } from "bun:test";
import { EXAMPLES } from "#contracts/examples";
import { house } from "#contracts/house";
import { openApi } from "#rpc/openapi";
import { describedIn, operationsWith } from "./description.ts";
import { fieldsOf, typeText } from "./fields.ts";
import { exampleOf, fieldsIn, trialAsCurl, trialAsTypeScript, trialOf } from "./trial.ts";

const { operations } = describedIn(
  await openApi(house, { title: "Lakehouse", version: "1", description: "" }, EXAMPLES),
);
const operation = (id: string) => {
  const found = operations.find((one) => one.id === id);
  if (found === undefined) throw new Error(`${id} is not described`);
  return found;
};

describe("every operation of the house", () => {
  test("has a summary, a scope, a reply, and fields of which each says what it is", () => {
    expect(operations.length).toBeGreaterThan(100);
    for (const { id, summary, scope, replies, body, parameters } of operations) {
      expect([id, summary !== "", ["read", "write", "admin"].includes(scope)]).toEqual([id, true, true]);
      expect([id, replies.some(({ status }) => Number(status) < 400)]).toEqual([id, true]);
      for (const { schema } of [...parameters, ...(body === undefined ? [] : [body])]) {
        expect([id, typeText(schema)]).not.toEqual([id, ""]);
        for (const field of fieldsOf(schema))
          expect([id, field.path, field.type === ""]).toEqual([id, field.path, false]);
      }
    }
  });

  test("is sent from its example to a path without a gap, with every field in one place", () => {
    for (const one of operations) {
      const example = exampleOf(one);
      const needsNone = one.parameters.every(({ required, name }) => !required || name in example);
      if (!needsNone) continue;
      const { path, body } = trialOf(one, example);
      expect(path).not.toMatch(/[{}]/);
      if (one.method === "GET") expect(body).toBeUndefined();
      expect(trialAsCurl(trialOf(one, example), "http://h", true)).toContain("$LAKEHOUSE_KEY");
    }
  });
});

test("fields go where the description says, and what is missing in the path is told", () => {
  const events = operation("journald.events");
  expect(trialOf(events, { type: "a.b", limit: 3 })).toMatchObject({
    method: "GET",
    path: "/v1/journal/events",
    query: "?type=a.b&limit=3",
    body: undefined,
  });
  const append = trialOf(operation("journald.append"), { type: "a.b", subject: "s", "idempotency-key": "k" });
  expect(append.headers).toEqual({ "idempotency-key": "k" });
  expect(JSON.parse(append.body ?? "")).toEqual({ type: "a.b", subject: "s" });
  expect(trialOf(operation("storaged.get"), { key: "notes/a b" }).path).toBe("/v1/storage/notes/a%20b");
  expect(() => trialOf(operation("storaged.get"), {})).toThrow("key is missing");
  expect(trialAsTypeScript(operation("journald.append"), { "idempotency-key": "k" }, "http://h")).toContain(
    'house.journal.append({\n  "idempotency_key": "k"',
  );
  expect([fieldsIn(""), fieldsIn("[1]"), fieldsIn("{")].map((one) => typeof one)).toEqual([
    "object",
    "string",
    "string",
  ]);
});

test("nested fields stand below theirs with their place, and a list of operations is searched by words", () => {
  const paths = fieldsOf(operation("journald.append").body?.schema ?? {}).map(({ path, depth }) => [
    path,
    depth,
  ]);
  expect(paths).toContainEqual(["events", 0]);
  expect(paths).toContainEqual(["events[].type", 1]);
  expect(operationsWith(operations, "journal POST seal").map(({ id }) => id)).toEqual(["journald.seal"]);
  expect(operationsWith(operations, "")).toHaveLength(operations.length);
});
