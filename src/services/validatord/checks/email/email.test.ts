// Each check of a message: one that passes, one that fails, and one at the border.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NOW, ORDER, startValidatord, type TestValidatord, TOPOLOGIES } from "../../validatord.testing.ts";
import { smsSegments } from "./form.ts";
import { EMAIL_CHECKS } from "./table.ts";

const POLICY = { agency: "Acme Staffing", allowed_hosts: ["acme.example"] };
const BODY =
  "Hi Ana,\nthis is Acme Staffing. Can you work as a forklift operator on Monday, Dec 7, 6:00 AM - 2:00 PM CT in Springfield, IL? Pay is $20/hr.\nReply YES to accept.";
const EMAIL = {
  worker_id: "w-1",
  order_id: "o-1",
  channel: "email",
  purpose: "offer",
  to: "w-1@example.com",
  subject: "Forklift shift on Monday",
  body: BODY,
};
const SMS = {
  ...EMAIL,
  channel: "sms",
  to: "+12175550101",
  subject: undefined,
  body: "Acme Staffing: forklift operator Mon 12/7 6a-2p CT, Springfield IL, $20/hr. Reply YES or NO",
};

interface Case {
  readonly set?: Readonly<Record<string, unknown>>;
  /** Replaces a part of the body. */
  readonly swap?: readonly [from: string, to: string];
  readonly sms?: boolean;
  readonly order?: Readonly<Record<string, unknown>>;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly told?: "error" | "warning";
}

const swap = (from: string, to: string, told?: "error" | "warning"): Case => ({
  swap: [from, to],
  ...(told === undefined ? {} : { told }),
});
const added = (text: string, told?: "error"): Case => ({
  set: { body: `${BODY}\n${text}` },
  ...(told === undefined ? {} : { told }),
});
const at = (send_at: string, told?: "error", more: Record<string, unknown> = {}): Case => ({
  sms: true,
  set: { send_at, ...more },
  ...(told === undefined ? {} : { told }),
});
const TEXAN = { worker_id: "w-18", to: "+12175550118" };

