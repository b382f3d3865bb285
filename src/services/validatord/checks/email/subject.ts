// What the checks of a message look at: its fields, the worker it goes to, the order it is about, and what its text says.

import type { Policy } from "#contracts/validate";
import type { Knowledge } from "../../knowledge.ts";
import type { Worker, WorkerLookup } from "../../roster/worker.ts";
import type { Tell } from "../check.ts";
import { type OrderFacts, typeOf } from "../fill/subject.ts";
import type { Statements } from "./statements.ts";

export const CHANNELS = ["email", "sms"] as const;
export const PURPOSES = ["offer", "confirm", "reminder", "cancel", "blast"] as const;
/** A message has some hundred characters; one of this length is read no further. */
export const BODY_CHARS_MAX = 50_000;

export interface Message {
  readonly channel: (typeof CHANNELS)[number];
  readonly purpose: (typeof PURPOSES)[number];
  readonly worker_id: string;
  readonly to: string;
  /** Fields and headers that name further recipients, which must be empty. */
  readonly copies: readonly string[];
  readonly subject: string;
  readonly body: string;
  readonly sendAt: number | undefined;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface EmailSubject {
  readonly message: Message;
  readonly defects: readonly Tell[];
  readonly worker: Worker | undefined;
  readonly facts: OrderFacts | undefined;
  readonly policy: Policy;
  readonly lookup: WorkerLookup;
  readonly know: Knowledge;
  readonly now: number;
  readonly said: Statements;
}

/** The message as far as its fields have their form; what has not is told, and empty. */
export function readMessage(artifact: Readonly<Record<string, unknown>>): {
  message: Message;
  defects: Tell[];
} {
  const defects: Tell[] = [];
  const text = (path: string, required: boolean): string => {
    const value = artifact[path];
    if (typeof value === "string") {
      if (required && value.trim() === "") defects.push({ path, message: "is empty" });
      return value;
    }
    const absent = value === undefined || value === null;
    if (!absent || required)
      defects.push({ path, message: absent ? "is missing" : "must be a text", actual: typeOf(value) });
    return "";
  };
  const choice = <T extends string>(path: string, values: readonly T[], usual: T): T => {
    const found = values.find((value) => value === artifact[path]);
    if (found !== undefined) return found;
    const given = artifact[path];
    if (given !== undefined)
      defects.push({
        path,
        message: `must be one of ${values.join(", ")}`,
        expected: values,
        actual: typeof given === "string" ? given : typeOf(given),
      });
    return usual;
  };
  const channel = choice("channel", CHANNELS, "email");
  const purpose = choice("purpose", PURPOSES, "offer");
  const worker_id = text("worker_id", true);
  const to = text("to", true);
  const subject = text("subject", channel === "email");
  const body = text("body", true);
  const sendText = text("send_at", false);
  const sendAt = sendText === "" ? undefined : Date.parse(sendText);
  if (sendAt !== undefined && Number.isNaN(sendAt))
    defects.push({ path: "send_at", message: "must be a time (RFC 3339)", actual: sendText });
  if (body.length > BODY_CHARS_MAX)
    defects.push({
      path: "body",
      message: `has more than ${BODY_CHARS_MAX} characters`,
      actual: body.length,
    });
  const headers = artifact["headers"];
  const named = typeof headers === "object" && headers !== null ? Object.entries(headers) : [];
  return {
    message: {
      channel,
      purpose,
      worker_id,
      to,
      copies: [
        ...["cc", "bcc"].filter((name) => isFilled(artifact[name])),
        ...named
          .filter(([name, value]) => COPIES.test(name) && isFilled(value))
          .map(([name]) => `headers.${name}`),
      ],
      subject,
      body: body.slice(0, BODY_CHARS_MAX),
      sendAt: Number.isNaN(sendAt) ? undefined : sendAt,
      headers: new Map(named.map(([name, value]) => [name.toLowerCase(), String(value)])),
    },
    defects,
  };
}

/** Headers by which a message goes to others than `to`. */
const COPIES = /^(?:resent-)?(?:to|b?cc)$/i;

function isFilled(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)
  );
}
