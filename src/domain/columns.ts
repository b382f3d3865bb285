// Detects the meaning of the columns of a roster or an order list by their usual names. A
// sample's own names come first in each list, so that a sample is a file like any other.

export const WORKER_NAMES = {
  id: ["worker_id", "employee_id", "emp_id", "candidate_id", "person_id", "associate_id", "staff_id", "id"],
  name: ["name", "full_name", "worker_name", "employee_name", "candidate_name"],
  first: ["first_name", "first", "given_name"],
  last: ["last_name", "last", "surname", "family_name"],
  role: ["role", "job_title", "title", "position", "job_role", "job", "occupation", "skill", "trade"],
  soc: ["soc", "soc_code", "onet_code"],
  city: ["city", "home_city", "town", "worksite_city", "location_city"],
  state: ["state", "st", "home_state", "state_code", "worksite_state", "location_state"],
  status: ["status", "worker_status", "employment_status", "active", "is_active"],
  do_not_hire: ["do_not_hire", "dnh", "do_not_rehire", "no_rehire", "do_not_use", "blacklisted"],
  certifications: [
    "certifications",
    "certs",
    "certificates",
    "licenses",
    "licences",
    "credentials",
    "skills",
  ],
  certifications_expire: [
    "certifications_expire",
    "certification_expiry",
    "certification_expires",
    "certification_expiration",
    "certification_expiration_date",
    "certifications_expiry",
    "certificate_expiry",
    "cert_expiry",
    "cert_expires",
    "cert_expiration",
    "cert_expiration_date",
    "license_expiry",
    "license_expires",
    "license_expiration",
    "license_expiration_date",
  ],
  languages: ["languages", "language", "languages_spoken", "spoken_languages", "lang"],
  pay_floor: ["pay_floor", "pay_rate", "rate", "hourly_rate", "min_pay", "wage"],
  reliability: ["reliability", "reliability_score"],
  available_from: ["available_from", "available", "available_date", "availability"],
  lat: ["lat", "latitude"],
  lon: ["lon", "lng", "long", "longitude"],
} as const satisfies Record<string, readonly string[]>;

export const ORDER_NAMES = {
  role: ["role", "job_title", "title", "position", "job_role", "job", "occupation"],
  state: ["state", "st", "worksite_state", "state_code"],
  status: ["status", "order_status"],
  headcount: [
    "headcount",
    "openings",
    "positions",
    "quantity",
    "workers_needed",
    "workers_requested",
    "nbr_workers_requested",
  ],
  filled: ["filled", "filled_count", "placed"],
} as const satisfies Record<string, readonly string[]>;

export type Columns<K extends string> = Readonly<Partial<Record<K, string>>>;

/** The column of each meaning: the first of its usual names that is present, in any spelling. */
export function columnsNamed<K extends string>(
  names: Readonly<Record<K, readonly string[]>>,
  columns: readonly string[],
): Columns<K> {
  const byFolded = new Map(columns.map((column) => [folded(column), column]));
  const pairs = Object.entries<readonly string[]>(names).flatMap(([about, candidates]) => {
    const column = candidates.map((candidate) => byFolded.get(candidate)).find((one) => one !== undefined);
    return column === undefined ? [] : [[about, column] as const];
  });
  return Object.fromEntries(pairs) as Columns<K>;
}

/** "Job Title", "job-title" and "JobTitle" are one name. */
function folded(column: string): string {
  return column
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_|_$/g, "");
}
