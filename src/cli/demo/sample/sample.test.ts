import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { citiesNamed, milesBetween, STATES } from "#domain/places";
import { roleNamed } from "#domain/roles";
import { generateOrders, generateWorkers, toCsv, type Order, type Worker } from "./sample.ts";
import { costsIn, DEMO_PLACES, offsetOn, SCATTER_MILES_MAX } from "./draws.ts";
import { FIRST_NAMES, LAST_NAMES } from "./words.ts";

const TODAY = "2026-11-21";
const SEEDS = [1, 7, 20_261_121];

const workersOf = (seed: number, count = 5000): Worker[] => [
  ...generateWorkers({ seed, count, today: TODAY }),
];
const ordersOf = (seed: number, count = 3000): Order[] => [...generateOrders({ seed, count, today: TODAY })];

function shareOf<T>(rows: readonly T[], holds: (row: T) => boolean): number {
  return rows.filter(holds).length / rows.length;
}

describe("a sample", () => {
  test("is the same for the same arguments, and other for another seed or day", () => {
    expect(workersOf(5, 200)).toEqual(workersOf(5, 200));
    expect(ordersOf(5, 200)).toEqual(ordersOf(5, 200));
    expect(workersOf(5, 200)).not.toEqual(workersOf(6, 200));
    expect(ordersOf(5, 200)).not.toEqual(ordersOf(6, 200));
    expect([...generateOrders({ seed: 5, count: 200, today: "2026-11-22" })]).not.toEqual(ordersOf(5, 200));
  });

  test("never changes: its first rows are what they were when this was written", () => {
    expect([...toCsv(workersOf(1, 1))][1]).toBe(
      "w-1,Cristian Richardson,Forklift Operator,53-7051,Springfield,IL,39.7649,-89.6394,America/Chicago,Forklift Operator Certification (exp 2027-05-20); OSHA 10 (exp 2027-06-19),2027-05-20,20.62,active,0.995,107,0,+1-217-555-0144,cristian.richardson.1@example.com,granted,2026-11-20\r\n",
    );
    expect([...toCsv(ordersOf(1, 1))][1]).toBe(
      'o-1,"Ash Grove Supply, Inc.",Forklift Operator,53-7051,Springfield,IL,39.9107,-89.5985,America/Chicago,3,0,open,2026-11-23T07:00:00-06:00,2026-11-23T15:30:00-06:00,07:00-15:30,25.03,36.08,Forklift Operator Certification,"Ask for ""Sam"" at the gate, the bell is broken.",2026-11-19T16:43:54Z\r\n',
    );
  });

  test("begins alike whatever its size", () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(60), fc.nat(60), (seed, size, more) => {
        expect(workersOf(seed, size + more).slice(0, size)).toEqual(workersOf(seed, size));
        expect(ordersOf(seed, size + more).slice(0, size)).toEqual(ordersOf(seed, size));
      }),
      { numRuns: 30 },
    );
  });

  test("is a stream: taking a few of a billion costs a few", () => {
    const endless = generateWorkers({ seed: 1, count: 1_000_000_000, today: TODAY });
    expect([endless.next(), endless.next()].map((step) => step.value?.worker_id)).toEqual(["w-1", "w-2"]);
  });

  test.each(["2026-02-30", "21.11.2026", "", "2026-11-21T00:00:00Z"])("refuses %p as its day", (today) => {
    expect(() => generateWorkers({ seed: 1, count: 1, today }).next()).toThrow("YYYY-MM-DD");
  });

  test.each([-1, 1.5, Number.NaN])("refuses %p as its size", (count) => {
    expect(() => generateOrders({ seed: 1, count, today: TODAY }).next()).toThrow("count");
  });
});

