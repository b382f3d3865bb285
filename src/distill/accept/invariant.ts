// An invariant of distillation: what it proves, how a fixture is looked at, and a breach that it must find.

import type { Fixture } from "./fixture.ts";

/** What is wrong, in words; none where the invariant holds. */
export type Problems = readonly string[];

export interface Invariant {
  readonly name: string;
  readonly proves: string;
  readonly check: (fixture: Fixture) => Promise<Problems> | Problems;
  readonly breach: Breach;
}

export interface Breach {
  readonly name: string;
  /** Changes files of the fixture's root, or gives a fixture with another part. */
  readonly plant: (fixture: Fixture) => Partial<Pick<Fixture, "parts" | "crashed">> | void;
}
