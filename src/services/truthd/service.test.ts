import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { truth } from "#contracts/truth";
import type { InputOf, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { listen, type Listener } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { truthd, type TruthdDeps } from "./service.ts";

type Claims = InputOf<typeof truth.claims>["claims"];

/** Imports and exports are tested through a house, where these are real. */
const absent = (): never => {
  throw new Error("is not there in this test");
};
const NEIGHBOURS = {
  catalog: { scan: absent, snapshots: absent },
  query: { sqlStream: absent },
  ingest: { ingest: absent },
} as const satisfies Partial<TruthdDeps>;

interface Started {
  readonly service: Service<typeof truth>;
  readonly daemon: Daemon<typeof truth>;
  stop(): Promise<void>;
}

async function start(topology: "local" | "remote", folder: string): Promise<Started> {
  const daemon = await truthd({ ...NEIGHBOURS, file: join(folder, "truth.sqlite") });
  const implementation = implement(truth, "truthd", daemon.handlers, { checkOutputs: true });
  let listener: Listener | undefined;
  let service: Service<typeof truth> = local(implementation);
  if (topology === "remote") {
    const unix = join(folder, "truthd.sock");
    listener = listen({ origin: "truthd", at: { unix }, routes: routes(implementation) });
    service = remote(truth, { unix }, { origin: "truthd" });
  }
  return {
    service,
    daemon,
    stop: async () => {
      await listener?.stop(1000);
      await daemon.close();
    },
  };
}

const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error("There was no fault.");
};

const claim = (
  entity: string,
  value: string | number | null,
  source = "crm",
  observed_at = "2026-11-01T00:00:00Z",
  attribute = "phone",
): Claims[number] => ({ entity, attribute, value, source, observed_at });

