// Alert rules and the state each is in. They are looked at once a second while there are any; a change of state is an event
// itself, which no rule counts.

import type { Alert, AlertRule, ObservedEvent } from "#contracts/observe";
import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";
import { AlertWindow } from "./window.ts";

/** A person looks at them. */
const RULES_MAX = 200;
const LOOK_MS = 1000;

export const ALERT_KIND = "alert";

interface Watched {
  readonly rule: AlertRule;
  readonly window: AlertWindow;
  state: Alert["state"];
  value: number | null;
  since: string;
}

export interface AlertsDeps {
  readonly clock: Clock;
  /** Is told of a rule that came into another state, or began in one that is not ok. */
  readonly onChange: (alert: Alert) => void;
}

export class Alerts {
  readonly #clock: Clock;
  readonly #onChange: (alert: Alert) => void;
  readonly #rules = new Map<string, Watched>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor({ clock, onChange }: AlertsDeps, rules: readonly AlertRule[]) {
    this.#clock = clock;
    this.#onChange = onChange;
    for (const rule of rules) this.put(rule);
  }

  get rules(): readonly AlertRule[] {
    return [...this.#rules.values()].map(({ rule }) => rule);
  }

  get firing(): number {
    return [...this.#rules.values()].filter(({ state }) => state === "firing").length;
  }

  /** As they are now. */
  list(): readonly Alert[] {
    this.look();
    return [...this.#rules.values()].map(alertOf);
  }

  /** Throws `rejected` when there are as many rules as there may be. */
  checkRoom(name: string): void {
    if (this.#rules.has(name) || this.#rules.size < RULES_MAX) return;
    throw new Fault("rejected", `There may be ${RULES_MAX} alert rules. Remove one first.`);
  }

  put(rule: AlertRule): Alert {
    const since = this.#nowText();
    const watched: Watched = { rule, window: new AlertWindow(rule), state: "no_data", value: null, since };
    this.#rules.set(rule.rule, watched);
    this.#timer ??= setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
    return alertOf(watched);
  }

  /** False when there is none of that name. */
  drop(name: string): boolean {
    const dropped = this.#rules.delete(name);
    if (this.#rules.size === 0) this.close();
    return dropped;
  }

  add(event: ObservedEvent): void {
    if (event.kind === ALERT_KIND) return;
    const nowMs = this.#clock.now();
    for (const { window } of this.#rules.values()) window.add(event, nowMs);
  }

  look(): void {
    const nowMs = this.#clock.now();
    for (const watched of this.#rules.values()) {
      watched.value = watched.window.value(nowMs);
      const state = stateOf(watched);
      if (state === watched.state) continue;
      const before = watched.state;
      watched.state = state;
      watched.since = this.#nowText();
      // That there are events now, or none any more, is no news as long as nothing fires.
      if (state === "firing" || before === "firing") this.#onChange(alertOf(watched));
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #nowText(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function stateOf({ rule, value }: Watched): Alert["state"] {
  if (value === null) return "no_data";
  return value > rule.threshold ? "firing" : "ok";
}

function alertOf({ rule, state, value, since }: Watched): Alert {
  return { ...rule, state, value, since };
}
