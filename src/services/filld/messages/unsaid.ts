// What the checks find wrong with a message because of something that its order does not say. They judge a whole order, in
// which a stand-in takes the place of a pay that nobody named: nobody is to be told to write the stand-in.

import type { FillOrder } from "#contracts/fill";
import type { Finding } from "#contracts/validate";
import { Fault } from "#rpc/fault";

/** The stand-in for the pay of `judged`, as the checks of parts and of facts expect it. */
const PAY_EXPECTED: ReadonlySet<unknown> = new Set([0, "$0"]);

const PAY: Omit<Finding, "severity"> = {
  code: "email.required_parts",
  kind: "completeness",
  path: "order.pay_rate",
  message: "the order does not say what it pays",
  hint: "Correct the order: name its pay_rate.",
};

/** The findings, with what the order lacks in place of those that follow from it. */
export function ofOrder(
  findings: readonly Finding[],
  { pay_rate }: FillOrder,
  { isEmpty }: { isEmpty: boolean },
): Finding[] {
  if (pay_rate !== undefined) return [...findings];
  // Every line of its template names the pay: there is no text to judge.
  if (isEmpty) return [{ ...PAY, severity: "error" }];
  const [first, ...rest] = findings.filter(isOfPay);
  if (first === undefined) return [...findings];
  const severity = [first, ...rest].some((one) => one.severity === "error") ? "error" : first.severity;
  return [{ ...PAY, severity }, ...findings.filter((finding) => !isOfPay(finding))];
}

function isOfPay({ code, expected }: Finding): boolean {
  return (code === "email.required_parts" || code === "email.facts") && PAY_EXPECTED.has(expected);
}

/** A model would write the stand-in, and pass. */
export function refuseUnsaid({ pay_rate }: FillOrder): void {
  if (pay_rate !== undefined) return;
  throw new Fault("rejected", `The order does not say what it pays. ${PAY.hint}`, {
    details: [{ path: PAY.path, message: "is not named" }],
  });
}
