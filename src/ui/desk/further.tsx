// What else the text of an order asks for: each is an order of its own, opened with the same place and time.

import { type ReactNode, useState } from "react";
import type { Fill } from "#contracts/fill";
import { Problem } from "../parts/notice.tsx";
import { fillPath, go } from "../shell/router.ts";
import { filld } from "../wire/client.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";

export function Further({ fill: { order, reading, corpus } }: { readonly fill: Fill }): ReactNode {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<WireFault>();
  const further = reading?.further ?? [];
  if (further.length === 0) return null;
  const open = async ({ role, headcount }: (typeof further)[number]): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    // What belongs to the first role does not hold for another one.
    const {
      order_id: _id,
      soc: _soc,
      required_certs: _certs,
      headcount: _count,
      pay_rate: _pay,
      ...same
    } = order;
    try {
      const opened = await filld.open({
        corpus,
        order: { ...same, role, ...(headcount === undefined ? {} : { headcount }) },
      });
      go(fillPath(opened.fill_id));
    } catch (thrown) {
      setFault(toWireFault(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <div className="row order-note">
        The text also asks for
        {further.map((one) => (
          <button
            key={one.role}
            type="button"
            className="small"
            disabled={busy}
            onClick={() => void open(one)}
          >
            {one.headcount === undefined ? one.role : `${one.headcount} × ${one.role}`}: open as its own order
          </button>
        ))}
      </div>
      {fault !== undefined && <Problem fault={fault} />}
    </>
  );
}
