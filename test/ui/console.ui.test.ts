// The console as a coordinator uses it, in a real browser: an order from its text to its outcome and the ranking after it, two
// people on one order, a house that goes away, keys, an empty house, and texts that try to be more than text.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { addKey } from "#edge/access/key-file";
import { violations } from "./axe.ts";
import { CHROMIUM, launchBrowser, NEEDS_BROWSER, openPage, pagesOf } from "./browser.ts";
import { loadRoster } from "./roster.ts";
import { spawnHouse, type SpawnedHouse } from "./spawned-house.ts";
import { problemsAtWidths } from "./widths.ts";

const ORDER = "Need 3 forklift operators in Springfield IL Fri 6a-2p $30";

async function openOrder(page: Page, text = ORDER, client = "Acme"): Promise<void> {
  await page.goto("/");
  await page.getByLabel("The order, as it came in").fill(text);
  await page.getByLabel(/^Client/).fill(client);
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/\/ui\/fills\//);
  await page.locator("table.people, .empty").first().waitFor();
}

describe.skipIf(CHROMIUM === undefined)(`the console in a browser${NEEDS_BROWSER}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "console-"));
  const data = join(folder, "data");
  let house: SpawnedHouse;
  let browser: Browser;
  beforeAll(async () => {
    house = await spawnHouse(data);
    await loadRoster(house);
    browser = await launchBrowser();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await house?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 240_000);

  const watched = pagesOf(
    () => browser,
    () => house.url,
  );

  test("an order goes from its text to its outcome, and the next ranking has learnt", async () => {
    const { page, complaints } = await watched({ colorScheme: "light" });
    await page.goto("/");
    await page.getByRole("heading", { name: "New order" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await openOrder(page);
    const chips = page.locator(".chips");
    for (const words of ["Forklift Operator", "3", "Springfield, IL", "$30 an hour", "Acme"]) {
      expect(await chips.innerText()).toContain(words);
    }
    const ranked = await page.locator("table.people tbody tr b").allInnerTexts();
    expect(ranked.length).toBeGreaterThan(1);

    // Somebody whom a rule keeps out is proposed all the same: the rule says so, and a button settles it.
    await page.getByRole("checkbox").first().check();
    const keptOut = page.getByRole("button", { name: /^Choose all the same/ }).first();
    await page.locator(".kept-out summary").first().click();
    await keptOut.click();
    await page.keyboard.press("p");
    await page.getByText(/problem.*nobody is held/).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: / out$/ }).first().click();
    await page.getByText(/All rules passed|to look at/).waitFor();

    // Drafted, checked, and copied by hand: nothing is sent.
    await page.keyboard.press("m");
    await page.getByRole("button", { name: /^Draft for 1 person/ }).click();
    await page.locator(".drafts li").first().waitFor();
    expect(await page.locator(".drafts").innerText()).toContain("Forklift Operator");
    expect(await page.getByText("Changed while you were here").count()).toBe(0);

    // The outcome of the shift.
    const name = (await page.locator(".seats b").first().innerText()).trim();
    await page.getByRole("button", { name: `Confirmed: ${name}` }).click();
    await page.getByRole("button", { name: `Completed: ${name}` }).click();
    await page.getByLabel("5, book again").check();
    await page.getByRole("button", { name: "Record it" }).click();
    await page.locator(".seats .pill", { hasText: "Worked the shift" }).waitFor();
    await house.json("/v1/fill-publish", {});

    // An order like it: the person who did well is marked and stands first.
    await openOrder(page, ORDER.replace("Fri", "Sat"));
    await page
      .locator(".pill", { hasText: /^Playbook/ })
      .first()
      .waitFor();
    expect(await page.locator("table.people tbody tr b").first().innerText()).toBe(name);

    // Somebody declines: one key opens the place again, and says who is out and why.
    await page.keyboard.press("Escape");
    await page.keyboard.press("p");
    await page
      .getByRole("button", { name: /^Declined: / })
      .first()
      .click();
    await page.locator(".seats .pill", { hasText: "Declined" }).waitFor();
    await page.getByRole("button", { name: /^Backfill 3/ }).click({ trial: true });
    await page.keyboard.press("b");
    await page.locator(".kept-out summary", { hasText: "Declined this order" }).waitFor();
    await page.locator("summary", { hasText: "What happened" }).click();
    await page.getByText(/places? opened again/).waitFor();

    // What was done here can be done by a program.
    await page.getByRole("button", { name: "Copy as" }).click();
    expect(await page.locator("pre.code").innerText()).toContain(`${house.url}/v1/fills`);
    await page.keyboard.press("Escape");
    await page.goto("/ui/board");
    await page.locator(".card-link").first().waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("of two people on one order the second is told what the first did, and can do theirs on top", async () => {
    const [ann, bob] = [await watched(), await watched({}, /409/)];
    await openOrder(ann.page);
    await bob.page.goto(new URL(ann.page.url()).pathname);
    await bob.page.locator("table.people").waitFor();
    // Bob's page does not hear of it in time: his events are held up.
    const propose = `/v1/fills/${new URL(ann.page.url()).pathname.split("/").at(-1)}/propose`;
    let proposed = false;
    await bob.page.context().route(/\/v1\/fills\/[^/]+$/, async (route) => {
      if (route.request().method() === "PATCH" && !proposed) {
        proposed = true;
        await house.json(propose, { version: 1, auto: true, actor: "Ann" });
      }
      await route.continue();
    });
    await bob.page.locator(".chip", { hasText: "Pay" }).click();
    await bob.page.getByLabel("Pay an hour ($)").fill("31");
    await bob.page.getByRole("button", { name: "Save and rank again" }).click();
    await bob.page.getByText("Somebody else changed this order first").waitFor();
    await bob.page.keyboard.press("Escape");
    expect(await bob.page.locator(".notice.warn").innerText()).toMatch(/proposed[^]*by Ann/);
    await bob.page.getByRole("button", { name: "Do mine on top of it" }).click();
    await bob.page.locator(".chip", { hasText: "$31 an hour" }).waitFor();
    // Ann sees it without loading anything again.
    await ann.page.locator(".chip", { hasText: "$31 an hour" }).waitFor();
    expect(ann.complaints).toEqual([]);
    expect(bob.complaints).toEqual([]);
    await ann.page.context().close();
    await bob.page.context().close();
  }, 240_000);

  test("what was read before a change, and comes after it, does not take its place", async () => {
    const { page, complaints } = await watched();
    await openOrder(page, ORDER.replace("Fri", "Thu"));
    await page.getByRole("checkbox").first().check();
    await page.getByRole("button", { name: /^Propose the 1 chosen/ }).click();
    await page
      .getByRole("button", { name: /^Confirmed: / })
      .first()
      .waitFor();
    // The page reads the order again when a message was drafted; that reply is on its way for long.
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.context().route(/\/v1\/fills\/[^/]+$/, async (route) => {
      if (route.request().method() !== "GET") return route.continue();
      const response = await route.fetch();
      asked.resolve();
      await released.promise;
      return route.fulfill({ response });
    });
    await page.keyboard.press("m");
    await page.getByRole("button", { name: /^Draft for/ }).click();
    await asked.promise;
    const name = (await page.locator(".seats b").first().innerText()).trim();
    const ranked = page.waitForResponse((response) => response.url().includes("/shortlist"));
    await page.getByRole("button", { name: `Confirmed: ${name}` }).click();
    const completed = page.getByRole("button", { name: `Completed: ${name}` });
    await completed.waitFor();
    const late = page.waitForResponse((response) => /\/v1\/fills\/[^/]+$/.test(response.url()));
    released.resolve();
    await (await late).finished();
    // Who has a place is in no further ranking, and keeps the name.
    await (await ranked).finished();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
    expect(await completed.count()).toBe(1);
    // The name is the order's own, also where this page never saw a ranking with it.
    await page.context().unrouteAll();
    await page.reload();
    await completed.waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a house that goes away is told, what was typed stays, and the page goes on by itself", async () => {
    const { page, complaints } = await watched({}, /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|503|network/i);
    await openOrder(page);
    const { port } = new URL(house.url);
    await page.locator(".chip", { hasText: "Pay" }).click();
    await page.getByLabel("Notes").fill("Ask for the night manager");
    await house.kill();
    await page.locator(".outage").waitFor();
    await page.getByRole("button", { name: "Save and rank again" }).click();
    await page.locator("dialog .notice.bad").waitFor();
    house = await spawnHouse(data, Number(port));
    await page.locator(".outage").waitFor({ state: "detached" });
    expect(await page.getByLabel("Notes").inputValue()).toBe("Ask for the night manager");
    await page.getByRole("button", { name: "Save and rank again" }).click();
    await page.locator(".chip", { hasText: "night manager" }).waitFor();
    // A text on the desk outlives the page itself.
    await page.goto("/");
    await page.getByLabel("The order, as it came in").fill("half an order");
    await page.reload();
    expect(await page.getByLabel("The order, as it came in").inputValue()).toBe("half an order");
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a script in an order or a client stays text", async () => {
    const { page, complaints } = await watched();
    const script = `<img src=x onerror="document.title='stolen'"><script>document.title='stolen'</script>`;
    await openOrder(page, `${script} 2 line cooks Denver CO Friday 2pm-10pm $21`, script);
    await page.getByRole("heading", { level: 1, name: /<img src=x/ }).waitFor();
    await page.goto("/ui/board");
    await page.locator(".card-link", { hasText: "<img src=x" }).first().waitFor();
    expect(await page.title()).toBe("Board · Lakehouse");
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("nothing is cut off from a phone to a wide screen, in both schemes, and the keys work", async () => {
    const { fill_id } = await house.json<{ fill_id: string }>("/v1/fills", { order_text: ORDER });
    const { page, complaints } = await watched();
    for (const path of ["/", "/ui/board", "/ui/components", `/ui/fills/${fill_id}`]) {
      await page.goto(path);
      await page.locator("main h1").first().waitFor();
      expect([path, await problemsAtWidths(page)]).toEqual([path, []]);
      expect([path, await violations(page)]).toEqual([path, []]);
    }
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      await page.keyboard.press("g");
      await page.keyboard.press("b");
      await page.waitForURL(/\/ui\/board$/);
      await page.keyboard.press("Control+k");
      await page.keyboard.type("fill desk");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "New order" }).waitFor();
      await page.locator("h1").click();
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
      await page.keyboard.press("Escape");
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a house with keys asks for one, keeps it out of the URL, and says how an empty house is filled", async () => {
    const empty = await spawnHouse(join(folder, "empty"));
    try {
      const key = await addKey(join(folder, "empty", "keys.json"), { name: "ann", scope: "write" });
      while ((await empty.ask("/v1/fills")).status !== 401) await Bun.sleep(20);
      const { page, complaints } = await openPage(browser, empty.url, {}, /401/);
      await page.goto("/");
      await page.getByRole("dialog", { name: "This house asks for a key" }).waitFor();
      await page.getByLabel("API key").fill("wrong");
      await page.keyboard.press("Enter");
      await page.getByText("That key is not known here").waitFor();
      await page.getByLabel("API key").fill(key);
      await page.keyboard.press("Enter");
      await page.getByText("There are no people to look among yet").waitFor();
      expect(page.url()).not.toContain(key);
      expect(await violations(page)).toEqual([]);
      await page.goto("/ui/board");
      await page.getByText("No orders yet").waitFor();
      expect(await violations(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.context().close();
    } finally {
      await empty.stop();
    }
  }, 240_000);
});
