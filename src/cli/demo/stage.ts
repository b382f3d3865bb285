// State that the steps of the demo share: their input, what each adds for later ones, and what each returns.

import type { Settings } from "#config";
import type { House } from "#contracts/house";
import type { RunningHouse } from "#topology/together";
import type { DemoFile } from "./files.ts";
import type { KnownStatus } from "./queries.ts";
import type { Paint } from "../terminal/terminal.ts";

export interface Stage {
  readonly settings: Settings;
  readonly own: { readonly workers: string | undefined; readonly orders: string | undefined };
  readonly startedAt: number;
  readonly signal: AbortSignal;
  /** Columns for tables. */
  readonly width: number;
  readonly paint: Paint;
  house?: RunningHouse;
  clients?: House;
  files?: readonly [workers: DemoFile, orders: DemoFile];
  /** Column names by dataset, as they are in the lake. */
  columns?: Readonly<Record<DemoFile["dataset"], readonly string[]>>;
  status?: KnownStatus;
  /** The page of the order that the demo opened. */
  fillPage?: string;
}

export interface StepReport {
  readonly title: string;
  readonly lines: readonly string[];
}

export type StepDetail = Readonly<Record<string, unknown>>;
export type Step = (stage: Stage) => Promise<{ detail: StepDetail; report: StepReport }>;

/** Columns before the lines of a step. */
export const INDENT = 5;