const CASES: Readonly<Record<string, readonly Case[]>> = {
  "email.schema": [
    {},
    { set: { headers: { "X-Note": "a\r\nBcc: boss@example.com" } }, told: "error" },
    { set: { to: undefined }, told: "error" },
    { set: { body: 7 }, told: "error" },
    { set: { subject: undefined }, told: "error" },
    { sms: true },
    { set: { subject: "Shift\r\nBcc: all@example.com" }, told: "error" },
    { set: { subject: "x".repeat(78) } },
    { set: { subject: "x".repeat(79) }, told: "warning" },
    { set: { subject: "x".repeat(998) }, told: "warning" },
    { set: { subject: "x".repeat(999) }, told: "error" },
    { sms: true, set: { body: SMS.body.padEnd(160, ".") } },
    { sms: true, set: { body: SMS.body.padEnd(161, ".") }, told: "warning" },
    { sms: true, set: { body: SMS.body.padEnd(459, ".") }, told: "warning" },
    { sms: true, set: { body: SMS.body.padEnd(460, ".") }, told: "error" },
    { set: { channel: "fax" }, told: "error" },
    { set: { order_id: "o-2" }, told: "error" },
  ],
  "email.recipient": [
    {},
    { set: { to: "Ana Núñez <W-1@Example.com>" } },
    { set: { to: "w-2@example.com" }, told: "error" },
    { set: { to: "w-1@example.com, w-2@example.com" }, told: "error" },
    { set: { cc: "boss@example.com" }, told: "error" },
    { set: { cc: [] } },
    { set: { headers: { Bcc: "boss@example.com" } }, told: "error" },
    { set: { headers: { "Reply-To": "jobs@acme.example", cc: "" } } },
    { set: { worker_id: "w-404" }, told: "error" },
    { policy: { suppressed: ["W-1@example.com"] }, told: "error" },
    { set: { worker_id: "w-18", to: "w-18@example.com" }, told: "error" },
    { sms: true },
    { sms: true, set: { to: "(217) 555-0101" } },
    { sms: true, set: { to: "(217) 555-0102" }, told: "error" },
  ],
  "email.placeholders": [
    {},
    swap("Hi Ana", "Hi {{first_name}}", "error"),
    swap("Hi Ana", "Hi {name}", "error"),
    swap("Hi Ana", "Hi { name }", "error"),
    swap("Hi Ana", "Hi [NAME]", "error"),
    swap("Hi Ana", "Hi <name>", "error"),
    added("Parking: TBD", "error"),
    added("Ask for ___ at the gate.", "error"),
    added("Parking: tbd.", "error"),
    added("Lorem ipsum dolor", "error"),
    added("See https://acme.example/a?b={1}"),
    added("Bring steel-toe boots [required]."),
  ],
  "email.facts": [
    {},
    // Numbers that are neither hours nor pay, and the day on which wages come.
    added("Acme Staffing\n(217) 555-0100"),
    added("Doors open at 5:45 AM. The bus leaves at 5:20 AM."),
    added("Questions? Call 8am-5pm Mon-Fri."),
    swap("Pay is $20/hr.", "Pay is $20/hr + $1.50 shift differential."),
    added("Office 217-555-0614, weekly pay on Friday."),
    swap("Pay is $20/hr.", "8 hours at $20/hr = $160."),
    swap("Pay is $20/hr.", "Pay is $20/hr, $160 for the day."),
    swap("Hi Ana", "Hi Maria", "error"),
    swap("Hi Ana", "Dear Ms. Nuñez"),
    swap("forklift operator", "line cook", "error"),
    // Every date of a sentence counts, and each year.
    swap("Dec 7", "Dec 7 and Dec 8", "error"),
    swap("Monday, Dec 7,", "Mon-Fri 12/7-12/11,", "error"),
    swap("Dec 7", "12/7/2025", "error"),
    swap("Monday, Dec 7,", "Monday the 7th,"),
    swap("Monday, Dec 7,", "Monday the 8th,", "error"),
    swap("Dec 7, 6:00 AM - 2:00 PM", "7 Dec 0600-1400"),
    added("Lunch is 1/2 hour; the line runs 24/7."),
    added("Your badge expires 3/1/2027."),
    added("You are paid weekly on Fridays."),
    added("If we don't hear from you by Thursday at noon, we'll ask someone else."),
    // Prose is no order: its words are no towns, its sums not all pay, its hours not all of the shift.
    added("Call +1-217-555-0999, or write to jobs@acme.example."),
    added("Reply OK to take it."),
    added("There is a $50 referral bonus, and per diem is $40."),
    added("Overtime is $30 an hour."),
    swap("Pay is $20/hr", "Pay is $20/hr, overtime $30/hr"),
    swap("Pay is $20/hr", "Pay is $20/hr, $26/hr on weekends", "error"),
    added("We're open Monday to Friday 8 AM to 5 PM."),
    added("Call us between 8 AM and 5 PM."),
    added("Your lead is May, and the operator before you leaves at the gate."),
    swap("Monday, Dec 7,", "Mon. Dec. 7th,"),
    swap("Springfield, IL", "peoria il", "error"),
    swap("Springfield, IL", "Peorria, IL", "error"),
    swap("Springfield, IL", "Springfield, Missouri", "error"),
    {
      set: {
        body: "Hola Ana: le escribe Dana de Acme Staffing. Tenemos un turno de montacarguista en Springfield, IL, el lunes 7 de diciembre de 6:00 a. m. a 2:00 p. m., hora del Centro, a $20 la hora. Responda SÍ.",
      },
    },
    {
      set: {
        body: "Hola Ana: Acme Staffing, montacarguista en Springfield, IL, el martes 7 de diciembre de 6 am a 2 pm, $20 la hora. Responda SÍ.",
      },
      told: "error",
    },
    // Another title of the same occupation.
    swap("forklift operator", "forklift driver"),
    swap("Monday, Dec 7", "Tuesday, Dec 7", "error"),
    swap("Monday, Dec 7", "Monday, Dec 14", "error"),
    swap("Monday, Dec 7", "Dec 7"),
    swap("Monday, Dec 7", "12/07/2026"),
    swap("Monday, Dec 7", "Monday, Dec 6", "error"),
    swap("6:00 AM - 2:00 PM", "7:00 AM - 3:00 PM", "error"),
    swap("6:00 AM - 2:00 PM", "6am to 2pm"),
    swap("6:00 AM - 2:00 PM", "6am to 2:30pm", "error"),
    swap(" CT ", " Central "),
    swap(" CT ", " (CST) "),
    swap(" CT ", " ET ", "error"),
    swap(" CT ", " Eastern time ", "error"),
    swap(" CT ", " "),
    swap("Springfield, IL", "Peoria, IL", "error"),
    swap("Springfield, IL", "Springfield, MO", "error"),
    swap("Springfield, IL", "Springfield"),
    swap("$20/hr", "$21/hr", "error"),
    swap("$20/hr", "$20.00 per hour"),
    swap("$20/hr", "$20.01/hr", "error"),
    swap("$20/hr.", "$20/hr. Overtime pays $30/hr."),
    swap("Reply YES to accept.", "Reply YES by Friday 5 pm to accept."),
    {
      set: {
        body: "Hola Ana, somos Acme Staffing. ¿Puedes trabajar como montacarguista el lunes 7 de diciembre de 6am a 2pm hora del centro en Springfield, IL? Pagamos $20 la hora. Responde SI.",
      },
    },
    {
      set: {
        body: "Hola Ana, somos Acme Staffing. ¿Puedes trabajar como cocinero el martes 7 de diciembre de 6am a 2pm en Springfield, IL? Pagamos $20 la hora. Responde SI.",
      },
      told: "error",
    },
    swap("Monday, Dec 7", "tomorrow", "error"),
    { set: { send_at: "2026-12-06T18:00:00Z", body: BODY.replace("Monday, Dec 7", "tomorrow") } },
  ],
  "email.required_parts": [
    {},
    swap("Pay is $20/hr.", "Pay is $20/day.", "error"),
    swap("Pay is $20/hr.", "Pay is $20.00/hr (overtime $30.00/hr)."),
    swap("this is Acme Staffing. ", "", "error"),
    { set: { subject: "Shift", body: BODY.replace("on Monday, Dec 7, ", "") }, told: "error" },
    swap("6:00 AM - 2:00 PM CT ", "", "error"),
    swap("Reply YES to accept.", "Contéstame, por favor."),
    swap(" in Springfield, IL", "", "error"),
    swap(" Pay is $20/hr.", "", "error"),
    swap("Reply YES to accept.", "", "error"),
    { set: { purpose: "reminder", body: BODY.replace(" Pay is $20/hr.", "") }, told: "warning" },
    { set: { purpose: "cancel", body: BODY.replace(" Pay is $20/hr.", "") } },
    { set: { purpose: "cancel", body: BODY.replace(" in Springfield, IL", "") }, told: "error" },
    { set: { purpose: "blast" }, told: "error" },
    {
      set: {
        purpose: "blast",
        body: `${BODY}\nAcme Staffing, 12 Oak Ave, Chicago, IL 60601. Unsubscribe: https://acme.example/u`,
      },
    },
    {
      set: {
        purpose: "blast",
        headers: { "List-Unsubscribe": "<https://acme.example/u>" },
        body: `${BODY}\nAcme Staffing, 12 Oak Ave, Chicago, IL 60601`,
      },
    },
  ],
  "email.pii": [
    {},
    added("SSN on file: 123-45-6789", "error"),
    added("Your badge is 123-456-789."),
    added("Social 219 09 9999", "error"),
    added("DOB 01/02/1990", "error"),
    added("Deposit to account 123456789", "error"),
    added("Card 4111 1111 1111 1111", "error"),
    added("Card 4111 1111 1111 1112"),
    added("Maria Garcia comes too.", "error"),
    added("maria garcia comes too.", "error"),
    // Of common words: a name only where the surname is written as one.
    added("The sun will rose-tint the sky; grace hall parties are fun."),
    added("Grace Hall comes too.", "error"),
    added("Ana Núñez, see you there."),
    added("Call 217-555-0105 on arrival.", "error"),
    added("Call 217-555-9999 on arrival."),
    { order: { bill_rate: 31.5 }, set: { body: `${BODY}\nWe bill $31.50 for it.` }, told: "error" },
  ],
  "email.consent": [
    { sms: true },
    { sms: true, set: TEXAN, told: "error" },
    { set: { worker_id: "w-18", to: "w-18@example.com" } },
  ],
  "email.quiet_hours": [
    { sms: true },
    at("2026-12-05T08:00:00-06:00"),
    at("2026-12-05T07:59:00-06:00", "error"),
    at("2026-12-05T20:59:00-06:00"),
    at("2026-12-05T21:00:00-06:00", "error"),
    // Texas begins at nine, on Sundays at noon.
    at("2026-12-05T08:59:00-06:00", "error", TEXAN),
    at("2026-12-05T09:00:00-06:00", undefined, TEXAN),
    at("2026-12-06T11:59:00-06:00", "error", TEXAN),
    at("2026-12-06T12:00:00-06:00", undefined, TEXAN),
    { set: { send_at: "2026-12-05T03:00:00-06:00" } },
  ],
  "email.tone": [
    {},
    added("You are hired!", "error"),
    added("Hours are guaranteed.", "error"),
    added("Hours are not guaranteed."),
    added("If you decline you will be removed from our list.", "error"),
    added("Turn this down and you'll be taken off our list.", "error"),
    added("Si no acepta, no lo volveremos a llamar.", "error"),
    added("Si dice que no, no le daremos turnos.", "error"),
    added("You will definitely get the job.", "error"),
    added("Consider yourself hired.", "error"),
    added("Failure to accept will result in removal from our roster.", "error"),
    added("If you can't come, don't bother calling us.", "error"),
    added("Accept or lose your benefits.", "error"),
    added("This is not a permanent job."),
    added("Reply NO if not available; we will not call you about this shift again."),
    added("If you cannot make it, we will call you for the next one."),
    added("You may decline, no problem."),
    added("We look for young and energetic people.", "error"),
  ],
  "email.links": [
    {},
    added("https://acme.example/shift/1"),
    added("https://app.acme.example/shift/1"),
    added("http://acme.example/shift/1", "error"),
    added("https://evil.example/x", "error"),
    added("https://notacme.example/x", "error"),
    added("https://acme.example@evil.example/x", "error"),
    added("acme.com/x", "error"),
    added("acme.example/x", "error"),
    added('<a href="//evil.com/x">here</a>', "error"),
    added("Write to jobs@acme.com."),
    { policy: { allowed_hosts: undefined }, set: { body: `${BODY}\nhttps://acme.example/x` }, told: "error" },
  ],
};

