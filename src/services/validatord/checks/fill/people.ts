// Fill checks about who is proposed: that the worker exists, is the one that was meant, may be sent, can do the work, and is
// near enough.

import type { Block } from "#contracts/validate";
import { milesBetween, type Point } from "#domain/places";
import { jaroWinkler } from "#lib/jaro-winkler";
import { titleKeys } from "#domain/orders/text/words";
import { foldName, nameKey, type Worker, type WorkerLookup } from "../../roster/worker.ts";
import { type Check, NOTHING, type Tell } from "../check.ts";
import type { FillRow, FillSubject, OrderFacts } from "./subject.ts";

type FillCheck = Check<FillSubject, FillRow>;

/** Below it two names are two people's. */
const SAME_NAME_MIN = 0.92;
const MILES_MAX_DEFAULT = 50;

export const duplicateWorker: FillCheck = {
  code: "fill.duplicate_worker",
  kind: "consistency",
  severity: "error",
  tests: "no worker stands twice in the proposal, nor under the id of a duplicate that was merged",
  row: function* (row, { rows }) {
    if (row.person === undefined) return;
    const before = rows.slice(0, row.index).find(({ person }) => person === row.person);
    if (before === undefined) return;
    const merged = before.worker_id === row.worker_id ? "" : `, under which ${row.worker_id} was merged`;
    yield {
      path: row.idPath,
      message: `is the worker of ${before.path}${merged}`,
      actual: row.worker_id,
      hint: "Propose another worker here, or leave the row out.",
    };
  },
};

export const unknownWorker: FillCheck = {
  code: "fill.unknown_worker",
  kind: "consistency",
  severity: "error",
  tests: "the id is one of the roster's, as it is written; the hint names the three nearest",
  row: ({ worker_id, worker, name, idPath }, { lookup }) => {
    if (worker_id === undefined || worker !== undefined) return NOTHING;
    const fixed = fixedId(worker_id, name, lookup);
    const near = lookup.nearest(worker_id, name).map(describe);
    return [
      {
        path: idPath,
        message: `${worker_id} is not in the roster`,
        actual: worker_id,
        hint:
          near.length === 0
            ? "No worker of the roster is near to it. Choose one that a search found."
            : `The nearest: ${near.join("; ")}.`,
        ...(fixed === undefined ? {} : { expected: fixed, fix: { path: idPath, value: fixed } }),
      },
    ];
  },
};

/** The id that is meant for sure: the same without blanks or in another case, else that of the only worker of the name. */
function fixedId(id: string, name: string | undefined, lookup: WorkerLookup): string | undefined {
  const trimmed = id.trim();
  if (lookup.get(trimmed) !== undefined) return trimmed;
  const forms = new Set([trimmed.toLowerCase(), trimmed.toUpperCase()]);
  const known = [...forms].filter((form) => lookup.get(form) !== undefined);
  if (known.length > 0) return known.length === 1 ? known[0] : undefined;
  const [named, other] = name === undefined ? [] : lookup.byName(name);
  return other === undefined ? named?.worker_id : undefined;
}

function describe({ worker_id, name, role, city, state }: Worker): string {
  const where = [city, state].filter((part) => part !== "").join(", ");
  const who = [name, role, where].filter((part) => part !== "").join(", ");
  return who === "" ? worker_id : `${worker_id} (${who})`;
}

export const nameMismatch: FillCheck = {
  code: "fill.name_mismatch",
  kind: "consistency",
  severity: "error",
  tests: "a given name is the roster's, apart from case, accents, order and small slips (Jaro-Winkler 0.92)",
  row: function* ({ name, worker, path }, _subject) {
    if (name === undefined || worker === undefined || worker.name === "") return;
    if (isSameName(name, worker.name)) return;
    yield {
      path: `${path}.name`,
      message: `${name} is not the name of ${worker.worker_id}, which is ${worker.name}`,
      expected: worker.name,
      actual: name,
      hint: "Check which of the two was meant: the id or the name.",
    };
  },
};

export function isSameName(given: string, known: string): boolean {
  const [a, b] = [foldName(given), foldName(known)];
  return Math.max(jaroWinkler(a, b), jaroWinkler(nameKey(given), nameKey(known))) >= SAME_NAME_MIN;
}

/** Statuses under which a worker may be sent; a roster that says none says nothing against it. */
const FREE: ReadonlySet<string> = new Set(["", "active", "available", "ready", "eligible", "open"]);

export const status: FillCheck = {
  code: "fill.status",
  kind: "consistency",
  severity: "error",
  tests:
    "the worker is not inactive, not do_not_hire, and not on an assignment that touches the shift or that nobody knows",
  row: ({ worker, worker_id, person, idPath }, { facts, assignments }) => {
    if (worker === undefined || worker_id === undefined || FREE.has(worker.status)) return NOTHING;
    const tell = { path: idPath, actual: worker.status };
    if (worker.status === "inactive" || worker.status === "do_not_hire") {
      const said = worker.status === "inactive" ? "is inactive" : "is marked do not hire";
      return [{ ...tell, message: `${worker_id} ${said}`, hint: "Propose another worker." }];
    }
    if (worker.status !== "on_assignment") {
      return [
        {
          ...tell,
          severity: "warning",
          message: `${worker_id} has the status ${worker.status}, which the house does not know`,
          hint: "Make sure that the worker may be sent.",
        },
      ];
    }
    const own = assignments.get(person ?? worker_id) ?? [];
    const touching = own.find(
      ({ start_at, end_at }) =>
        facts !== undefined && Date.parse(start_at) < facts.end && Date.parse(end_at) > facts.start,
    );
    if (touching === undefined && own.length > 0 && facts !== undefined) return NOTHING;
    return [
      {
        ...tell,
        message:
          touching === undefined
            ? `${worker_id} is on an assignment, and when it ends is not known`
            : `${worker_id} is on an assignment until ${touching.end_at}`,
        hint: "Propose another worker, or give the worker's assignments.",
      },
    ];
  },
};

