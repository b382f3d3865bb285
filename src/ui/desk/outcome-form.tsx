// What became of a person's place, where it takes more than a click: a rating, a reason, from where somebody is blocked.

import { type ReactNode, useState } from "react";
import type { FillOrder, OutcomeResult } from "#contracts/fill";
import { Dialog } from "../parts/dialog.tsx";
import { Problem } from "../parts/notice.tsx";
import { useDraft } from "../parts/use-draft.ts";
import type { WireFault } from "../wire/wire-fault.ts";
import { RESULT_WORDS } from "./order-words.ts";

export interface Outcome {
  readonly result: OutcomeResult;
  readonly rating?: number;
  readonly reason?: string;
  readonly scope?: "client" | "site" | "system";
}

interface OutcomeFormProps {
  readonly name: string;
  readonly result: OutcomeResult;
  readonly order: FillOrder;
  readonly busy: boolean;
  readonly refused: WireFault | undefined;
  readonly onClose: () => void;
  readonly onSave: (outcome: Outcome) => Promise<void>;
}

const RATINGS = [5, 4, 3, 2, 1] as const;
const RATING_WORDS = { 5: "5, book again", 4: "4", 3: "3, fine", 2: "2", 1: "1, not again" } as const;

export function OutcomeForm({
  name,
  result,
  order,
  busy,
  refused,
  onClose,
  onSave,
}: OutcomeFormProps): ReactNode {
  const [rating, setRating] = useState<number>();
  const [reason, setReason] = useDraft(`reason ${name} ${result}`);
  const [scope, setScope] = useState<"client" | "site" | "system">(
    order.client_id === undefined ? "system" : "client",
  );
  const blocks = result === "blocked";
  const save = async (): Promise<void> => {
    await onSave({
      result,
      ...(rating === undefined ? {} : { rating }),
      ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
      ...(blocks ? { scope } : {}),
    });
    setReason("");
  };
  return (
    <Dialog title={`${RESULT_WORDS[result]}: ${name}`} onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {result === "completed" && (
          <fieldset>
            <legend>How did it go? The next ranking for an order like this one learns from it.</legend>
            <div className="row">
              {RATINGS.map((one) => (
                <label key={one} className="choice">
                  <input
                    type="radio"
                    name="rating"
                    checked={rating === one}
                    onChange={() => setRating(one)}
                  />
                  {RATING_WORDS[one]}
                </label>
              ))}
            </div>
          </fieldset>
        )}
        {blocks && (
          <label>
            From where
            <select value={scope} onChange={(event) => setScope(event.target.value as typeof scope)}>
              {order.client_id !== undefined && (
                <option value="client">This client ({order.client_id})</option>
              )}
              {order.site_id !== undefined && <option value="site">This site ({order.site_id})</option>}
              <option value="system">Everywhere</option>
            </select>
          </label>
        )}
        <label>
          {blocks ? "Why" : "Why or how (may be empty)"}
          <textarea
            rows={3}
            maxLength={2000}
            required={blocks}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </label>
        {refused !== undefined && <Problem fault={refused} />}
        <div className="row">
          <button type="submit" className="primary" disabled={busy}>
            Record it
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
