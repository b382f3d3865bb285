// What somebody at the desk waits for in a house with a hundred thousand people: until something stands on the screen, until
// an order that was pasted has its ranked people, and whether a grid of a hundred thousand rows keeps up with the wheel. In a
// real browser, each visit with an empty cache; where there is no browser nothing is measured.

import type { Browser, Page } from "playwright-core";
import { present } from "#lib/assert";
import { CHROMIUM, launchBrowser, NEEDS_BROWSER, openPage } from "../test/ui/browser.ts";
import { largestPlace, loadPeople, loadRoster } from "./data/people.ts";
import { memoryOf } from "./load/processes.ts";
import { medianOf, type Spread, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const WORKERS = 100_000;
const GRID_ROWS = 100_000;
const PAINT_MS_MAX = 1000;
/** What is read and ranked while somebody looks at the screen; longer is a wait. */
const RANKED_MS_MAX = 1000;
/** Three frames of a screen with 60 a second: below that nobody sees a stutter. */
const FRAME_MS_MAX = 50;
/** Turns of the wheel for a spread of frames. */
const WHEEL_TURNS = 120;
const WAIT_MS = 60_000;
const MIB = 1024 * 1024;

export const bench: Bench = {
  name: "console",
  summary: `the console over ${WORKERS} workers in a browser: paint, ranked people, a long grid${NEEDS_BROWSER}`,
  rows: async (settings) => (CHROMIUM === undefined ? [] : rows(settings)),
};

async function rows({ rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  try {
    await loadPeople(house, WORKERS);
    const rosterMs = await loadRoster(house);
    const place = await largestPlace(house);
    const text = `Need 4 ${place.role} in ${place.city}, ${place.state} Friday 6a-2p $45`;
    const browser = await launchBrowser();
    try {
      return await measured({ house, browser, text, rounds, rosterMs });
    } finally {
      await browser.close();
    }
  } finally {
    await house.stop();
  }
}

interface Prepared {
  readonly house: HouseProcess;
  readonly browser: Browser;
  readonly text: string;
  readonly rounds: number;
  /** What the first order after a start would wait for. */
  readonly rosterMs: number;
}

async function measured({ house, browser, text, rounds, rosterMs }: Prepared): Promise<Row[]> {
  const visit = <T>(look: (page: Page) => Promise<T>): Promise<T> => visited(browser, house.url, look);
  // The first visit waits for the bundle, and the first order for what is loaded with it: told apart.
  const firstPaint = await visit((page) => paintOf(page, "/", "main h1"));
  const firstOrder = await visit((page) => ordered(page, text));
  const paints: Paint[] = [];
  const orders: Ordered[] = [];
  const orderPaints: Paint[] = [];
  for (let round = 0; round < rounds; round += 1) {
    paints.push(await visit((page) => paintOf(page, "/", "main h1")));
    orders.push(await visit((page) => ordered(page, text)));
    orderPaints.push(await visit((page) => paintOf(page, firstOrder.path, "table.people tbody tr")));
  }
  const scrolls: Scroll[] = [];
  for (let round = 0; round < rounds; round += 1) scrolls.push(await visit(scrolled));
  const memory = memoryOf(house.pids());
  const paintFigures = (of: readonly Paint[]): Record<string, number> => ({
    shown_ms: medianOf(of.map(({ shownMs }) => shownMs)),
    wire_kib: medianOf(of.map(({ wireBytes }) => wireBytes / 1024)),
  });
  return [
    row("first paint of the desk", "ms", spreadOf(paints.map(({ paintMs }) => paintMs)), PAINT_MS_MAX, {
      ...paintFigures(paints),
      very_first_ms: firstPaint.paintMs,
    }),
    row("first paint of an order", "ms", spreadOf(orderPaints.map(({ paintMs }) => paintMs)), PAINT_MS_MAX, {
      ...paintFigures(orderPaints),
    }),
    row("a pasted order, to ranked people", "ms", spreadOf(orders.map(({ ms }) => ms)), RANKED_MS_MAX, {
      people: medianOf(orders.map(({ people }) => people)),
      first_order_ms: firstOrder.ms,
      roster_load_ms: rosterMs,
      house_mib: memory === null ? Number.NaN : memory.rssBytes / MIB,
    }),
    row(
      `scrolling ${GRID_ROWS} rows, p99 of a frame`,
      "ms",
      spreadOf(scrolls.map(({ p99Ms }) => p99Ms)),
      FRAME_MS_MAX,
      {
        frame_p50_ms: medianOf(scrolls.map(({ p50Ms }) => p50Ms)),
        rows_in_page: Math.max(...scrolls.map(({ rowsMax }) => rowsMax)),
        until_rows_ms: medianOf(scrolls.map(({ loadedMs }) => loadedMs)),
        sort_ms: medianOf(scrolls.map(({ sortMs }) => sortMs)),
      },
    ),
  ];
}

function row(
  name: string,
  unit: string,
  subject: Spread,
  limit: number,
  figures: Readonly<Record<string, number>>,
): Row {
  return {
    name,
    unit,
    subject,
    reference: null,
    ratio: null,
    bar: { of: "figure", is: "<=", limit },
    figures,
  };
}

/** With a cache of its own. What the page complains of is a bench that could not run. */
async function visited<T>(browser: Browser, base: string, look: (page: Page) => Promise<T>): Promise<T> {
  const { page, complaints } = await openPage(browser, base);
  page.setDefaultTimeout(WAIT_MS);
  try {
    const found = await look(page);
    if (complaints.length > 0) throw new Error(`The console complains: ${complaints.join("; ")}`);
    return found;
  } finally {
    await page.context().close();
  }
}

interface Paint {
  /** From the click to the first contentful paint. */
  readonly paintMs: number;
  /** Until what one came for is there. */
  readonly shownMs: number;
  /** What came over the wire until the first paint, as it was compressed. */
  readonly wireBytes: number;
}

async function paintOf(page: Page, path: string, shown: string): Promise<Paint> {
  await page.goto(path, { waitUntil: "commit" });
  await page.locator(shown).first().waitFor();
  return page.evaluate<Paint>(`(async () => {
    const shownMs = performance.now();
    const paint = () => performance.getEntriesByName("first-contentful-paint")[0];
    while (paint() === undefined) await new Promise((resolve) => requestAnimationFrame(resolve));
    const paintMs = paint().startTime;
    const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    const wireBytes = loaded
      .filter(({ responseEnd }) => responseEnd > 0 && responseEnd <= paintMs)
      .reduce((sum, { transferSize }) => sum + transferSize, 0);
    return { paintMs, shownMs, wireBytes };
  })()`);
}

interface Ordered {
  /** From the key that sends it to the ranked people. */
  readonly ms: number;
  readonly people: number;
  readonly path: string;
}

async function ordered(page: Page, text: string): Promise<Ordered> {
  await page.goto("/");
  await page.getByLabel("The order, as it came in").fill(text);
  const started = performance.now();
  await page.keyboard.press("Control+Enter");
  const people = page.locator("table.people tbody tr");
  await people.first().waitFor();
  const ms = performance.now() - started;
  return { ms, people: await people.count(), path: new URL(page.url()).pathname };
}

interface Scroll {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rowsMax: number;
  readonly loadedMs: number;
  readonly sortMs: number;
}

async function scrolled(page: Page): Promise<Scroll> {
  const sql = `SELECT worker_id, name, role, city, state, pay_floor FROM workers LIMIT ${GRID_ROWS}`;
  const started = performance.now();
  await page.goto(`/ui/sql?q=${encodeURIComponent(sql)}&rows=${GRID_ROWS}`);
  const grid = page.getByRole("grid", { name: "result" });
  await grid.locator(".grid-body [role=row]").nth(5).waitFor();
  const loadedMs = performance.now() - started;
  const box = present(await grid.boundingBox(), "a grid in sight");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.evaluate(`(() => {
    window.frames_ = { gaps: [], rowsMax: 0, on: true };
    let last = performance.now();
    const frame = (now) => {
      if (!frames_.on) return;
      frames_.gaps.push(now - last);
      frames_.rowsMax = Math.max(frames_.rowsMax, document.querySelectorAll(".grid-body [role=row]").length);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
  })()`);
  for (let turn = 0; turn < WHEEL_TURNS; turn += 1) await page.mouse.wheel(0, turn % 10 === 9 ? 60_000 : 600);
  const { gaps, rowsMax } = await page.evaluate<{ gaps: number[]; rowsMax: number }>(
    "(() => { frames_.on = false; return frames_; })()",
  );
  const sorted = gaps.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  const sorting = performance.now();
  await grid.getByRole("button", { name: /^pay_floor/ }).click();
  await grid.locator("[role=columnheader][aria-sort=ascending]").waitFor();
  return { p50Ms: at(0.5), p99Ms: at(0.99), rowsMax, loadedMs, sortMs: performance.now() - sorting };
}
