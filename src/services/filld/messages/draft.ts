// Drafts for people of a fill: from a template or a model, each judged by the message rules before it is shown.

import type { Channel, FillOrder, Message, Purpose } from "#contracts/fill";
import type { Finding } from "#contracts/validate";
import { columnsNamed } from "#domain/columns";
import type { Call } from "#rpc/call";
import { Fault } from "#rpc/fault";
import { noDraft, refusedIn, WITHOUT_MODEL } from "../model-drafts.ts";
import { judged } from "../order/judged.ts";
import { type RosterDeps, rosterRows } from "../people/roster-rows.ts";
import { nameOf, type PeopleDeps } from "../people/shortlist.ts";
import { withRoster } from "../people/with-roster.ts";
import { fieldsFor, type Recipient } from "./fields.ts";
import { type Language, templateFor, unknownFields, written } from "./templates.ts";
import { ofOrder, refuseUnsaid } from "./unsaid.ts";

export type DraftDeps = PeopleDeps & RosterDeps;

export interface DraftRequest {
  readonly fillId: string;
  readonly order: FillOrder;
  readonly corpus: string;
  readonly workerIds: readonly string[];
  readonly channel: Channel;
  readonly purpose: Purpose;
  readonly language: Language | undefined;
  readonly template: string | undefined;
  readonly model: string | undefined;
  readonly agency: string;
  readonly sendAt: string | undefined;
  readonly now: number;
}

/** Enough that a slow model does not keep the next person waiting for the last one. */
const DRAFTED_AT_ONCE = 4;
/** Far above what a person reads; the journal holds an event of 256 KiB. */
const BODY_MAX = 20_000;
const SUBJECT_MAX = 1000;
const FINDINGS_MAX = 100;

export type Drafted = Omit<Message, "drafted_at">;

const CONTACT_NAMES = {
  email: ["email", "e_mail", "email_address", "mail"],
  phone: ["phone", "phone_number", "mobile", "cell", "telephone", "mobile_phone", "cell_phone"],
  language: ["language", "preferred_language", "message_language", "lang", "languages"],
} as const;

export async function drafted(deps: DraftDeps, request: DraftRequest, call: Call): Promise<Drafted[]> {
  if (request.model !== undefined && request.purpose !== "cancel") refuseUnsaid(request.order);
  const { dataset, rows } = await rosterRows(deps, request.corpus, request.workerIds, call);
  const unknown = request.workerIds.filter((workerId) => !rows.has(workerId));
  if (unknown.length > 0) {
    throw new Fault(
      "rejected",
      `${unknown.slice(0, 5).join(", ")} ${unknown.length === 1 ? "is" : "are"} not in ${dataset}.`,
    );
  }
  const messages = new Map<string, Drafted>();
  const waiting = request.workerIds.values();
  const draft = async (): Promise<void> => {
    for (const workerId of waiting) {
      const person = recipientOf(workerId, rows.get(workerId) ?? {});
      messages.set(workerId, await draftFor(deps, request, person, dataset, call));
    }
  };
  await Promise.all(Array.from({ length: DRAFTED_AT_ONCE }, draft));
  return request.workerIds.flatMap((workerId) => messages.get(workerId) ?? []);
}

async function draftFor(
  deps: DraftDeps,
  request: DraftRequest,
  person: Recipient,
  roster: string,
  call: Call,
): Promise<Drafted> {
  const { fillId, order, channel, purpose, model, agency, sendAt, now } = request;
  const language = request.language ?? languageOf(person);
  const fields = fieldsFor(order, person, language, agency);
  const template = request.template ?? templateFor(purpose, channel, language);
  const unknown = unknownFields(template, fields);
  if (unknown.length > 0) {
    throw new Fault(
      "invalid",
      `The template has fields that are not known: ${unknown.join(", ")}. Known: ${Object.keys(fields).join(", ")}.`,
      {
        details: [{ path: "template", message: `{${unknown[0]}} is not known` }],
      },
    );
  }
  const to = channel === "email" ? person.email : person.phone;
  const context = {
    order: judged(fillId, order, now).order,
    now: new Date(now).toISOString(),
    policy: { agency },
  };
  const frame = {
    worker_id: person.workerId,
    order_id: context.order.order_id,
    channel,
    purpose,
    ...(to === undefined ? {} : { to }),
    ...(sendAt === undefined ? {} : { send_at: sendAt }),
  };
  const message = {
    message_id: crypto.randomUUID(),
    worker_id: person.workerId,
    channel,
    purpose,
    language,
    ...(to === undefined ? {} : { to }),
  };
  const standard = written(template, channel, fields);
  if (model !== undefined) {
    const prompt = [
      `Write ${channel === "sms" ? "a text message" : "an e-mail"} to a worker (purpose: ${purpose}, language: ${language}).`,
      `These are the facts, and nothing else may be stated: ${JSON.stringify(fields)}`,
      `Reply with one JSON object of this form: ${JSON.stringify({ ...frame, ...standard })}`,
    ].join("\n");
    const drafted = await withRoster(deps, roster, call, () =>
      deps.validate.iterate({ kind: "email", prompt, context, roster, model }, call),
    );
    const { ok, artifact, history } = drafted;
    const nothing = noDraft(drafted, model);
    // The messages to the others are worth having.
    const findings = nothing === undefined ? drafted.findings : [withoutDraft(nothing)];
    const { subject, body } = (artifact ?? {}) as { subject?: unknown; body?: unknown };
    const [head, text] = [subject, body].map((part) => (typeof part === "string" ? part : ""));
    const isWhole = (text ?? "").length <= BODY_MAX && (head ?? "").length <= SUBJECT_MAX;
    return {
      ...message,
      ...(typeof subject === "string" ? { subject: subject.slice(0, SUBJECT_MAX) } : {}),
      body: (text ?? "").slice(0, BODY_MAX),
      by: "model",
      ok: ok && isWhole && text !== "",
      findings: findings.slice(0, FINDINGS_MAX),
      ...refusedIn(history),
    };
  }
  const { ok, findings } = await withRoster(deps, roster, call, () =>
    deps.validate.validate({ kind: "email", artifact: { ...frame, ...standard }, context, roster }, call),
  );
  return {
    ...message,
    ...standard,
    by: request.template === undefined ? "template" : "hand",
    ok,
    findings: ofOrder(findings, order, { isEmpty: standard.body === "" }).slice(0, FINDINGS_MAX),
  };
}

function languageOf({ language }: Recipient): Language {
  return /^(es|spa|spanish|espa[nñ]ol)\b/i.test(language?.trim() ?? "") ? "es" : "en";
}

/** Name, addresses and language of somebody, as far as the roster has them. */
function recipientOf(workerId: string, row: Readonly<Record<string, unknown>>): Recipient {
  const columns = columnsNamed(CONTACT_NAMES, Object.keys(row));
  const text = (column: string | undefined): string | undefined => {
    const value = column === undefined ? undefined : row[column];
    return typeof value === "string" && value.trim() !== "" ? value : undefined;
  };
  return {
    workerId,
    ...nameOf(row),
    email: text(columns.email),
    phone: text(columns.phone),
    language: text(columns.language),
  };
}

function withoutDraft(message: string): Finding {
  return {
    code: "email.schema",
    kind: "schema",
    severity: "error",
    path: "body",
    message,
    hint: WITHOUT_MODEL,
  };
}
