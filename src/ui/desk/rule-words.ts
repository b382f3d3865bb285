// The fill rules by the words in which a coordinator knows them.

const RULES: Readonly<Record<string, string>> = {
  "fill.dnr": "Blocked here",
  "fill.status": "Not available",
  "fill.role_mismatch": "Another role",
  "fill.location": "Too far away",
  "fill.cert_missing": "Certificate missing",
  "fill.cert_expired": "Certificate expired",
  "fill.background": "Background check missing or old",
  "fill.drug": "Drug test missing or old",
  "fill.double_booked": "Booked at that time",
  "fill.rest_gap": "Too little rest between shifts",
  "fill.weekly_hours": "Too many hours that week",
  "fill.pay_floor": "Works for more than this pay",
  "fill.pay_below_min": "Pay is below the minimum wage",
  "fill.pay_overtime": "Overtime pay is too low",
  "fill.pay_above_bill": "Pay is above what the client pays",
  "fill.pay_band": "Pay is unusual for this role and state",
  "fill.protected_term": "Asks for a protected trait",
  "fill.reliability": "Missed shifts lately",
  "fill.no_show": "Did not show up for this order",
  "fill.late_cancel": "Cancelled this order late",
  "fill.declined": "Declined this order",
  "fill.headcount_short": "Too few people",
  "fill.headcount_over": "Too many people",
  "fill.duplicate_worker": "Proposed twice",
  "fill.unknown_worker": "Not on the roster",
  "fill.name_mismatch": "Another name on the roster",
  "fill.schema": "Not complete",
};

/** "fill.site_training" -> "Site training" where the table has no better words. */
export function ruleWords(code: string): string {
  const plain = code.replace(/^\w+\./, "").replaceAll("_", " ");
  return RULES[code] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
}
