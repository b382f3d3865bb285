// The journal as calls find it: open; not yet, while the disk or the catalog cannot be reached; or damaged, and then every
// call is told until it is repaired. Nothing that is damaged becomes an emptier journal.

import { existsSync } from "node:fs";
import { isWitnessed, witness } from "#adapters/witness";
import type { catalog as catalogContract } from "#contracts/catalog";
import type { query as queryContract } from "#contracts/query";
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Service } from "#rpc/contract";
import { Fault, toFault, traceOf } from "#rpc/fault";
import { DATASET } from "./dataset/rows.ts";
import { rowsOfDataset, Sealer } from "./dataset/sealer.ts";
import { prepareEvent } from "./events/chained-event.ts";
import { createJournal, Journal } from "./journal.ts";
import { completeRepair, lastSealed, type Repaired, repairJournal, sealedRows } from "./repair.ts";

export interface JournalDeps {
  readonly catalog: Service<typeof catalogContract>;
  /** Sealed events come back from it in a repair. */
  readonly query: Service<typeof queryContract>;
  readonly folder: string;
  /** The age at which events are sealed, unless many are sooner. */
  readonly sealMs: number;
  readonly segmentBytes?: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Open {
  readonly journal: Journal;
  readonly sealer: Sealer;
}

export class OpenedJournal {
  readonly #deps: JournalDeps;
  readonly #failures: BackgroundFailures;
  #open: Open | undefined;
  #opening: Promise<Open> | undefined;
  #repairing: Promise<Repaired | undefined> | undefined;
  #damage: Fault | undefined;
  #isClosed = false;

  constructor(deps: JournalDeps) {
    this.#deps = deps;
    this.#failures = new BackgroundFailures(deps.log);
  }

  get failures(): Readonly<Record<string, number>> {
    return this.#failures.counts;
  }

  get damage(): Fault | undefined {
    return this.#damage;
  }

  /** Without opening it. */
  get opened(): Open | undefined {
    return this.#open;
  }

  /** Throws `internal` while it is damaged, `unavailable` while it cannot be opened. */
  readonly use = async (): Promise<Open> => {
    this.refuseDamaged();
    if (this.#open !== undefined) return this.#open;
    this.#opening ??= this.#openNow().finally(() => (this.#opening = undefined));
    return this.#opening;
  };

  readonly refuseDamaged = (): void => {
    if (this.#damage !== undefined) throw this.#damage;
  };

  /** Whatever finds damage while it reads says so here, and throws what this gives. A neighbour's faults have an origin. */
  readonly failed = (thrown: unknown): unknown => {
    if (thrown instanceof Fault && thrown.code === "internal" && thrown.origin === undefined)
      this.#noteDamage(thrown);
    return thrown;
  };

  /** Makes a damaged journal whole; undefined where it is whole. Who asks while it is repaired gets the same answer. */
  repair(): Promise<Repaired | undefined> {
    this.#repairing ??= this.#repair().finally(() => (this.#repairing = undefined));
    return this.#repairing;
  }

  async #repair(): Promise<Repaired | undefined> {
    if (this.#damage === undefined) {
      await this.use();
      return undefined;
    }
    const { folder, query, clock, log } = this.#deps;
    await this.#closeOpen();
    const repaired = await repairJournal(folder, await lastSealed(query), sealedRows(query), () =>
      this.#refuseClosed(),
    );
    this.#damage = undefined;
    log.warn("journal repaired", { kept_as: repaired.keptAs, restored: repaired.restored });
    const { journal } = await this.use();
    const { lost, restored, keptAs } = repaired;
    const data = { lost, restored, kept_as: keptAs };
    await journal.append([
      prepareEvent({ type: "journal.repaired", subject: DATASET, data }, clock.now(), ""),
    ]);
    return repaired;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // Nothing may touch the folder once another house has it. Whoever asked for the repair is told how it failed.
    await this.#repairing?.catch(() => undefined);
    await this.#opening?.catch(() => undefined);
    await this.#closeOpen();
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new Fault("unavailable", "The journal is being closed.");
  }

  async #openNow(): Promise<Open> {
    this.#refuseClosed();
    const { folder, catalog, sealMs, segmentBytes, log } = this.#deps;
    try {
      await completeRepair(folder);
      if (existsSync(folder)) this.#witness();
      else await this.#create();
      const journal = await Journal.open({
        folder,
        segmentBytes,
        failed: (work, error) => this.#failures.note(work, error),
        damaged: this.failed,
      });
      const sealer = new Sealer(journal, {
        catalog,
        sealMs,
        failed: (error) => this.#failures.note("seal", this.failed(error)),
      });
      this.#open = { journal, sealer };
      sealer.notice();
      return this.#open;
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code === "internal") throw this.failed(fault);
      log.warn("the journal cannot be opened just now", traceOf(fault));
      throw fault;
    }
  }

  /** A folder that is missing is a new journal only where there was none, and its dataset knows of no event. */
  async #create(): Promise<void> {
    const rows = await rowsOfDataset(this.#deps.catalog).catch((cause: unknown) => {
      const message = "The catalog cannot be reached to see whether there was a journal here. Try again.";
      throw new Fault("unavailable", message, { cause });
    });
    if (rows > 0) {
      throw new Fault(
        "internal",
        `The journal is missing, and its dataset has ${rows} events. Restore it from a backup, or make it again from them.`,
      );
    }
    const { folder } = this.#deps;
    if (isWitnessed(folder))
      throw new Fault(
        "internal",
        "The journal's folder is missing, and events in it were acknowledged. Restore it from a backup.",
      );
    await createJournal(folder);
    this.#witness();
  }

  /** A full disk keeps no journal from being read: without its witness it is opened, and the next start tries again. */
  #witness(): void {
    try {
      witness(this.#deps.folder);
    } catch (error) {
      this.#failures.note("witness of the journal", error);
    }
  }

  #noteDamage(fault: Fault): void {
    if (this.#damage !== undefined) return;
    const message = `The journal is damaged, and is not used until it is repaired (lakehouse repair). ${fault.message}`;
    this.#damage = new Fault("internal", message, { cause: fault.cause });
    this.#deps.log.error("the journal is damaged", traceOf(fault));
    // Those that follow it are told.
    this.#open?.journal.wake();
  }

  async #closeOpen(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    await open.sealer.close();
    await open.journal.close();
  }
}
