// Declared rules over a judged artifact. The files are read again when one of them changes; each rule has its own time and
// rows, and one that fails is told and takes no other with it.

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactKind, Context, Finding } from "#contracts/validate";
import type { query } from "#contracts/query";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { toFault } from "#rpc/fault";
import { type Rule, type RuleParam, readRule } from "./rule-file.ts";

/** A rule runs with every artifact of its kind. */
const RULES_MAX = 64;
const RULE_BYTES_MAX = 64 * 1024;
const RULE_MS_MAX = 2000;
/** Rows of one rule; a rule with more says nothing about one artifact. */
const ROWS_MAX = 100;
/** All rules together: what is judged waits for them. */
const ALL_MS_MAX = 8000;
/** A rule that took too long is left out for a while, so that it costs every artifact nothing. */
const SLOW_SKIPPED_MS = 60_000;

export interface RuleFailure {
  readonly rule: string;
  readonly message: string;
}

interface Loaded {
  readonly rules: readonly Rule[];
  readonly failures: readonly RuleFailure[];
}

/** Where in the artifact a worker stands. */
export type PathOfWorker = (workerId: string) => { readonly path: string; readonly row: number } | undefined;

export interface RuleFindings {
  readonly found: { readonly finding: Finding; readonly row: number; readonly rule: number }[];
  readonly checked: readonly string[];
  readonly failures: readonly RuleFailure[];
}

export class Rules {
  readonly #folder: string;
  readonly #query: Service<typeof query>;
  readonly #ruleMs: number;
  #version = "";
  /** When slow rules are run again, by name. */
  readonly #slow = new Map<string, number>();
  #loaded: Loaded = { rules: [], failures: [] };

  constructor(folder: string, sql: Service<typeof query>, ruleMs = RULE_MS_MAX) {
    this.#ruleMs = ruleMs;
    this.#folder = folder;
    this.#query = sql;
  }