describe.each(["local", "remote"] as const)("truthd, %s", (topology) => {
  const folder = mkdtempSync(join(tmpdir(), "truthd-test-"));
  let own: Started;
  beforeAll(async () => {
    own = await start(topology, folder);
  });
  afterAll(async () => {
    await own.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a folder in which nothing was recorded has no writer, no file and no claims", async () => {
    expect(await own.service.conflicts({})).toEqual({ conflicts: [] });
    expect(await own.service.rules({})).toEqual({ rules: [] });
    expect((await faultOf(own.service.entity({ entity: "worker:1" }))).code).toBe("not_found");
    expect(own.daemon.stats?.()["writer_pid"]).toBeUndefined();
  });

  test("a claim is recorded once, however often it is sent, and what differs in anything is another", async () => {
    const { service } = own;
    const claims = [claim("dup", "a"), { ...claim("dup", "a"), confidence: 0.5 }, claim("dup", "a")];
    expect(await service.claims({ claims })).toMatchObject({ accepted: 2, duplicates: 1 });
    expect(await service.claims({ claims })).toMatchObject({ accepted: 0, duplicates: 3 });
    // The same moment in another zone is the same claim.
    const zoned = [claim("dup", "a", "crm", "2026-11-01T02:00:00+02:00")];
    expect(await service.claims({ claims: zoned })).toMatchObject({ accepted: 0, duplicates: 1 });
    expect((await service.history({ entity: "dup" })).claims).toHaveLength(2);
  });

  test("an entity says what holds, and an entity of any name is found by it", async () => {
    const { service } = own;
    for (const entity of ["a/b c", "ünï:1", "50%", "__proto__", ".."]) {
      await service.claims({ claims: [claim(entity, "x", "crm", "2026-11-01T00:00:00Z", "__proto__")] });
      if (entity === ".." && topology === "remote") continue;
      const found = await service.entity({ entity });
      expect(found.entity).toBe(entity);
      expect(Object.entries(found.attributes).map(([name, { value }]) => [name, value])).toEqual([
        ["__proto__", "x"],
      ]);
    }
  });

  test("whatever a claim says is read back as it was said", async () => {
    const { service } = own;
    let run = 0;
    const text = (maxLength: number): fc.Arbitrary<string> =>
      fc
        .string({ unit: "binary", minLength: 1, maxLength })
        .filter((text) => text.isWellFormed() && !text.includes("\0"));
    const any = fc.record(
      {
        attribute: text(20),
        source: text(20),
        value: fc.oneof(
          text(60),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.boolean(),
          fc.constant(null),
        ),
        observed_at: fc
          .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
          .map((date) => date.toISOString()),
        confidence: fc.double({ min: 0, max: 1, noNaN: true }),
        evidence: text(30),
      },
      { requiredKeys: ["attribute", "source", "value", "observed_at"] },
    );
    const sortedText = (one: object): string =>
      JSON.stringify(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
    await fc.assert(
      fc.asyncProperty(fc.array(any, { minLength: 1, maxLength: 20 }), async (many) => {
        run += 1;
        const entity = `any:${run}`;
        const { accepted } = await service.claims({ claims: many.map((one) => ({ entity, ...one })) });
        const { claims } = await service.history({ entity, limit: 1000 });
        const said = new Set(many.map((one) => sortedText({ confidence: 1, ...one })));
        const kept = claims.map(({ entity: _entity, recorded_at: _at, ...one }) => sortedText(one));
        expect(new Set(kept)).toEqual(said);
        expect(accepted).toBe(said.size);
        await service.entity({ entity });
      }),
      { numRuns: 25 },
    );
  });

  test("half a character and NUL are refused", async () => {
    for (const bad of ["a\0b", "\ud800", "x\udc00"]) {
      for (const field of ["entity", "attribute", "source", "value", "evidence"]) {
        const fault = await faultOf(own.service.claims({ claims: [{ ...claim("x", "y"), [field]: bad }] }));
        expect(fault.code).toBe("invalid");
        // Half a character is refused by the wire itself, before fields are looked at.
        const [detail] = fault.details ?? [];
        if (bad.isWellFormed() || detail !== undefined) expect(detail?.path).toBe(`claims.0.${field}`);
      }
    }
  });

  test("conflicts are listed page by page until a rule or a person settles them", async () => {
    const { service } = own;
    const claims = Array.from({ length: 7 }, (_, at) => [
      claim(`page:${at}`, "x", "crm", "2026-11-01T00:00:00Z", "pay"),
      claim(`page:${at}`, at < 5 ? "y" : "X", "hr", "2026-11-02T00:00:00Z", "pay"),
    ]).flat();
    await service.claims({ claims });
    const listed = async (limit: number): Promise<string[]> => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await service.conflicts({ attribute: "pay", limit, cursor });
        expect(page.conflicts.length).toBeLessThanOrEqual(limit);
        found.push(...page.conflicts.map(({ entity }) => entity));
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      return found;
    };
    const all = [0, 1, 2, 3, 4, 5, 6].map((at) => `page:${at}`);
    expect(await listed(2)).toEqual(all);
    expect(await listed(1000)).toEqual(all);
    await service.putRule({ attribute: "pay", normaliser: "text" });
    expect(await listed(3)).toEqual(all.slice(0, 5));
    await service.decide({ entity: "page:0", attribute: "pay", value: "x", actor: "Dana", reason: "asked" });
    expect(await listed(3)).toEqual(all.slice(1, 5));
    await service.putRule({ attribute: "pay", normaliser: "text", sources: ["hr"] });
    expect(await listed(3)).toEqual([]);
    // Observed after the decision, and against it.
    await service.claims({ claims: [claim("page:0", "z", "ats", "2099-01-01T00:00:00Z", "pay")] });
    expect(await listed(3)).toEqual(["page:0"]);
    const { attributes } = await service.entity({ entity: "page:0" });
    expect(attributes["pay"]?.reopened?.value).toBe("x");
    expect((await service.decisions({ entity: "page:0" })).decisions.map(({ actor }) => actor)).toEqual([
      "Dana",
    ]);
  });

  test("a decision about what only one source ever said is seen where it is contradicted", async () => {
    const { service } = own;
    await service.claims({ claims: [claim("lone", "a", "crm", "2098-01-01T00:00:00Z", "lone")] });
    await service.decide({ entity: "lone", attribute: "lone", value: "b", actor: "Dana", reason: "asked" });
    const { conflicts } = await service.conflicts({ attribute: "lone" });
    expect(conflicts.map(({ entity, reopened }) => [entity, reopened?.value])).toEqual([["lone", "b"]]);
  });

  test("entities are listed by prefix, and a cursor of another list is refused", async () => {
    const { service } = own;
    await service.claims({ claims: ["e:1", "e:2", "e:3", "f:1"].map((entity) => claim(entity, "x")) });
    const first = await service.entities({ prefix: "e:", limit: 2 });
    expect(first.entities).toEqual(["e:1", "e:2"]);
    expect(await service.entities({ prefix: "e:", limit: 2, cursor: first.next_cursor })).toEqual({
      entities: ["e:3"],
    });
    const fault = await faultOf(service.history({ entity: "e:1", cursor: first.next_cursor }));
    expect([fault.code, fault.details?.[0]?.path]).toEqual(["invalid", "cursor"]);
  });

  test("history goes on where its page ended, and tells when each claim was recorded", async () => {
    const { service } = own;
    const claims = Array.from({ length: 5 }, (_, at) =>
      claim("long", at, "crm", `2026-11-0${at + 1}T00:00:00Z`),
    );
    const { as_of } = await service.claims({ claims });
    const first = await service.history({ entity: "long", limit: 3 });
    const rest = await service.history({ entity: "long", limit: 3, cursor: first.next_cursor });
    expect([...first.claims, ...rest.claims].map(({ value }) => value)).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(first.claims.map(({ recorded_at }) => recorded_at))).toEqual(new Set([as_of]));
    expect(rest.next_cursor).toBeUndefined();
  });

  test("what was believed at any time is answered as it was then, to the byte", async () => {
    const { service } = own;
    const step = fc.oneof(
      fc.record({
        claim: fc.record({
          value: fc.constantFrom("a", "A", "b", null),
          source: fc.constantFrom("crm", "hr", "ats"),
          day: fc.integer({ min: 1, max: 9 }),
        }),
      }),
      fc.record({ decision: fc.constantFrom("a", "b") }),
      fc.record({
        rule: fc.constantFrom(
          {},
          { majority: true },
          { normaliser: "text" as const },
          { sources: ["hr"] as string[] },
        ),
      }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        run += 1;
        const [entity, attribute] = [`past:${run}`, `past-${run}`];
        const answers: { as_of: string; text: string }[] = [];
        await service.claims({ claims: [claim(entity, "a", "crm", "2026-10-01T00:00:00Z", attribute)] });
        for (const step of steps) {
          if ("claim" in step) {
            const { value, source, day } = step.claim;
            await service.claims({
              claims: [claim(entity, value, source, `2026-11-0${day}T00:00:00Z`, attribute)],
            });
          } else if ("decision" in step) {
            await service.decide({ entity, attribute, value: step.decision, actor: "Dana", reason: "asked" });
          } else await service.putRule({ attribute, ...step.rule });
          const answer = await service.entity({ entity });
          answers.push({ as_of: answer.as_of, text: JSON.stringify(answer) });
        }
        for (const { as_of, text } of answers) {
          expect(JSON.stringify(await service.entity({ entity, as_of }))).toBe(text);
        }
      }),
      { numRuns: 10 },
    );
    expect((await faultOf(service.entity({ entity: "past:1", as_of: "2001-01-01T00:00:00Z" }))).code).toBe(
      "not_found",
    );
  });

  test("answers given while others write hold afterwards too", async () => {
    const { service } = own;
    await service.claims({ claims: [claim("race", 0)] });
    const progress = { done: false };
    const writes = (async () => {
      for (let at = 1; at <= 20; at += 1) {
        await service.claims({
          claims: [claim("race", at, "crm", `2026-12-01T00:00:${String(at).padStart(2, "0")}Z`)],
        });
      }
      progress.done = true;
    })();
    const answers = new Map<string, string>();
    while (!progress.done) {
      const answer = await service.entity({ entity: "race" });
      answers.set(answer.as_of, JSON.stringify(answer));
      await Bun.sleep(0);
    }
    await writes;
    for (const [as_of, text] of answers) {
      expect(JSON.stringify(await service.entity({ entity: "race", as_of }))).toBe(text);
    }
    expect((await service.entity({ entity: "race" })).attributes["phone"]?.value).toBe(20);
  });

  test("a claim that is none is refused with its place", async () => {
    const fault = await faultOf(
      own.service.claims({ claims: [claim("x", "a"), { ...claim("x", "a"), observed_at: "yesterday" }] }),
    );
    expect([fault.code, fault.details?.[0]?.path]).toEqual(["invalid", "claims.1.observed_at"]);
  });

  test("what was acknowledged is there after the writer was killed and the service started again", async () => {
    const kept: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (let at = 0; at < 5; at += 1) {
        const entity = `kept:${round}-${at}`;
        await own.service.claims({ claims: [claim(entity, "x")] });
        kept.push(entity);
      }
      const pid = own.daemon.stats?.()["writer_pid"] as number;
      // Under way, acknowledged or not.
      const racing = own.service.claims({ claims: [claim(`racing:${round}`, "x")] }).then(
        () => kept.push(`racing:${round}`),
        (error: unknown) => expect((error as Fault).code).toMatch(/unavailable|internal/),
      );
      process.kill(pid, "SIGKILL");
      await racing;
      await own.stop();
      own = await start(topology, folder);
    }
    for (const entity of kept)
      expect((await own.service.entity({ entity })).attributes["phone"]?.value).toBe("x");
  });

  test("a row that is not what was recorded is told by every call, and the service starts all the same", async () => {
    await own.service.claims({ claims: [claim("rotten", "the value that will be flipped")] });
    await own.stop();
    const file = join(folder, "truth.sqlite");
    // What is still in the log is written to the database when it is opened and closed by something else.
    const { Database } = await import("bun:sqlite");
    const database = new Database(file);
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    const bytes = readFileSync(file);
    const whole = Uint8Array.from(bytes);
    const at = bytes.indexOf("the value that will be flipped");
    expect(at).toBeGreaterThan(0);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(file, bytes);
    own = await start(topology, folder);
    for (const work of [
      () => own.service.verify({}),
      () => own.service.entity({ entity: "rotten" }),
      () => own.service.conflicts({}),
      () => own.service.claims({ claims: [claim("other", "x")] }),
    ]) {
      const fault = await faultOf(work());
      expect(fault.code).toBe("internal");
      expect(fault.message).toMatch(/^truth\.sqlite is damaged/);
    }
    expect(own.daemon.stats?.().damaged).toEqual(["truth.sqlite"]);
    await own.stop();
    writeFileSync(file, whole);
    own = await start(topology, folder);
    expect((await own.service.entity({ entity: "rotten" })).attributes["phone"]?.status).toBe("agreed");
    expect((await own.service.verify({})).claims).toBeGreaterThan(50);
  });

  test("a database that is gone is no empty one", async () => {
    await own.stop();
    for (const ending of ["", "-wal", "-shm"]) rmSync(join(folder, `truth.sqlite${ending}`), { force: true });
    own = await start(topology, folder);
    const fault = await faultOf(own.service.entities({}));
    expect([fault.code, /missing/.test(fault.message)]).toEqual(["internal", true]);
    expect(own.daemon.stats?.().damaged).toEqual(["truth.sqlite"]);
  });
});
