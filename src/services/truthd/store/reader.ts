// Reads truth.sqlite, as it was at a time of recording. Long lists are read in pages, and between two of them whatever else
// is ready to run does so.

import type { StateReader, StateValue } from "#adapters/state";
import type { Decision, Imported, TruthRule } from "#contracts/truth";
import { yieldToEventLoop } from "#lib/event-loop";
import { claimOf, decisionOf, documentOf, type RecordedClaim, ruleOf } from "./rows.ts";

/** Some 5 ms. */
const PAGE_ROWS = 2000;

/** Where a list of an entity's claims goes on. */
export type ClaimPlace = readonly [attribute: string, source: string, observedMs: number, id: string];
/** Where the list of contested attributes goes on. */
export type ContestedPlace = readonly [attribute: string, entity: string];

export interface RecordedRule {
  readonly rule: TruthRule;
  readonly recordedUs: number;
}

export class TruthReader {
  readonly #state: StateReader;

  constructor(state: StateReader) {
    this.#state = state;
  }

  /** All claims about an entity, or about one attribute of it. */
  async claims(entity: string, attribute: string | undefined, untilUs: number): Promise<RecordedClaim[]> {
    const found: RecordedClaim[] = [];
    let after: ClaimPlace | undefined;
    for (;;) {
      const page = await this.claimPage(entity, attribute, untilUs, after, PAGE_ROWS);
      found.push(...page);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) return found;
      after = placeOf(last);
      await yieldToEventLoop();
    }
  }

  async claimPage(
    entity: string,
    attribute: string | undefined,
    untilUs: number,
    after: ClaimPlace | undefined,
    limit: number,
  ): Promise<RecordedClaim[]> {
    const values: StateValue[] = [entity, untilUs, limit];
    let where = "entity = $1 and recorded_us <= $2";
    if (attribute !== undefined) where += ` and attribute = $${values.push(attribute)}`;
    if (after !== undefined) {
      const places = after.map((value) => `$${values.push(value)}`);
      where += ` and (attribute, source, observed_ms, id) > (${places.join(", ")})`;
    }
    const rows = await this.#state.all(
      `select * from claims where ${where} order by attribute, source, observed_ms, id limit $3`,
      values,
    );
    return rows.map(claimOf);
  }

  /** The newest decision about each attribute of an entity, or about one. */
  async decisions(
    entity: string,
    attribute: string | undefined,
    untilUs: number,
  ): Promise<ReadonlyMap<string, Decision>> {
    const rows = await this.#state.all(
      "select decision, sum from decisions where entity = $1 and recorded_us <= $2 order by recorded_us",
      [entity, untilUs],
    );
    const all = rows
      .map(decisionOf)
      .filter((decision) => attribute === undefined || decision.attribute === attribute);
    return new Map(all.map((decision) => [decision.attribute, decision]));
  }

  /** Newest first, before the time of a recording. */
  async decisionPage(
    entity: string | undefined,
    beforeUs: number,
    limit: number,
  ): Promise<{ readonly decision: Decision; readonly recordedUs: number }[]> {
    const values: StateValue[] = [beforeUs, limit];
    const own = entity === undefined ? "" : `and entity = $${values.push(entity)}`;
    const rows = await this.#state.all(
      `select recorded_us, decision, sum from decisions where recorded_us < $1 ${own} order by recorded_us desc limit $2`,
      values,
    );
    return rows.map((row) => ({ decision: decisionOf(row), recordedUs: Number(row["recorded_us"]) }));
  }

  /** Of every attribute, oldest first. */
  async rules(): Promise<RecordedRule[]> {
    const rows = await this.#state.all("select rule, recorded_us, sum from rules order by recorded_us");
    return rows.map((row) => ({ rule: ruleOf(row), recordedUs: Number(row["recorded_us"]) }));
  }

  /** Names of entities with claims or decisions after a name, each found by one step into the tables. */
  async entities(prefix: string, after: string | undefined, limit: number): Promise<string[]> {
    const first = after === undefined ? prefix : after;
    const next = (than: string): string =>
      `(select min(e) from (select min(entity) as e from claims where entity ${than}
        union all select min(entity) from decisions where entity ${than}))`;
    const rows = await this.#state.all(
      `with recursive names (name, n) as (
         select ${next(after === undefined ? ">= $1" : "> $1")}, 1
         union all select ${next("> names.name")}, n + 1 from names where name is not null and n < $2
       ) select name from names where name is not null`,
      [first, limit],
    );
    const names = rows.map(({ name }) => String(name));
    // In the order of SQLite all names with the prefix stand together.
    const end = names.findIndex((name) => !name.startsWith(prefix));
    return end === -1 ? names : names.slice(0, end);
  }

  /** Attributes about which different things were claimed, in order. */
  async contested(
    attribute: string | undefined,
    after: ContestedPlace | undefined,
    limit: number,
  ): Promise<ContestedPlace[]> {
    const values: StateValue[] = [limit];
    const conditions = ["true"];
    if (attribute !== undefined) conditions.push(`attribute = $${values.push(attribute)}`);
    if (after !== undefined) {
      conditions.push(`(attribute, entity) > ($${values.push(after[0])}, $${values.push(after[1])})`);
    }
    const rows = await this.#state.all(
      `select attribute, entity from contested where ${conditions.join(" and ")} order by attribute, entity limit $1`,
      values,
    );
    return rows.map(({ attribute, entity }) => [String(attribute), String(entity)]);
  }

  /** Compares every row with its checksum, and gives the number of claims. Throws Fault `internal` for damage. */
  async verify(): Promise<number> {
    const key = "entity, attribute, source, observed_ms, id";
    let claims = 0;
    let after: StateValue[] = [];
    for (;;) {
      const where = after.length === 0 ? "true" : `(${key}) > ($1, $2, $3, $4, $5)`;
      const rows = await this.#state.all(
        `select * from claims where ${where} order by ${key} limit ${PAGE_ROWS}`,
        after,
      );
      const page = rows.map(claimOf);
      claims += page.length;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) break;
      after = [last.entity, ...placeOf(last)];
      await yieldToEventLoop();
    }
    await this.rules();
    for (const sql of [
      "select decision, sum from decisions",
      "select result as decision, sum from imports",
    ]) {
      for (const row of await this.#state.all(sql)) documentOf(row, "decision", "a record");
    }
    return claims;
  }

  /** The result of an import that was done before. */
  async imported(key: string): Promise<Imported | undefined> {
    const [row] = await this.#state.all("select result, sum from imports where key = $1", [key]);
    return row === undefined ? undefined : (documentOf(row, "result", "an import") as Imported);
  }

  close(): Promise<void> {
    return this.#state.close();
  }
}

export function placeOf({ attribute, source, observedMs, id }: RecordedClaim): ClaimPlace {
  return [attribute, source, observedMs, id];
}
