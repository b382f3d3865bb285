// Secrets that are easy to find again: keys, e-mail addresses and telephone numbers, made for each run and planted
// wherever a caller or a foreign server can put them. They may come back to whoever sent them, as far as the contracts
// say so, and otherwise stand nowhere: in no line of the log, no metric, no answer to anybody else, no list of
// processes, and not on the disk unless they were stored on purpose.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import {
  type ProviderRequest,
  type Behaviour,
  providerServer,
} from "#adapters/embed/provider-server.testing";
import { wire as contracts } from "#contracts/house";
import { escapedXml } from "#adapters/objects/s3/xml";
import { addKey } from "#edge/access/key-file";
import type { AnyOp, Contract } from "#rpc/contract";
import { servedOps } from "#rpc/contract";
import { type HouseProcess, startHouseProcess } from "../fault/house-process.ts";
import { TOPOLOGIES } from "./house.ts";

interface Canaries {
  readonly key: string;
  readonly email: string;
  readonly phone: string;
}

/** Each has a shape that a rule for codes or words might let pass: one word, a number. */
function canaries(): Canaries {
  const digits = (count: number): string =>
    Array.from(randomBytes(count), (byte) => String(byte % 10)).join("");
  return {
    key: `sk_${randomBytes(12).toString("hex")}`,
    email: `ann${randomBytes(6).toString("hex")}@secret.example`,
    phone: `555${digits(9)}`,
  };
}

function all({ key, email, phone }: Canaries): string {
  return `${email} ${phone} ${key}`;
}

/** Which of them a text holds, also without the parts that an encoding would change. */
function heldBy(text: string, sets: readonly Canaries[]): string[] {
  const small = text.toLowerCase();
  return sets.flatMap(({ key, email, phone }) =>
    [key, email.slice(0, email.indexOf("@")), phone].filter((one) => small.includes(one)),
  );
}

const routed = (Object.entries(contracts) as [string, Contract][]).flatMap(([service, contract]) =>
  servedOps(contract)
    .filter(([, operation]) => operation.internal !== true)
    .map(([name, operation]): [string, AnyOp] => [`${service}.${name}`, operation]),
);

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** What a schema asks for, with a secret wherever there may be text. */
function filled(schema: JsonSchema, secret: string): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf?.[0] !== undefined) return filled(schema.anyOf[0], secret);
  if (schema.type === "string") return secret;
  if (schema.type === "boolean") return false;
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? 1;
  if (schema.type === "array") return [filled(schema.items ?? {}, secret)];
  return Object.fromEntries(
    Object.entries(schema.properties ?? { [secret]: {} }).map(([name, field]) => [
      name,
      schema.properties === undefined ? secret : filled(field, secret),
    ]),
  );
}

function sendable(
  operation: AnyOp,
  fields: Readonly<Record<string, unknown>>,
): [path: string, body?: string] {
  const left = { ...fields };
  const path = operation.path.replaceAll(/\{(\w+)\+?\}/g, (_all, name: string) => {
    const value = textOf(left[name] ?? "nobody");
    Reflect.deleteProperty(left, name);
    return encodeURIComponent(value);
  });
  const bodiless = ["GET", "HEAD", "DELETE"].includes(operation.method);
  if (!bodiless && operation.body === "json") return [path, JSON.stringify(left)];
  const query = new URLSearchParams(
    Object.entries(left).map(([name, value]): [string, string] => [name, textOf(value)]),
  );
  return bodiless
    ? [`${path}?${query}`]
    : [`${path}?${query}`, `name,note\nAnn,${textOf(fields["stray"] ?? "")}\n`];
}

function textOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Headers in which a client may put what it should not. */
function loose(secret: Canaries): Record<string, string> {
  return {
    cookie: `session=${secret.key}; mail=${secret.email}`,
    "x-api-key": secret.key,
    "x-phone": secret.phone,
    "user-agent": `agent ${all(secret)}`,
    referer: `http://127.0.0.1/?who=${secret.email}`,
    traceparent: secret.key,
    "idempotency-key": `x${secret.key}`,
    "if-none-match": `"${secret.key}"`,
    "x-lakehouse-caller": all(secret),
  };
}

