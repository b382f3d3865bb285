// Amounts of money in a message, clause by clause: which of them are an hour's pay. One sentence may name several ("$23 an
// hour, overtime $34.50, and a $50 bonus"), and each is judged by the words of its own clause.

const CLAUSE = /[;,]\s|[()]|\s[-–—|/+]\s|\s(?:and|plus|but|with|y|mas|más|pero|con)\s/iu;
/** `$23`, `23.50 dollars`, `23/hr`, `23 la hora`. */
const AMOUNT =
  /(?<!=\s{0,2})\$\s?(\d{1,3}(?:,\d{3})+|\d{1,6})(\.\d{1,2})?(?![\d%])|(?<![\d$.,:/#-])(\d{1,4}(?:\.\d{1,2})?)(?=\s?(?:(?:us )?dollars?|d[oó]lares|bucks|usd|\/\s?(?:hr|hour|hora)|per hour|an hour|hourly|la hora|por hora)\b)/giu;
const HOURLY = /\/\s?(?:h|hr|hour|hora)\b|\b(?:per|an|each) hour|\bhourly\b|\b(?:la|por|cada) hora\b/iu;
const OVERTIME = /\bover ?time\b|\bo\.?t\.?\b|\bhoras? extras?\b|time and a half|double ?time/iu;
/** Money that is no pay by the hour. */
const OTHER_MONEY =
  /\b(?:bonus(?:es)?|bono|referral|referid[oa]|gift|card|stipend|per diem|vi[aá]ticos?|reimburs\p{L}*|reembols\p{L}*|mileage|millas?|parking|estacionamiento|lunch|meals?|comida|uniforms?|fees?|deposit|advance|raffle|prize|bill(?:s|ed|ing)?|invoice\p{L}*|client pays|insurance|premium|(?:per|for (?:the|a|one|each)) (?:day|shift|week|month|year|mile)|a (?:day|week|month|year|mile)|(?:al|por|a la) (?:d[ií]a|semana|mes|año)|\/\s?(?:day|shift|week|wk|month|year|yr|d[ií]a|turno|semana|mes|año)|daily|weekly|differential|diferencial|total|altogether|save|savings?|tips?|propinas?)\b/iu;

/** Dollars an hour, without overtime. */
export function hourlyPays(text: string): number[] {
  const found: number[] = [];
  for (const clause of text.split(CLAUSE)) {
    if (OVERTIME.test(clause)) continue;
    if (OTHER_MONEY.test(clause) && !HOURLY.test(clause)) continue;
    for (const [, whole, cents = "", plain] of clause.matchAll(AMOUNT))
      found.push(Number(plain ?? `${(whole ?? "").replaceAll(",", "")}${cents}`));
  }
  return found;
}

export function tellsOtherMoney(text: string): boolean {
  return OVERTIME.test(text) || OTHER_MONEY.test(text);
}
