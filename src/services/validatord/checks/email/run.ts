// A message through its checks.

import type { Context } from "#contracts/validate";
import type { World } from "../fill/run.ts";
import { orderFacts } from "../fill/subject.ts";
import { type Findings, runChecks } from "../findings.ts";
import { readStatements } from "./statements.ts";
import { type EmailSubject, readMessage } from "./subject.ts";
import { EMAIL_CHECKS } from "./table.ts";

export function checkEmail(
  artifact: Readonly<Record<string, unknown>>,
  context: Context,
  world: World,
  findings: Findings,
): EmailSubject {
  const { message, defects } = readMessage(artifact);
  const { order, policy = {} } = context;
  const facts = order && orderFacts(order, world.know);
  const orderId = artifact["order_id"];
  const about =
    order !== undefined && typeof orderId === "string" && orderId !== order.order_id
      ? [
          {
            path: "order_id",
            message: `${orderId} is not the order that it is checked against`,
            expected: order.order_id,
            actual: orderId,
          },
        ]
      : [];
  const sendAt = message.sendAt ?? world.now;
  const said = readStatements(message.subject, message.body, world.know, {
    sendAt,
    start: facts?.start ?? sendAt,
    timezone: order?.timezone ?? "UTC",
    agency: policy.agency,
  });
  const subject: EmailSubject = {
    ...world,
    message,
    defects: [...defects, ...about],
    worker: message.worker_id === "" ? undefined : world.lookup.get(message.worker_id),
    facts,
    policy,
    said,
  };
  runChecks(EMAIL_CHECKS, subject, [], findings);
  return subject;
}