  /** The rules as the files have them now. */
  async list(): Promise<Loaded> {
    const files = await this.#files();
    const version = files.map(({ name, at, size }) => `${name} ${at} ${size}`).join("\n");
    if (version === this.#version) return this.#loaded;
    const rules: Rule[] = [];
    const failures: RuleFailure[] = [];
    for (const [place, { file, name, size }] of files.entries()) {
      if (place >= RULES_MAX) {
        failures.push({
          rule: name,
          message: `There are more than ${RULES_MAX} rules; this one is not run.`,
        });
        continue;
      }
      const read =
        size > RULE_BYTES_MAX
          ? { error: "the file has more than 64 KiB." }
          : readRule(name, await readFile(join(this.#folder, file), "utf8"));
      if ("rule" in read) rules.push(read.rule);
      else failures.push({ rule: name, message: `The rule ${name} cannot be read: ${read.error}` });
    }
    this.#loaded = { rules, failures };
    this.#version = version;
    this.#slow.clear();
    return this.#loaded;
  }

  async #files(): Promise<{ file: string; name: string; at: number; size: number }[]> {
    let names: string[];
    try {
      names = await readdir(this.#folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
    const files = [];
    for (const file of names.filter((name) => name.endsWith(".sql")).sort()) {
      const { mtimeMs: at, size } = await stat(join(this.#folder, file));
      files.push({ file, name: file.slice(0, -".sql".length), at, size });
    }
    return files;
  }

  /** Runs the rules of a kind. */
  async run(
    artifact: ArtifactKind,
    values: Readonly<Record<RuleParam, unknown>>,
    pathOf: PathOfWorker,
    call: CallInit,
  ): Promise<RuleFindings> {
    const { rules, failures } = await this.list();
    const own = rules.filter((rule) => rule.artifact === artifact);
    if (own.length === 0) return { found: [], checked: [], failures };
    const found: RuleFindings["found"][number][] = [];
    const failed = [...failures];
    const checked: string[] = [];
    const started = performance.now();
    // One after the other: a slow one must not hold the engines that the others need.
    for (const [place, rule] of own.entries()) {
      const skippedUntil = this.#slow.get(rule.name) ?? 0;
      const problem =
        performance.now() < skippedUntil
          ? `took more than ${this.#ruleMs / 1000} s and is left out for a minute, or until its file changes.`
          : performance.now() - started > ALL_MS_MAX
            ? `was not run: the rules together took more than ${ALL_MS_MAX / 1000} s.`
            : await this.#runOne(rule, place, values, pathOf, call, found);
      if (problem === undefined) checked.push(codeOf(rule));
      else failed.push({ rule: rule.name, message: `The rule ${rule.name} ${problem}` });
    }
    return { found, checked, failures: failed };
  }

  /** What went wrong, or undefined. */
  async #runOne(
    rule: Rule,
    place: number,
    values: Readonly<Record<RuleParam, unknown>>,
    pathOf: PathOfWorker,
    call: CallInit,
    found: RuleFindings["found"][number][],
  ): Promise<string | undefined> {
    try {
      for (const one of await this.#findings(rule, values, pathOf, call)) found.push({ ...one, rule: place });
      return undefined;
    } catch (thrown) {
      const { message, code } = toFault(thrown);
      if (code === "cancelled") throw thrown;
      if (code === "timeout") this.#slow.set(rule.name, performance.now() + SLOW_SKIPPED_MS);
      return `could not be run: ${message}`;
    }
  }

  async #findings(
    rule: Rule,
    values: Readonly<Record<RuleParam, unknown>>,
    pathOf: PathOfWorker,
    { requestId, traceparent, caller, signal }: CallInit,
  ): Promise<{ finding: Finding; row: number }[]> {
    const params = rule.params.map((name) => values[name] ?? null) as (string | number | null | string[])[];
    // A list that is empty has no type, and would match nothing.
    if (params.some((value) => Array.isArray(value) && value.length === 0)) return [];
    const { rows } = await this.#query.sql(
      { sql: rule.sql, params, limit: ROWS_MAX, timeout_ms: this.#ruleMs },
      { requestId, traceparent, caller, signal },
    );
    return rows.map((row) => findingOfRow(rule, row, pathOf));
  }
}

function codeOf({ name }: Rule): string {
  return `rule.${name}`;
}

const SEVERITIES: ReadonlySet<unknown> = new Set(["error", "warning", "info"]);

function findingOfRow(
  rule: Rule,
  row: Readonly<Record<string, unknown>>,
  pathOf: PathOfWorker,
): { finding: Finding; row: number } {
  const text = (name: string): string | undefined => {
    const value = row[name];
    return value === null || value === undefined ? undefined : String(value);
  };
  const place = pathOf(text("worker_id") ?? "");
  const law = text("law") ?? rule.law;
  const hint = text("hint");
  return {
    row: place?.row ?? -1,
    finding: {
      code: codeOf(rule),
      kind: rule.kind,
      severity: SEVERITIES.has(row["severity"]) ? (row["severity"] as Finding["severity"]) : rule.severity,
      path: text("path") ?? place?.path ?? "",
      message: text("message") ?? `breaks the rule ${rule.name}`,
      ...(row["expected"] === undefined || row["expected"] === null ? {} : { expected: row["expected"] }),
      ...(row["actual"] === undefined || row["actual"] === null ? {} : { actual: row["actual"] }),
      ...(hint === undefined ? {} : { hint }),
      ...(law === undefined ? {} : { law }),
    },
  };
}

/** What the statements of rules may name, from an artifact and its context. */
export function ruleValues(
  artifact: Readonly<Record<string, unknown>>,
  workerIds: readonly string[],
  { order }: Context,
  now: number,
): Record<RuleParam, unknown> {
  const text = (name: string): string | null => {
    const value = artifact[name];
    return typeof value === "string" ? value : null;
  };
  return {
    worker_ids: [...new Set(workerIds)],
    worker_id: text("worker_id") ?? workerIds[0] ?? null,
    answer_id: text("answer_id"),
    order_id: order?.order_id ?? text("order_id"),
    client_id: order?.client_id ?? null,
    site_id: order?.site_id ?? null,
    role: order?.role ?? text("role"),
    city: order?.city ?? null,
    state: order?.state ?? null,
    start_at: order?.start_at ?? null,
    end_at: order?.end_at ?? null,
    headcount: order?.headcount ?? null,
    pay_rate: order?.pay_rate ?? null,
    bill_rate: order?.bill_rate ?? null,
    now: new Date(now).toISOString(),
  };
}