export const roleMismatch: FillCheck = {
  code: "fill.role_mismatch",
  kind: "consistency",
  severity: "error",
  tests:
    "the worker's occupation (SOC) is the order's; with the gate `adjacent` a role that may stand for it is a warning",
  applies: ({ facts, policy }) => facts !== undefined && policy.gate !== "off",
  row: ({ worker, role, path, idPath }, { facts, know, policy }) => {
    if (facts === undefined) return NOTHING;
    const { order, work } = facts;
    const tell = (at: string, title: string, soc: string | undefined): Tell | undefined => {
      const own = know.occupation(title, soc);
      if (own.soc !== undefined && own.soc === work.soc) return undefined;
      const neither = own.soc === undefined && work.soc === undefined;
      if (neither && sameTitle(title, order.role)) return undefined;
      const adjacent = own.role?.adjacent.some((name) => know.occupation(name).soc === work.soc) === true;
      const known = own.soc !== undefined && work.soc !== undefined;
      return {
        path: at,
        severity: adjacent && policy.gate === "adjacent" ? "warning" : "error",
        message: known
          ? `${title} is not ${order.role}${adjacent ? ", though it may stand for it" : ""}`
          : `${title || "a worker without a role"} is not known to be the work of ${order.role}`,
        expected: work.soc === undefined ? order.role : `${order.role} (${work.soc})`,
        actual: own.soc === undefined ? title : `${title} (${own.soc})`,
        hint: "Propose a worker of this occupation.",
      };
    };
    const found = worker === undefined ? undefined : tell(idPath, worker.role, worker.soc);
    // What the proposal calls the work must be the order's too.
    const claimed = role === undefined ? undefined : tell(`${path}.role`, role, undefined);
    if (found === undefined && claimed === undefined) return NOTHING;
    return [found, claimed].filter((one) => one !== undefined);
  },
};

function sameTitle(a: string, b: string): boolean {
  return titleKeys(a).join(" ") === titleKeys(b).join(" ");
}

export const location: FillCheck = {
  code: "fill.location",
  kind: "consistency",
  severity: "error",
  tests:
    "the worker is within max_miles (50) of the site; where miles are not known, another state is a warning",
  applies: ({ facts }) => facts !== undefined,
  row: ({ worker, idPath }, { facts, know }) => {
    if (worker === undefined || facts === undefined) return NOTHING;
    const { order, point, state } = facts;
    const most = order.max_miles ?? MILES_MAX_DEFAULT;
    const home = pointOf(worker, know);
    if (home === undefined || point === undefined) {
      if (worker.state === "" || worker.state === state) return NOTHING;
      return [
        {
          path: idPath,
          severity: "warning",
          message: `lives in ${worker.state} and the site is in ${state}; how far that is is not known`,
          expected: state,
          actual: worker.state,
          hint: "Ask whether the worker can get there.",
        },
      ];
    }
    const miles = milesBetween(home, point);
    if (miles <= most) return NOTHING;
    return [
      {
        path: idPath,
        message: `lives ${miles.toFixed(1)} miles from ${order.city}, ${state}; the order allows ${most}`,
        expected: most,
        actual: Number(miles.toFixed(1)),
        hint: "Propose somebody who lives nearer.",
      },
    ];
  },
};

export function pointOf({ lat, lon, city, state }: Worker, know: FillSubject["know"]): Point | undefined {
  return lat === undefined || lon === undefined ? know.pointOf(city, state) : { lat, lon };
}

export const dnr: FillCheck = {
  code: "fill.dnr",
  kind: "policy",
  severity: "error",
  tests:
    "no block of the worker, nor of a duplicate that was merged, is active when the shift starts: for the client, the site or everywhere",
  applies: ({ facts }) => facts !== undefined,
  row: ({ worker, worker_id, person, idPath }, { facts, blocks, lookup }) => {
    if (facts === undefined || person === undefined) return NOTHING;
    const given = blocks.get(person);
    const merged = person === worker_id ? undefined : lookup.get(person)?.blocks;
    const own = merged === undefined ? (worker?.blocks ?? []) : [...(worker?.blocks ?? []), ...merged];
    if (given === undefined && own.length === 0) return NOTHING;
    const all = [...(given ?? []), ...own];
    const active = all.find((block) => isActive(block, facts));
    if (active === undefined) return NOTHING;
    const { order } = facts;
    const where = { system: "everywhere", client: `for ${order.client_id}`, site: `at ${order.site_id}` };
    const why = active.reason ? `: ${active.reason}` : "";
    return [
      {
        path: idPath,
        message: `${worker_id} is blocked ${where[active.scope]}${why}`,
        actual: active.scope,
        hint: "Propose another worker.",
      },
    ];
  },
};

/** A block holds from the moment it starts, and no more at the moment it ends. */
export function isActive(block: Block, { start, order }: Pick<OrderFacts, "start" | "order">): boolean {
  const { scope, client_id, site_id, start_at, end_at } = block;
  if (start_at && Date.parse(start_at) > start) return false;
  if (end_at && Date.parse(end_at) <= start) return false;
  if (scope === "system") return true;
  if (scope === "client") return client_id === order.client_id;
  return site_id === order.site_id && Boolean(site_id) && (!client_id || client_id === order.client_id);
}