test("every check of a message has cases that pass and cases that fail", () => {
  for (const { code } of EMAIL_CHECKS) {
    const cases = CASES[code] ?? [];
    expect([code, cases.some(({ told }) => told === undefined)]).toEqual([code, true]);
    expect([code, cases.some(({ told }) => told !== undefined)]).toEqual([code, true]);
  }
});

describe.each(TOPOLOGIES)("a message, %s", (topology) => {
  let house: TestValidatord;
  beforeAll(async () => {
    house = await startValidatord(topology);
  });
  afterAll(() => house.close());

  const validate = ({ set, swap: swapped, sms, order, policy }: Case) => {
    const base = sms === true ? SMS : EMAIL;
    const body = swapped === undefined ? base.body : base.body.replace(...swapped);
    if (swapped !== undefined) expect(body).not.toBe(base.body);
    return house.service.validate({
      kind: "email",
      artifact: { ...base, body, ...set },
      context: { now: NOW, order: { ...ORDER, ...order }, policy: { ...POLICY, ...policy } },
    });
  };

  const all = Object.entries(CASES).flatMap(([code, cases]) =>
    cases.map((value, place) => [code, place, value] as const),
  );
  const sample = topology === "together" ? all : all.filter(([, place]) => place < 2);
  test.each(sample)("%s, case %d", async (code, _place, value) => {
    const { findings } = await validate(value);
    const told = findings.filter((found) => found.code === code);
    expect({ code, told: [...new Set(told.map(({ severity }) => severity))], why: told }).toEqual({
      code,
      told: value.told === undefined ? [] : [value.told],
      why: told,
    });
  });

  test("the plain message has no findings at all, by mail and by text", async () => {
    expect((await validate({})).findings).toEqual([]);
    expect((await validate({ sms: true })).findings).toEqual([]);
  });

  test("findings name the law", async () => {
    const { findings } = await validate({
      sms: true,
      set: { ...TEXAN, send_at: "2026-12-05T03:00:00-06:00" },
    });
    expect(findings.filter(({ law }) => law !== undefined).map(({ code, law }) => [code, law])).toEqual([
      ["email.consent", "TCPA"],
      ["email.quiet_hours", "TCPA"],
    ]);
    const blast = await validate({ set: { purpose: "blast" } });
    expect(blast.findings.map(({ law }) => law)).toEqual(["CAN-SPAM", "CAN-SPAM"]);
  });
});

