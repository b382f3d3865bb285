// What a scenario is: a whole job of a caller in several calls, whose answers are checked. A wrong answer, a status that was
// not expected and a call without a reply each fail the scenario, with the name of the check and what was found.

import type { Random } from "#lib/random";
import type { WireCall } from "../caller.ts";
import type { LoadRoster } from "../material/roster.ts";

export interface ScenarioJob {
  /** The scenario's number in the run, from 0. */
  readonly turn: number;
  /** Which client does it: no other scenario has the same at the same time. */
  readonly client: number;
  /** Of no workers where a load searches what it did not make. */
  readonly roster: LoadRoster;
  /** The corpus of the roster's workers, which is also its dataset; empty where none is named. */
  readonly corpus: string;
  /** Where rotating bodies are sent. */
  readonly path: string;
  /** Unlike that of any other run, so that what an earlier run sent is not sent again. */
  readonly run: number;
  readonly random: Random;
  /** The body of the reply. Throws WrongAnswer on any other status than `expected`, which is 200 unless given. */
  readonly ask: (call: WireCall, expected?: number) => Promise<unknown>;
}

export type LoadScenario = (job: ScenarioJob) => Promise<void>;

export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer";
  /** What did not hold: a few words that are the same for all failures of a kind. */
  readonly check: string;

  constructor(check: string, detail: string) {
    super(detail);
    this.check = check;
  }
}

export function check(holds: boolean, name: string, found: unknown): void {
  if (!holds) fail(name, found);
}

/** For checks so many that what was found must not be put into words each time. */
export function fail(name: string, found: unknown): never {
  throw new WrongAnswer(name, typeof found === "string" ? found : JSON.stringify(found));
}
