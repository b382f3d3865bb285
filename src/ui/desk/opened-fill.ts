// What opening an order replied with, on its way to the order's own page, which then shows it at once: ranking everybody a
// second time would double the wait.

import type { Fill, Shortlist } from "#contracts/fill";

let opened: (Fill & Shortlist) | undefined;

export function handOver(reply: Fill & Shortlist): void {
  opened = reply;
}

/** Once only: a page that is opened again reads what holds then. */
export function takeOver(fillId: string): { readonly fill: Fill; readonly list: Shortlist } | undefined {
  if (opened?.fill_id !== fillId) return undefined;
  const { shortlist, excluded, order_findings, unchecked, ...fill } = opened;
  opened = undefined;
  return { fill, list: { shortlist, excluded, order_findings, unchecked } };
}
