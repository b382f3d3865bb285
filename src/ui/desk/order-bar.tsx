// The order as it was read, a chip for each field. A chip opens the form at its field; what is missing is a chip, too.

import { type ReactNode, useState } from "react";
import type { Fill, FillOrder } from "#contracts/fill";
import { Dialog } from "../parts/dialog.tsx";
import { Problem } from "../parts/notice.tsx";
import { fromNow, money } from "../parts/words.ts";
import type { WireFault } from "../wire/wire-fault.ts";
import { Further } from "./further.tsx";
import { changesOf, FORM_FIELDS, textsOf } from "./order-fields.ts";
import { fieldWord, missingWords, placeOf, whenOf } from "./order-words.ts";
import { FillStatusPill } from "./status.tsx";

interface Slot {
  /** The field at which the form opens. */
  readonly field: string;
  readonly label: string;
  readonly text: string | undefined;
}

function slotsOf(order: FillOrder): Slot[] {
  const { role, headcount, pay_rate, required_certs, client_id, site_id, max_miles, notes } = order;
  const place = placeOf(order);
  return [
    { field: "role", label: "Role", text: role },
    { field: "headcount", label: "People", text: headcount === undefined ? undefined : String(headcount) },
    { field: "city", label: "Place", text: place === "" ? undefined : place },
    { field: "start_at", label: "When", text: order.start_at === undefined ? undefined : whenOf(order) },
    {
      field: "pay_rate",
      label: "Pay",
      text: pay_rate === undefined ? undefined : `${money(pay_rate)} an hour`,
    },
    {
      field: "required_certs",
      label: "Certificates",
      text:
        required_certs === undefined || required_certs.length === 0 ? undefined : required_certs.join(", "),
    },
    { field: "client_id", label: "Client", text: client_id },
    ...(site_id === undefined ? [] : [{ field: "site_id", label: "Site", text: site_id }]),
    ...(max_miles === undefined ? [] : [{ field: "max_miles", label: "Within", text: `${max_miles} miles` }]),
    ...(notes === undefined ? [] : [{ field: "notes", label: "Notes", text: notes }]),
  ];
}

/** Below this, a person should look at the role that was read. */
const SURE = 0.8;

interface OrderBarProps {
  readonly fill: Fill;
  readonly live: boolean;
  readonly onCorrect: ((field: string) => void) | undefined;
  readonly onClose: () => void;
}

export function OrderBar({ fill, live, onCorrect, onClose }: OrderBarProps): ReactNode {
  const { order, missing, reading, assumed } = fill;
  const isMissing = (field: string): boolean =>
    missing.includes(field) ||
    (field === "city" && missing.includes("state")) ||
    (field === "start_at" && missing.includes("end_at"));
  const unsure = reading !== undefined && reading.role === order.role && reading.confidence < SURE;
  return (
    <section className="order-bar" aria-label="The order">
      <div className="order-head">
        <h1>{fill.order_text ?? order.role ?? fill.fill_id}</h1>
        <span className="row">
          <FillStatusPill status={fill.status} />
          <span className="muted">
            {order.start_at === undefined ? "" : `starts ${fromNow(order.start_at, Date.now())} · `}
            {fill.fill_id} · {live ? "live" : "connecting"}
          </span>
          {onCorrect !== undefined && (
            <button type="button" className="quiet" onClick={onClose}>
              Close order
            </button>
          )}
        </span>
      </div>
      <div className="chips">
        {slotsOf(order).map(({ field, label, text }) => {
          const gone = isMissing(field);
          const doubtful = field === "role" && unsure;
          const tone = gone
            ? "chip bad"
            : doubtful
              ? "chip warn"
              : text === undefined
                ? "chip absent"
                : "chip";
          return (
            <button
              key={field}
              type="button"
              className={tone}
              disabled={onCorrect === undefined}
              onClick={() => onCorrect?.(field)}
            >
              <span className="chip-label">{label}</span> {text ?? (gone ? "missing" : "any")}
              {doubtful && <span className="chip-note">is this right?</span>}
            </button>
          );
        })}
      </div>
      {missing.length > 0 && (
        <p className="order-note">
          <b className="short">{missingWords(missing)}</b>
        </p>
      )}
      <Notes fill={fill} />
      {onCorrect !== undefined && <Further fill={fill} />}
      {assumed.length > 0 && (
        <p className="order-note">
          Not in the order, so taken to be:{" "}
          {assumed.map(({ field, why }) => `${fieldWord(field)} (${why})`).join("; ")}
        </p>
      )}
    </section>
  );
}

function Notes({ fill: { reading } }: { readonly fill: Fill }): ReactNode {
  if (reading === undefined) return null;
  const { corrections, unread, not_applied } = reading;
  const lines = [
    ...(corrections.length === 0
      ? []
      : [`Read ${corrections.map(({ typed, read }) => `“${typed}” as ${read}`).join(", ")}`]),
    ...(unread.length === 0 ? [] : [`Not understood: ${unread.map((word) => `“${word}”`).join(", ")}`]),
    ...(not_applied.length === 0 ? [] : [`Not used for ranking: ${not_applied.join(", ")}`]),
  ];
  if (lines.length === 0) return null;
  return <p className="order-note">{lines.join(". ")}.</p>;
}

interface CorrectOrderProps {
  readonly fill: Fill;
  readonly field: string;
  readonly busy: boolean;
  readonly refused: WireFault | undefined;
  readonly onClose: () => void;
  readonly onSave: (order: Record<string, unknown>) => Promise<void>;
}

const ZONE_DEFAULT = "America/Chicago";

export function CorrectOrder({ fill, field, busy, refused, onClose, onSave }: CorrectOrderProps): ReactNode {
  const zone = fill.order.timezone ?? ZONE_DEFAULT;
  const [before] = useState(() => textsOf(fill.order, zone));
  const [texts, setTexts] = useState(before);
  const changes = changesOf(before, texts, zone);
  const count = Object.keys(changes).length;
  return (
    <Dialog title="Correct the order" onClose={onClose} wide>
      <form
        className="form grid"
        onSubmit={(event) => {
          event.preventDefault();
          if (count > 0) void onSave(changes);
        }}
      >
        {FORM_FIELDS.map(({ field: name, label, type }) => (
          <label key={name} className={name === "notes" || name === "required_certs" ? "whole" : undefined}>
            {label}
            {type === "datetime-local" && <span className="muted"> ({zone.replaceAll("_", " ")})</span>}
            <input
              type={type}
              {...(type === "number" ? { min: 0, step: name === "headcount" ? 1 : "any" } : {})}
              data-focus={name === field ? "" : undefined}
              value={texts[name] ?? ""}
              onChange={(event) => setTexts({ ...texts, [name]: event.target.value })}
            />
          </label>
        ))}
        {refused !== undefined && (
          <div className="whole">
            <Problem fault={refused} />
          </div>
        )}
        <div className="row whole">
          <button type="submit" className="primary" disabled={busy || count === 0}>
            {count === 0 ? "Nothing changed yet" : "Save and rank again"}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <span className="muted">A corrected role is learnt for the next order with these words.</span>
        </div>
      </form>
    </Dialog>
  );
}
