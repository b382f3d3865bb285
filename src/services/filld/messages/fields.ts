// What a message says of an order and a person, as text in the person's language and the site's time zone.

import type { FillOrder } from "#contracts/fill";
import type { Fields, Language } from "./templates.ts";

export interface Recipient {
  readonly workerId: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly language?: string | undefined;
}

const LOCALES: Readonly<Record<Language, string>> = { en: "en-US", es: "es-US" };

export function fieldsFor(
  order: FillOrder,
  recipient: Recipient,
  language: Language,
  agency: string,
): Fields {
  const { start_at, end_at, timezone = "UTC" } = order;
  const format = (moment: string | undefined, options: Intl.DateTimeFormatOptions): string | undefined =>
    moment === undefined
      ? undefined
      : new Intl.DateTimeFormat(LOCALES[language], { timeZone: timezone, ...options }).format(
          Date.parse(moment),
        );
  const clock: Intl.DateTimeFormatOptions = { hour: "numeric", minute: "2-digit", hour12: true };
  const zone =
    start_at === undefined
      ? undefined
      : new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName: "short" })
          .formatToParts(Date.parse(start_at))
          .find(({ type }) => type === "timeZoneName")?.value;
  return {
    agency,
    first_name: recipient.name?.trim().split(/\s+/)[0],
    name: recipient.name,
    role: order.role,
    city: order.city,
    state: order.state,
    weekday: format(start_at, { weekday: "long" }),
    day: format(start_at, { month: "long", day: "numeric", year: "numeric" }),
    // Narrow spaces, as some locales have them, are not in the alphabet of an SMS.
    start: format(start_at, clock)?.replaceAll(/\s/g, " "),
    end: format(end_at, clock)?.replaceAll(/\s/g, " "),
    zone,
    pay: order.pay_rate === undefined ? undefined : `$${order.pay_rate.toFixed(2)}`,
    client: order.client_id,
    site: order.site_id,
  };
}