test("whatever the text is, a message is judged, and soon", async () => {
  const house = await startValidatord("together");
  const piece = fc.constantFrom(
    "Monday",
    "Dec 7",
    "$20",
    "6am",
    "{{x}}",
    "http://a.b",
    "<",
    "Hi Ana,",
    "\n",
    "(",
    "St.",
    "no",
    "male",
  );
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 300 }),
    fc.array(piece, { maxLength: 80 }).map((parts) => parts.join(" ")),
  );
  try {
    await fc.assert(
      fc.asyncProperty(text, text, async (subject, body) => {
        const { findings, ok } = await house.service.validate({
          kind: "email",
          artifact: { ...EMAIL, subject, body },
          context: { now: NOW, order: ORDER, policy: POLICY },
        });
        expect(ok).toBe(findings.every(({ severity }) => severity !== "error"));
      }),
      { numRuns: 100 },
    );
  } finally {
    await house.close();
  }
});

test("segments of text messages", () => {
  expect(smsSegments("a".repeat(160))).toBe(1);
  expect(smsSegments("a".repeat(161))).toBe(2);
  expect(smsSegments("€".repeat(80))).toBe(1);
  expect(smsSegments("€".repeat(81))).toBe(2);
  expect(smsSegments("ñ".repeat(160))).toBe(1);
  expect(smsSegments("á".repeat(70))).toBe(1);
  expect(smsSegments("á".repeat(71))).toBe(2);
});