describe.each(SEEDS)("workers of seed %d", (seed) => {
  const workers = workersOf(seed);

  test("are whole and plausible", () => {
    const wrong = workers.filter((worker, index) => {
      const role = roleNamed(worker.role);
      const [city] = citiesNamed(worker.city, worker.state);
      const expiries = [...worker.certifications.matchAll(/\(exp (\d{4}-\d\d-\d\d)\)/g)].map(
        (match) => match[1],
      );
      const held = worker.certifications === "" ? [] : worker.certifications.split("; ");
      return !(
        worker.worker_id === `w-${index + 1}` &&
        role?.name === worker.role &&
        role.soc === worker.soc_code &&
        city !== undefined &&
        city.timezone === worker.timezone &&
        milesBetween(city, worker) <= SCATTER_MILES_MAX + 0.1 &&
        held.length === expiries.length &&
        held.every((entry) => role.certifications.some((name) => entry.startsWith(`${name} (exp `))) &&
        worker.cert_expires === (expiries.toSorted((a = "", b = "") => a.localeCompare(b))[0] ?? null) &&
        worker.pay_floor >= costsIn(worker.state).leastUsdPerHour &&
        Number(worker.pay_floor.toFixed(2)) === worker.pay_floor &&
        worker.reliability >= 0 &&
        worker.reliability <= 1 &&
        Number.isInteger(worker.shifts_completed) &&
        [0, 1, 2, 3].includes(worker.no_shows_90d) &&
        /^\+1-[2-9]\d\d-555-01\d\d$/.test(worker.phone) &&
        /^[a-z]+\.[a-z]+\.\d+@example\.com$/.test(worker.email) &&
        /^\d{4}-\d\d-\d\d$/.test(worker.available_from)
      );
    });
    expect(wrong).toEqual([]);
    expect(new Set(workers.map((worker) => worker.email)).size).toBe(workers.length);
  });

  test("have the shares that are meant", () => {
    const shareWith = (status: Worker["status"]): number =>
      shareOf(workers, (worker) => worker.status === status);
    expect(shareWith("active")).toBeWithin(0.83, 0.87);
    expect(shareWith("on_assignment")).toBeWithin(0.06, 0.1);
    expect(shareWith("inactive")).toBeWithin(0.035, 0.065);
    expect(shareWith("do_not_hire")).toBeWithin(0.01, 0.035);
    expect(shareOf(workers, (worker) => worker.certifications === "")).toBeWithin(0.2, 0.8);
    const certified = workers.filter((worker) => worker.cert_expires !== null);
    expect(shareOf(certified, (worker) => (worker.cert_expires ?? "") < TODAY)).toBeWithin(0.05, 0.25);
    expect(new Set(workers.map((worker) => worker.role)).size).toBeGreaterThan(150);
    expect(new Set(workers.map((worker) => worker.state)).size).toBeGreaterThan(35);
  });

  test("hold the common families in strength", () => {
    for (const [family, least] of [
      ["warehouse", 0.15],
      ["manufacturing", 0.1],
      ["landscaping", 0.09],
      ["hospitality", 0.08],
    ] as const) {
      expect(shareOf(workers, (worker) => roleNamed(worker.role)?.family === family)).toBeGreaterThan(least);
    }
    for (const { role } of DEMO_PLACES) {
      expect(workers.filter((worker) => worker.role === role.name).length).toBeGreaterThanOrEqual(12);
    }
  });

  test("live in large cities more often, by the square root", () => {
    const inCity = (city: string): number => workers.filter((worker) => worker.city === city).length;
    expect(inCity("New York")).toBeGreaterThan(inCity("Fresno") * 2);
    expect(inCity("New York")).toBeLessThan(workers.length * 0.05);
  });
});

