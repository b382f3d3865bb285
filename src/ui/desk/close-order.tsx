// The end of an order that will not be filled.

import { type ReactNode, useState } from "react";
import { Dialog } from "../parts/dialog.tsx";
import { Problem } from "../parts/notice.tsx";
import type { WireFault } from "../wire/wire-fault.ts";

interface CloseOrderProps {
  readonly refused: WireFault | undefined;
  readonly onClose: () => void;
  readonly onSave: (result: "cancelled" | "lost", reason: string) => Promise<void>;
}

export function CloseOrder({ refused, onClose, onSave }: CloseOrderProps): ReactNode {
  const [reason, setReason] = useState("");
  return (
    <Dialog title="Close the order" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void onSave("cancelled", reason.trim());
        }}
      >
        <p>Its people are free for other orders at once.</p>
        <label>
          Why (may be empty)
          <input maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />
        </label>
        {refused !== undefined && <Problem fault={refused} />}
        <div className="row">
          <button type="submit" className="primary">
            The client cancelled it
          </button>
          <button type="button" onClick={() => void onSave("lost", reason.trim())}>
            We lost it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
