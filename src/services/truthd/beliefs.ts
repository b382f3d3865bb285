// What holds at a time of recording: claims, decisions and the rules of that time, read and reconciled.

import type { Belief, Decision, TruthRule } from "#contracts/truth";
import { timeSlicer } from "#lib/event-loop";
import { type Comparison, comparisonOf } from "./reconcile/comparison.ts";
import { reconcile } from "./reconcile/reconcile.ts";
import type { RecordedClaim } from "./store/rows.ts";
import type { RecordedRule, TruthReader } from "./store/reader.ts";

interface LoadedRule {
  readonly rule: TruthRule | undefined;
  readonly comparison: Comparison;
}

export class Beliefs {
  readonly #reader: TruthReader;
  #rules: Promise<readonly RecordedRule[]> | undefined;
  readonly #loaded = new Map<TruthRule | undefined, Promise<LoadedRule>>();

  constructor(reader: TruthReader) {
    this.#reader = reader;
  }

  /** A rule was recorded. */
  forgetRules(): void {
    this.#rules = undefined;
    this.#loaded.clear();
  }

  /** The newest rule of each attribute. */
  async rules(asOfUs: number): Promise<ReadonlyMap<string, RecordedRule>> {
    const all = await (this.#rules ??= this.#reader.rules());
    return new Map(
      all
        .filter(({ recordedUs }) => recordedUs <= asOfUs)
        .map((recorded) => [recorded.rule.attribute, recorded]),
    );
  }

  /** What holds of every attribute of an entity, by name; undefined when nothing was recorded about it. */
  async ofEntity(entity: string, asOfUs: number): Promise<Record<string, Belief> | undefined> {
    const claims = await this.#reader.claims(entity, undefined, asOfUs);
    const decisions = await this.#reader.decisions(entity, undefined, asOfUs);
    if (claims.length === 0 && decisions.size === 0) return undefined;
    const rules = await this.rules(asOfUs);
    const byAttribute = Map.groupBy(claims, ({ attribute }) => attribute);
    const names = [...new Set([...byAttribute.keys(), ...decisions.keys()])].sort();
    const slice = timeSlicer();
    const beliefs: [string, Belief][] = [];
    for (const name of names) {
      beliefs.push([
        name,
        await this.#believe(byAttribute.get(name) ?? [], decisions.get(name), rules.get(name)?.rule, asOfUs),
      ]);
      await slice();
    }
    // No name of an attribute is a property of the object's own kind, `__proto__` neither.
    return Object.fromEntries(beliefs);
  }

  async ofAttribute(entity: string, attribute: string, asOfUs: number): Promise<Belief | undefined> {
    const claims = await this.#reader.claims(entity, attribute, asOfUs);
    const decision = (await this.#reader.decisions(entity, attribute, asOfUs)).get(attribute);
    if (claims.length === 0 && decision === undefined) return undefined;
    return this.#believe(claims, decision, (await this.rules(asOfUs)).get(attribute)?.rule, asOfUs);
  }

  async #believe(
    claims: readonly RecordedClaim[],
    decision: Decision | undefined,
    rule: TruthRule | undefined,
    asOfUs: number,
  ): Promise<Belief> {
    let loading = this.#loaded.get(rule);
    if (loading === undefined) {
      loading = comparisonOf(rule).then((comparison) => ({ rule, comparison }));
      this.#loaded.set(rule, loading);
    }
    const { comparison } = await loading;
    return reconcile({ claims, rule, comparison, decision, nowMs: asOfUs / 1000 });
  }
}
