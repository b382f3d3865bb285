// The places of an order: who has one, what may be recorded next, and how many are still open.

import { type ReactNode, useState } from "react";
import type { Fill, OutcomeResult, Seat, SeatStatus } from "#contracts/fill";
import { counted, timeOf } from "../parts/words.ts";
import { filld } from "../wire/client.ts";
import { NEXT_RESULTS, RESULT_WORDS } from "./order-words.ts";
import { OutcomeForm, type Outcome } from "./outcome-form.tsx";
import { SeatStatusPill } from "./status.tsx";
import type { FillWork } from "./use-fill.ts";

interface PlacesProps {
  readonly fill: Fill;
  readonly nameOf: (workerId: string) => string;
  readonly work: FillWork;
  readonly onBackfill: (() => void) | undefined;
}

const ORDER: readonly SeatStatus[] = [
  "confirmed",
  "completed",
  "contacted",
  "proposed",
  "no_show",
  "late_cancel",
  "declined",
  "blocked",
  "cancelled",
  "replaced",
];

/** Their places have to be filled by others. */
const FELL_OUT: ReadonlySet<SeatStatus> = new Set([
  "declined",
  "no_show",
  "late_cancel",
  "blocked",
  "cancelled",
]);

/** These need a reason or a rating, so they are asked for first. */
const WITH_FORM: ReadonlySet<OutcomeResult> = new Set(["completed", "blocked", "no_show", "late_cancel"]);

export function Places({ fill, nameOf, work, onBackfill }: PlacesProps): ReactNode {
  const [form, setForm] = useState<{ seat: Seat; result: OutcomeResult }>();
  const { headcount = 1 } = fill.order;
  const taken = Math.max(0, headcount - fill.short);
  const seats = fill.seats.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const busy = work.busy !== undefined;
  const record = ({ worker_id }: Seat, outcome: Outcome): Promise<boolean> =>
    work.write(
      `Recording ${RESULT_WORDS[outcome.result].toLowerCase()} for ${nameOf(worker_id)}`,
      (version) => filld.outcome({ fill_id: fill.fill_id, version, worker_id, ...outcome }),
    );
  return (
    <section aria-labelledby="places" className="card">
      <header className="section-head">
        <h2 id="places">
          Places{" "}
          <span className={fill.short > 0 ? "short" : "muted"}>
            {taken} of {headcount} filled
          </span>
        </h2>
        {onBackfill !== undefined && seats.some(({ status }) => FELL_OUT.has(status)) && (
          <button type="button" disabled={busy} onClick={onBackfill}>
            Backfill {fill.short} <kbd>B</kbd>
          </button>
        )}
      </header>
      <progress
        max={headcount}
        value={taken}
        aria-label={`${taken} of ${counted(headcount, "place")} filled`}
      />
      {seats.length === 0 && (
        <p className="muted">
          Nobody is proposed yet. Choose people on the left, or let the best be proposed.
        </p>
      )}
      {seats.length > 0 && (
        <ul className="seats">
          {seats.map((seat) => (
            <li key={seat.worker_id}>
              <div className="seat-head">
                <b>{nameOf(seat.worker_id)}</b>
                <SeatStatusPill status={seat.status} />
                {seat.held_until !== undefined && seat.status === "proposed" && (
                  <span className="muted">until {timeOf(seat.held_until)}</span>
                )}
                {seat.rating !== undefined && <span className="muted">{seat.rating} of 5</span>}
              </div>
              {seat.reason !== undefined && <div className="why">{seat.reason}</div>}
              <div className="seat-actions">
                {NEXT_RESULTS[seat.status].map((result, index) => (
                  <button
                    key={result}
                    type="button"
                    className={index === 0 && result !== "blocked" ? "small" : "small quiet"}
                    disabled={busy}
                    aria-label={`${RESULT_WORDS[result]}: ${nameOf(seat.worker_id)}`}
                    onClick={() => {
                      if (WITH_FORM.has(result)) setForm({ seat, result });
                      else void record(seat, { result });
                    }}
                  >
                    {RESULT_WORDS[result]}
                  </button>
                ))}
              </div>
            </li>
          ))}
        </ul>
      )}
      {form !== undefined && (
        <OutcomeForm
          name={nameOf(form.seat.worker_id)}
          result={form.result}
          order={fill.order}
          busy={busy}
          refused={work.refused?.fault}
          onClose={() => setForm(undefined)}
          onSave={async (outcome) => {
            if (await record(form.seat, outcome)) setForm(undefined);
          }}
        />
      )}
    </section>
  );
}