describe("the first rows", () => {
  test.each([
    [1, 18],
    [2, 18],
    [3, 5000],
    [-4, 30],
  ])("of seed %d and size %d have workers where the demo searches", (seed, count) => {
    const workers = workersOf(seed, count);
    for (const { role, city } of DEMO_PLACES) {
      const fit = workers.filter(
        (worker) => worker.role === role.name && worker.state === city.state && worker.status === "active",
      );
      expect(fit.length).toBeGreaterThanOrEqual(3);
      expect(fit.filter((worker) => milesBetween(worker, city) <= 30).length).toBeGreaterThanOrEqual(3);
      const ready = fit.filter(
        (worker) =>
          worker.available_from <= TODAY &&
          (worker.cert_expires ?? "9999") > TODAY &&
          worker.sms_consent === "granted",
      );
      expect(ready.length).toBeGreaterThanOrEqual(3);
      for (const name of role.certifications) {
        expect(ready.filter((worker) => worker.certifications.includes(name)).length).toBeGreaterThanOrEqual(
          3,
        );
      }
    }
  });

  test("have a worker to refuse at each place: a certification that ran out, a name not to hire", () => {
    const placed = workersOf(9, 30);
    for (const { role, city } of DEMO_PLACES) {
      const here = placed.filter((worker) => worker.role === role.name && worker.city === city.city);
      expect(here.map((worker) => worker.status)).toEqual([
        "active",
        "active",
        "active",
        "active",
        "do_not_hire",
      ]);
      const expired = here.filter((worker) => worker.cert_expires !== null && worker.cert_expires < TODAY);
      expect(expired.length).toBe(role.certifications.length === 0 ? 0 : 1);
    }
  });

  test("need the demo's workers in the coming days", () => {
    const orders = ordersOf(9, 6);
    expect(orders.map(({ role, city, state }) => [role, city, state])).toEqual(
      DEMO_PLACES.map(({ role, city }) => [role.name, city.city, city.state]),
    );
    for (const order of orders) {
      expect(order.status).toBe("open");
      expect(order.start_at > TODAY && order.start_at < "2026-12-01").toBe(true);
      expect(order.required_certs).toContain(roleNamed(order.role)?.certifications[0] ?? "");
    }
  });
});

describe.each(SEEDS)("orders of seed %d", (seed) => {
  const orders = ordersOf(seed);

  test("are whole and plausible", () => {
    const wrong = orders.filter((order, index) => {
      const role = roleNamed(order.role);
      const [city] = citiesNamed(order.city, order.state);
      const [from = "", to = ""] = order.shift.split("-");
      const filledOf = { open: 0, cancelled: 0, filled: order.headcount, partially_filled: order.filled };
      return !(
        order.order_id === `o-${index + 1}` &&
        role?.soc === order.soc_code &&
        city !== undefined &&
        milesBetween(city, order) <= SCATTER_MILES_MAX + 0.1 &&
        order.headcount >= 1 &&
        order.filled === filledOf[order.status] &&
        (order.status !== "partially_filled" || (order.filled > 0 && order.filled < order.headcount)) &&
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:00[+-]\d\d:\d\d$/.test(order.start_at) &&
        order.start_at.slice(11, 16) === from &&
        order.end_at.slice(11, 16) === to &&
        Date.parse(order.end_at) - Date.parse(order.start_at) >= 7 * 3_600_000 &&
        Date.parse(order.created_at) < Math.min(Date.parse(order.start_at), Date.parse(TODAY)) &&
        order.pay_rate >= costsIn(order.state).leastUsdPerHour &&
        order.bill_rate > order.pay_rate * 1.3 &&
        (order.required_certs === "" ||
          order.required_certs.split("; ").every((name) => role.certifications.includes(name)))
      );
    });
    expect(wrong).toEqual([]);
  });

  test("are of every status, past and to come", () => {
    const coming = orders.filter((order) => order.start_at >= TODAY);
    expect(coming.length).toBeWithin(orders.length * 0.3, orders.length * 0.5);
    expect(
      shareOf(coming, (order) => order.status === "open" || order.status === "partially_filled"),
    ).toBeGreaterThan(0.6);
    expect(shareOf(orders, (order) => order.status === "filled")).toBeGreaterThan(0.4);
    expect(shareOf(orders, (order) => order.status === "cancelled")).toBeWithin(0.03, 0.15);
  });
});

