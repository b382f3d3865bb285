// `npm run screens`: pictures of every screen of the console, with data and empty, in both colour schemes and at three widths,
// to be looked at after a change of its looks. They lie in `screens/`.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Fill, Shortlist } from "#contracts/fill";
import { launchBrowser, openPage } from "./browser.ts";
import { LIFE_SETTINGS } from "./house-life.ts";
import { loadRoster } from "./roster.ts";
import { dataViews, EMPTY_DATA_VIEWS } from "./screens-data.ts";
import { EMPTY_OPERATIONS_VIEWS, operationsViews } from "./screens-operations.ts";
import { spawnHouse, type SpawnedHouse } from "./spawned-house.ts";

const OUT = "screens";
const WIDTHS = [390, 1024, 1440, 2560] as const;
const SCHEMES = ["light", "dark"] as const;

type Opened = Fill & Shortlist;

/** Orders that are short, long, incomplete, and in another script. */
const TEXTS = [
  ["Need 3 forklift operators in Springfield IL Fri 6a-2p $30", "Crane Point Cold Storage"],
  ["3 line cooks Denver CO tomorrow 2pm-10pm $26/hr", "Lakeshore Kitchen"],
  ["need a forklift operator", "Acme"],
  [
    "URGENT!! Hola, necesitamos 2 housekeepers para el hotel en Orlando, Florida, viernes 7am-3pm, $19; please also send 5 packers. ご連絡ください。 مرحبا. The loading dock is behind the building; ask for Mr. Featherstonehaugh-Cholmondeley at gate 14.",
    "Sunny Isles Hospitality Management Group International of Greater Orlando",
  ],
  ["2 CNC machinists, Cleveland OH, Thursday 2pm-10pm $32", "Erie Works"],
] as const;

async function orders(house: SpawnedHouse): Promise<readonly Opened[]> {
  const opened: Opened[] = [];
  for (const [order_text, client_id] of TEXTS) {
    opened.push(await house.json<Opened>("/v1/fills", { order_text, order: { client_id } }));
  }
  return opened;
}

/** One order on its way: a place confirmed, one that fell out, drafts. */
async function work(house: SpawnedHouse, { fill_id }: Opened): Promise<void> {
  const at = async (): Promise<Fill> => house.json<Fill>(`/v1/fills/${fill_id}`);
  const post = async (call: string, body: object): Promise<Fill> =>
    house.json<Fill>(`/v1/fills/${fill_id}/${call}`, { version: (await at()).version, ...body });
  const { seats } = await post("propose", { auto: true });
  const [first, second] = seats.map(({ worker_id }) => worker_id);
  await house.json(`/v1/fills/${fill_id}/messages`, {
    worker_ids: seats.map(({ worker_id }) => worker_id),
    channel: "sms",
    purpose: "offer",
  });
  if (first !== undefined) await post("outcomes", { worker_id: first, result: "confirmed" });
  if (second !== undefined)
    await post("outcomes", { worker_id: second, result: "declined", reason: "Has no car" });
}

async function screen(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(300);
  // What is still being loaded is no picture of the screen.
  await page
    .locator(".loading")
    .first()
    .waitFor({ state: "detached", timeout: 2500 })
    .catch(() => undefined);
  await page.screenshot({ path: `${name}.png`, fullPage: true });
  process.stdout.write(`${name}.png\n`);
}

const folder = mkdtempSync(join(tmpdir(), "screens-"));
const house = await spawnHouse(join(folder, "data"), 0, LIFE_SETTINGS);
const empty = await spawnHouse(join(folder, "empty"));
const browser = await launchBrowser();
try {
  await loadRoster(house);
  const [first, cooks, incomplete, long, machinists] = await orders(house);
  for (const opened of [first, machinists]) if (opened !== undefined) await work(house, opened);
  if (cooks !== undefined) {
    const kept = cooks.excluded.slice(0, 1).map(({ worker_id }) => worker_id);
    const fit = cooks.shortlist.slice(0, 1).map(({ worker_id }) => worker_id);
    await house.json(`/v1/fills/${cooks.fill_id}/propose`, { version: 1, worker_ids: [...fit, ...kept] });
  }
  const ofData = await dataViews(house);
  const ofOperations = await operationsViews(house);
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      const out = join(OUT, colorScheme, String(width));
      mkdirSync(out, { recursive: true });
      const options = { viewport: { width, height: 900 }, colorScheme };
      const { page } = await openPage(browser, house.url, options);
      const views: Readonly<Record<string, string>> = {
        desk: "/",
        board: "/ui/board",
        fill: `/ui/fills/${first?.fill_id}`,
        "fill-findings": `/ui/fills/${cooks?.fill_id}`,
        "fill-incomplete": `/ui/fills/${incomplete?.fill_id}`,
        "fill-long": `/ui/fills/${long?.fill_id}`,
        "fill-unknown": "/ui/fills/f-none",
        components: "/ui/components",
        ...ofData,
        ...ofOperations,
      };
      for (const [name, path] of Object.entries(views)) {
        await page.goto(path, { waitUntil: "load" });
        await page.locator("main h1, main h2").first().waitFor();
        await screen(page, join(out, name));
      }
      await page.goto(views["fill"] ?? "/");
      await page.locator(".chip").first().click();
      await screen(page, join(out, "fill-correct"));
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+k");
      await screen(page, join(out, "palette"));
      await page.keyboard.press("Escape");
      await page.locator("h1").first().click();
      await page.keyboard.press("?");
      await screen(page, join(out, "keys"));
      await page.context().close();
      const nothing = await openPage(browser, empty.url, options);
      for (const [name, path] of [
        ["desk-empty", "/"],
        ["board-empty", "/ui/board"],
        ...EMPTY_DATA_VIEWS,
        ...EMPTY_OPERATIONS_VIEWS,
      ] as const) {
        await nothing.page.goto(path);
        await nothing.page.locator(".empty").first().waitFor();
        await screen(nothing.page, join(out, name));
      }
      await nothing.page.context().close();
    }
  }
} finally {
  await browser.close();
  await Promise.all([house.stop(), empty.stop()]);
  rmSync(folder, { recursive: true, force: true });
}
