// State that the steps of the demo share: their input, what each adds for later ones, and what each returns.

import type { Settings } from "#config";
import type { Fill, Shortlist } from "#contracts/fill";
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
  story?: OrderStory;
  /** The console's page of an order that is open when the demo has ended. */
  fillPage?: string;
}

/** What one step of an order's life leaves for the next. */
export interface OrderStory {
  readonly opened: Fill & Shortlist;
  /** When the text was written, RFC 3339. */
  readonly now: string;
  current: Fill;
}

export interface StepReport {
  readonly title: string;
  readonly lines: readonly string[];
}

export type StepDetail = Readonly<Record<string, unknown>>;
export type Step = (stage: Stage) => Promise<{ detail: StepDetail; report: StepReport }>;

/** Columns before the lines of a step. */
export const INDENT = 5;