describe("what a sample draws from", () => {
  test("names are many, none twice, and make addresses", () => {
    expect(FIRST_NAMES.length).toBeGreaterThanOrEqual(200);
    expect(LAST_NAMES.length).toBeGreaterThanOrEqual(300);
    for (const names of [FIRST_NAMES, LAST_NAMES]) {
      expect(new Set(names).size).toBe(names.length);
      expect(names.filter((name) => !/^\p{Lu}[\p{L}' -]+$/u.test(name))).toEqual([]);
    }
  });

  test("every state has costs", () => {
    for (const { code } of STATES) expect(costsIn(code).leastUsdPerHour).toBeGreaterThanOrEqual(7.25);
  });

  test.each([
    ["2026-11-21", "America/Chicago", "-06:00"],
    ["2026-07-04", "America/Chicago", "-05:00"],
    ["2026-07-04", "America/Phoenix", "-07:00"],
    ["2026-03-08", "America/New_York", "-04:00"],
    ["2026-03-07", "America/New_York", "-05:00"],
    ["2026-01-01", "UTC", "+00:00"],
  ])("on %s the offset of %s is %s", (date, timezone, offset) => {
    expect(offsetOn(Date.parse(date) / 86_400_000, timezone)).toBe(offset);
  });
});

/** An RFC 4180 reader of its own kind, one character at a time; an unquoted empty field is a null. */
function parsed(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  let at = 0;
  while (at < text.length) {
    let value: string | null = null;
    if (text[at] === '"') {
      value = "";
      for (at += 1; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (at >= text.length) throw new Error("a quoted field does not end");
        value += text[at];
        if (text[at] === '"') at += 1;
      }
      at += 1;
    } else {
      while (at < text.length && text[at] !== "," && text[at] !== "\r") {
        if (text[at] === '"' || text[at] === "\n") throw new Error("a bare quote or line feed");
        value = (value ?? "") + text[at++];
      }
    }
    row.push(value);
    if (text.startsWith("\r\n", at)) {
      rows.push(row);
      row = [];
      at += 2;
    } else if (text[at] === ",") {
      at += 1;
    } else {
      throw new Error(`neither comma nor line end at ${at}`);
    }
  }
  return rows;
}

describe("toCsv", () => {
  test("quotes what needs it and nothing else", () => {
    const rows = [
      { a: 'say "hi"', b: "x,y", c: null, d: "", e: 1.5, f: " pad", g: "two\nlines", h: true, i: "plain" },
    ];
    expect([...toCsv(rows)]).toEqual([
      "a,b,c,d,e,f,g,h,i\r\n",
      '"say ""hi""","x,y",,"",1.5," pad","two\nlines",true,plain\r\n',
    ]);
  });

  test("gives nothing for nothing, and no empty line for a lone null", () => {
    expect([...toCsv([])]).toEqual([]);
    expect([...toCsv([{ a: null }])]).toEqual(["a\r\n", '""\r\n']);
  });

  test("refuses ragged rows and numbers that are none", () => {
    const ragged: Record<string, number>[] = [{ a: 1 }, { b: 2 }];
    expect(() => [...toCsv(ragged)]).toThrow("a row has no a");
    expect(() => [...toCsv([{ a: 1 }, { a: 1, b: 2 }])]).toThrow("same columns");
    expect(() => [...toCsv([{ a: Number.NaN }])]).toThrow("no place");
  });

  test("comes back as it went, whatever the values", () => {
    const odd = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom('"', ",", "\r", "\n", " ", "\t", "é", "a") }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    );
    const table = fc
      .uniqueArray(fc.string({ minLength: 1, unit: fc.constantFrom("a", '"', ",", "\n", "Z") }), {
        minLength: 2,
        maxLength: 5,
      })
      .chain((columns) =>
        fc.array(
          fc
            .tuple(...columns.map(() => odd))
            .map((values) => Object.fromEntries(columns.map((column, at) => [column, values[at] ?? null]))),
          { minLength: 1, maxLength: 6 },
        ),
      );
    fc.assert(
      fc.property(table, (rows) => {
        const text = (value: unknown): string | null => (value === null ? null : String(value));
        const [header, ...lines] = parsed([...toCsv(rows)].join(""));
        expect(header).toEqual(Object.keys(rows[0] ?? {}));
        expect(lines).toEqual(rows.map((row) => Object.values(row).map(text)));
      }),
    );
  });

  test("carries a sample", () => {
    const workers = workersOf(1, 40);
    const [header = [], ...lines] = parsed([...toCsv(workers)].join(""));
    expect(header.join(" ")).toBe(
      "worker_id name role soc_code city state lat lon timezone certifications cert_expires pay_floor status " +
        "reliability shifts_completed no_shows_90d phone email sms_consent available_from",
    );
    expect(lines.length).toBe(40);
    expect(Object.keys(ordersOf(1, 1)[0] ?? {}).join(" ")).toBe(
      "order_id client role soc_code city state lat lon timezone headcount filled status start_at end_at shift " +
        "pay_rate bill_rate required_certs notes created_at",
    );
  });
});