/** Error pages that echo the whole request: the texts, the key, every header. */
function echoes(): Behaviour[] {
  const echo = ({ authorization, body }: ProviderRequest): string =>
    `${authorization} sent ${body.input.join(" | ")}`;
  const page =
    (status: number): Behaviour =>
    (request) =>
      new Response(`<h1>Error</h1><pre>${echo(request)}</pre>`, { status, headers: { "x-said": "all" } });
  const fault =
    (status: number): Behaviour =>
    (request) =>
      Response.json(
        {
          error: {
            message: echo(request),
            code: request.authorization?.slice("Bearer ".length),
            type: echo(request),
          },
        },
        { status },
      );
  const word = (request: ProviderRequest): string =>
    /\b555\d+\b/.exec(request.body.input.join(" "))?.[0] ?? "none";
  const number =
    (status: number): Behaviour =>
    (request) =>
      Response.json({ error: { code: word(request) } }, { status });
  const odd: Behaviour = (request) =>
    Response.json({ data: [{ index: echo(request), embedding: echo(request) }] });
  const statuses = [200, 400, 401, 403, 404, 413, 418, 422, 429, 500, 503];
  return [...statuses.flatMap((status) => [page(status), fault(status), number(status)]), odd];
}

/** A stream that does not end is read until it is silent. */
const STREAM_QUIET_MS = 1000;

async function textOfReply(reply: Response): Promise<string> {
  if (reply.headers.get("content-type") !== "text/event-stream") return reply.text();
  const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const step = await Promise.race([reader?.read(), Bun.sleep(STREAM_QUIET_MS)]);
    if (step === undefined) await reader?.cancel();
    if (step?.value === undefined) return text;
    text += step.value;
  }
}

/** What is said to these is stored on purpose. */
const KEEPING: ReadonlySet<string> = new Set([
  "chatd.setBudget",
  "journald.append",
  "truthd.claims",
  "truthd.putRule",
  "truthd.decide",
  "truthd.export",
]);

