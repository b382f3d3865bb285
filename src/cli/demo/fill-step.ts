// The demo's last step: an order on the fill desk, so that the console opens on something to do. A second run over the same
// folder finds it there.

import type { Fill } from "#contracts/fill";
import { present } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { counted } from "../terminal/plain-text.ts";
import type { Stage, Step } from "./stage.ts";

/** Of the sample's people near it, rules keep some out: a certificate has expired, the pay is too low, one is not to be booked. */
const ORDER = {
  fill_id: "demo-order",
  order_text: "Need 3 forklift operators in Springfield, IL Monday 6am-2pm $24",
  order: { client_id: "Crane Point Cold Storage", required_certs: ["Forklift Operator Certification"] },
};

/** The page of a fill in the console. */
export function fillUrl(url: string, fillId: string): string {
  return `${url}/ui/fills/${encodeURIComponent(fillId)}`;
}

async function opened({ clients, signal }: Stage): Promise<{ fill: Fill; isNew: boolean }> {
  const { filld } = present(clients, "the clients");
  try {
    return { fill: await filld.open(ORDER, { signal }), isNew: true };
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "conflict") throw thrown;
    return { fill: await filld.state({ fill_id: ORDER.fill_id }, { signal }), isNew: false };
  }
}

export const fill: Step = async (stage) => {
  const [{ kind }] = present(stage.files, "the files");
  const { url } = present(stage.house, "the house");
  if (kind !== "sample") {
    return {
      detail: { opened: false },
      report: { title: "The fill desk is ready", lines: [`Paste an order of yours there: ${url}`] },
    };
  }
  const { fill: order, isNew } = await opened(stage);
  const page = fillUrl(url, order.fill_id);
  stage.fillPage = page;
  return {
    detail: { opened: isNew, fill_id: order.fill_id, status: order.status, short: order.short, url: page },
    report: {
      title: isNew ? "Opened an order on the fill desk" : "The order on the fill desk is there already",
      lines: [`"${ORDER.order_text}"`, `${counted(order.short, "place")} to fill: ${page}`],
    },
  };
};