describe.each([...TOPOLOGIES])("secrets in a house %s", (topology) => {
  /** What was only said, and what was given to the house to keep. */
  const said: Canaries[] = [];
  const stored: Canaries[] = [];
  const sayable = (): Canaries => {
    const made = canaries();
    said.push(made);
    return made;
  };
  const configured = sayable();
  const data = mkdtempSync(join(tmpdir(), "house-"));
  const keys = { reader: "", admin: "" };
  const commands: string[] = [];
  let provider: Awaited<ReturnType<typeof providerServer>>;
  let house: HouseProcess;

  beforeAll(async () => {
    provider = await providerServer();
    keys.reader = await addKey(join(data, "keys.json"), { name: "reader", scope: "read" });
    keys.admin = await addKey(join(data, "keys.json"), { name: "admin", scope: "admin" });
    house = await startHouseProcess(data, topology === "apart", {
      LAKEHOUSE_LOG: "debug",
      LAKEHOUSE_EMBED_MODELS: "hashed-v1,openai/loud",
      LAKEHOUSE_OPENAI_BASE_URL: `${provider.url}/v1`,
      LAKEHOUSE_OPENAI_KEY: configured.key,
    });
  }, 240_000);
  afterAll(async () => {
    await house.kill();
    await provider.stop();
    rmSync(data, { recursive: true, force: true });
  }, 240_000);

  const ask = async (
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> => {
    const reply = await fetch(house.url + path, {
      method,
      headers: { authorization: `Bearer ${keys.admin}`, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await textOfReply(reply);
    commands.push(...commandsOf(house.pid));
    return { status: reply.status, text: `${[...reply.headers].join("\n")}\n${text}` };
  };
  const post = (path: string, body: unknown, headers?: Record<string, string>) =>
    ask("POST", path, typeof body === "string" ? body : JSON.stringify(body), headers);

  test.each(routed)(
    "%s does not repeat a key, nor what stands beside the question",
    async (name, operation) => {
      const secret = sayable();
      const kept = KEEPING.has(name) ? canaries() : secret;
      if (kept !== secret) stored.push(kept);
      const { method } = operation;
      const schema = z.toJSONSchema(operation.input as z.core.$ZodType, {
        io: "input",
        unrepresentable: "any",
      });
      const [path, body] = sendable(operation, { stray: "1" });
      const wrong = await ask(method, path, body, {
        ...loose(secret),
        authorization: `Bearer ${secret.key}`,
      });
      expect([wrong.status, ...heldBy(wrong.text, [secret])]).toEqual([401]);
      const crooked = await ask(method, path, body, { authorization: `Basic ${all(secret)}` });
      expect([crooked.status, ...heldBy(crooked.text, [secret])]).toEqual([401]);
      const beside = await ask(method, path, body, loose(secret));
      expect(heldBy(beside.text, [secret])).toEqual([]);
      // Past here the caller asks for what he is told.
      const [straying, stray] = sendable(operation, { stray: all(secret), [secret.email]: secret.phone });
      expect((await ask(method, straying, stray)).status).toBeLessThan(500);
      for (const one of [kept.key, kept.email, kept.phone]) {
        const [full, fullBody] = sendable(
          operation,
          filled(schema as JsonSchema, one) as Record<string, unknown>,
        );
        const status = (await ask(method, full, fullBody)).status;
        // What a secret names by chance is made and taken away.
        if (status < 300 && method === "PUT") await ask("DELETE", full.replace(/\?.*$/, ""));
        expect(status).toBeLessThan(500);
      }
      if (operation.body === "json" && body !== undefined)
        await ask(method, path, `{"${secret.email}": ${secret.key}`);
    },
    30_000,
  );

  test("paths that lead nowhere", async () => {
    const secret = sayable();
    const path = `/v1/${secret.key}/${encodeURIComponent(secret.email)}?phone=${secret.phone}`;
    for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
      expect((await ask(method, path)).status).toBeLessThan(500);
      await ask(method, `/docs/${secret.key}`);
      await ask(method, `/metrics?key=${secret.key}`);
    }
    const foreign = await ask("GET", path, undefined, {
      host: "evil.example",
      origin: `https://${secret.key}.example`,
    });
    expect([foreign.status, ...heldBy(foreign.text, [secret])]).toEqual([403]);
  });

  test("an embedding server that quotes everything in its errors", async () => {
    const secret = sayable();
    for (const [place, behaviour] of echoes().entries()) {
      // Several tries are made where trying again may help.
      provider.script(...Array.from({ length: 16 }, () => behaviour));
      const embedOf = (texts: string[], key: string) =>
        post("/v1/embed", { texts, model: "loud" }, { authorization: `Bearer ${key}` });
      // Texts of several callers travel together.
      const [mine, another] = await Promise.all([
        embedOf([`call ${all(secret)} about order ${place}`], keys.admin),
        embedOf([`welder ${place}`], keys.reader),
      ]);
      expect([place, mine.status >= 400, ...heldBy(mine.text, [secret, configured])]).toEqual([place, true]);
      expect([place, ...heldBy(another.text, [secret, configured])]).toEqual([place]);
    }
    provider.script();
  }, 240_000);

  test("statements that fail over what they hold and what they read", async () => {
    const secret = sayable();
    const kept = canaries();
    stored.push(kept);
    const rows = `id,name,phone\n${kept.email},${kept.key},${kept.phone}\n${kept.email},Bo,1\n`;
    expect((await post("/v1/ingest?dataset=people", rows)).status).toBe(201);
    for (const sql of [
      `SELECT CAST('${secret.email}' AS INTEGER)`,
      `SELECT CAST(id AS INTEGER) FROM people`,
      `SELECT '${secret.key}`,
      `SELECT ${secret.key} FROM people WHERE phone = ${secret.phone}`,
      `SELECT * FROM "${secret.email}"`,
      `SELECT * FROM read_csv('/tmp/${secret.key}')`,
      `SELECT error(name || phone) FROM people`,
    ]) {
      expect((await post("/v1/sql", { sql, params: [] })).status, sql).toBeLessThan(500);
      expect((await post("/v1/sql", { sql }, { accept: "application/x-ndjson" })).status, sql).toBeLessThan(
        500,
      );
    }
  }, 240_000);

  test("files that do not fit", async () => {
    const kept = canaries();
    stored.push(kept);
    expect((await post("/v1/ingest?dataset=others", "id,name,phone\n1,Ann,2\n")).status).toBe(201);
    const odd = `id,name,phone\n1,${kept.email},x${kept.phone}\n${kept.key},"${kept.email}\n`;
    for (const settings of [
      "contract=freeze",
      "contract=quarantine",
      'mode=replace&types={"name":"INTEGER"}',
    ]) {
      expect((await post(`/v1/ingest?dataset=others&${settings}`, odd)).status).toBeLessThan(500);
    }
    expect((await post("/v1/ingest?dataset=fresh&format=json", `[{"a": ${kept.key}`)).status).toBeLessThan(
      500,
    );
    expect((await post("/v1/ingest?dataset=fresh&format=parquet", all(kept))).status).toBeLessThan(500);
  }, 240_000);

  test("a corpus that cannot be built over its rows", async () => {
    const corpus = { dataset: "people", id: "id", text: "{name} in {phone}" };
    expect((await ask("PUT", "/v1/matrix/corpora/people", JSON.stringify(corpus))).status).toBe(202);
    await ask("GET", "/v1/matrix/corpora/people", undefined, { accept: "text/event-stream" });
    const described = await ask("GET", "/v1/matrix/corpora/people");
    expect(described.text).toContain('"failed"');
    // Another key searches everything there is.
    const searched = await post(
      "/v1/matrix/search",
      { query_text: "welder" },
      { authorization: `Bearer ${keys.reader}` },
    );
    expect(heldBy(searched.text, [...said, ...stored])).toEqual([]);
  }, 240_000);

  test("no other key sees them", async () => {
    const other = { authorization: `Bearer ${keys.reader}` };
    for (const [, operation] of routed) {
      const [path, body] = sendable(operation, { stray: "1" });
      const { text } = await ask(operation.method, path, body, other);
      expect(heldBy(text, [...said, ...stored])).toEqual([]);
    }
    for (const path of ["/health", "/v1/health", "/metrics", "/openapi.json", "/docs"])
      expect(heldBy((await ask("GET", path, undefined, other)).text, [...said, ...stored])).toEqual([]);
  }, 240_000);

  test("no process shows them, nor the file that says who runs", () => {
    expect(commands.length).toBeGreaterThan(0);
    const shown = [...new Set(commands)].join("\n");
    expect(heldBy(shown, [...said, ...stored])).toEqual([]);
    expect(shown).not.toContain(keys.admin);
    expect(heldBy(readFileSync(join(data, "running.json"), "utf8"), [...said, ...stored])).toEqual([]);
  });

  test("the log has the events and holds none", () => {
    const log = house.output();
    // It was not merely silent.
    expect(log).toContain('"work":"corpus build"');
    expect(heldBy(log, [...said, ...stored])).toEqual([]);
    expect(log).not.toContain(keys.admin);
    expect(log).not.toContain(keys.reader);
  });

  test("the disk holds what was stored, and nothing that was only said", () => {
    const found = filesUnder(data).filter((path) => heldBy(readFileSync(path, "latin1"), said).length > 0);
    expect(found).toEqual([]);
    expect(readFileSync(join(data, "keys.json"), "utf8")).not.toContain(keys.admin);
    for (const path of filesUnder(data).filter((name) => name.endsWith(".log")))
      expect(heldBy(readFileSync(path, "latin1"), stored)).toEqual([]);
  });
});

test("an object server that quotes everything in its errors", async () => {
  const secret = canaries();
  const data = mkdtempSync(join(tmpdir(), "house-"));
  const statuses = [400, 403, 404, 409, 500, 501, 503];
  let count = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      count += 1;
      const all = `${[...request.headers].join("\n")}\n${request.url}\n${await request.text()}`;
      const code = [secret.key, secret.phone, "AccessDenied"][count % 3] ?? "";
      const page = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${escapedXml(all)}</Message></Error>`;
      return new Response(page, { status: statuses[count % statuses.length] ?? 500 });
    },
  });
  const house = await startHouseProcess(data, false, {
    LAKEHOUSE_LOG: "debug",
    LAKEHOUSE_S3_ENDPOINT: `http://127.0.0.1:${server.port}`,
    LAKEHOUSE_S3_BUCKET: "lab-bucket",
    LAKEHOUSE_S3_ACCESS_KEY: secret.key,
    LAKEHOUSE_S3_SECRET_KEY: `${secret.phone}-secret`,
  });
  try {
    const answers: string[] = [];
    for (let round = 0; round < statuses.length; round += 1) {
      for (const [method, path, body] of [
        ["PUT", "/v1/storage/one", "a body"],
        ["GET", "/v1/storage/one", undefined],
        ["GET", "/v1/storage", undefined],
        ["DELETE", "/v1/storage/one", undefined],
        ["GET", "/v1/health", undefined],
      ] as const) {
        const reply = await fetch(house.url + path, { method, ...(body === undefined ? {} : { body }) });
        answers.push(`${[...reply.headers].join("\n")}\n${await reply.text()}`);
      }
    }
    expect(count).toBeGreaterThan(statuses.length);
    expect(answers.join("\n")).toContain("403 AccessDenied");
    expect(heldBy(answers.join("\n"), [secret])).toEqual([]);
    expect(heldBy(commandsOf(house.pid).join("\n"), [secret])).toEqual([]);
    expect(heldBy(house.output(), [secret])).toEqual([]);
    expect(
      filesUnder(data).filter((path) => heldBy(readFileSync(path, "latin1"), [secret]).length > 0),
    ).toEqual([]);
  } finally {
    await house.kill();
    await server.stop(true);
    rmSync(data, { recursive: true, force: true });
  }
}, 240_000);

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The command lines of a process group: what `ps` shows to every user. */
function commandsOf(group: number): string[] {
  if (process.platform !== "linux") return ["unknown here"];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
        const [, , pgrp] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return Number(pgrp) === group ? [readFileSync(`/proc/${pid}/cmdline`, "utf8")] : [];
      } catch {
        // It ended while we looked.
        return [];
      }
    });
}
