// The screens of who keeps the house running, in a real browser: the journal, the system, models, memory and truth, distillation,
// the cutover and the API; empty, with hostile and foreign texts, from a phone to a wide screen, with a house that goes away, and
// with a key that may not do everything.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { addKey } from "#edge/access/key-file";
import { violations } from "./axe.ts";
import { CHROMIUM, launchBrowser, NEEDS_BROWSER, pagesOf, problemsWhenEmpty } from "./browser.ts";
import { LIFE_SETTINGS, type Life, liveThrough, SCRIPT } from "./house-life.ts";
import { loadRoster } from "./roster.ts";
import { spawnHouse, type SpawnedHouse } from "./spawned-house.ts";
import { problemsAtWidths } from "./widths.ts";

const EMPTY = [
  ["/ui/journal", "Nothing has happened yet"],
  ["/ui/journal/f-none", "The journal has nothing about this"],
  ["/ui/models?tab=usage", "No model was called in this time"],
  ["/ui/models?tab=drafts", "No model has drafted anything yet"],
  ["/ui/memory", "Nothing is remembered yet"],
  ["/ui/memory?tab=conflicts", "No source contradicts another"],
  ["/ui/memory?tab=holds", "No source has said anything yet"],
  ["/ui/memory?tab=decisions", "Nobody has decided anything yet"],
  ["/ui/distillation", "Nothing was distilled yet"],
  ["/ui/distillation?tab=audit", "There is no audit yet"],
  ["/ui/distillation?tab=quarantine", "Nothing is in quarantine"],
  ["/ui/distillation?tab=exports", "Nothing was exported yet"],
  ["/ui/cutover", "No older system is named"],
  ["/ui/system?tab=alerts", "Nothing is watched yet"],
  ["/ui/system?tab=keys", "No call was refused"],
] as const;

describe.skipIf(CHROMIUM === undefined)(`the console's operations in a browser${NEEDS_BROWSER}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "console-operations-"));
  const data = join(folder, "data");
  let house: SpawnedHouse;
  let browser: Browser;
  let life: Life;
  let emptyComplaints: readonly string[] = [];
  beforeAll(async () => {
    house = await spawnHouse(data, 0, LIFE_SETTINGS);
    browser = await launchBrowser();
    // A dataset and an audit that are not there yet are 404.
    emptyComplaints = await problemsWhenEmpty(await watched({}, /404/), EMPTY);
    await loadRoster(house, 300);
    life = await liveThrough(house);
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

  test("an empty house says on every screen how it is filled", () => expect(emptyComplaints).toEqual([]));

  test("the journal is live, filtered, verified, exported, and tells the life of an order", async () => {
    const { page, complaints } = await watched({ acceptDownloads: true });
    await page.goto("/ui/journal");
    const grid = page.getByRole("grid", { name: "journal" });
    await grid.getByText("<img src=x").first().waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    await house.json("/v1/journal/events", { type: "gate.opened", subject: "gate-14", data: { by: SCRIPT } });
    await grid.getByText("gate-14").waitFor();
    await page.keyboard.press("v");
    await page.getByText(/events are as they were recorded/).waitFor();
    await page.getByLabel("Kind").fill("gate.opened");
    await page.getByText("1 row", { exact: true }).waitFor();
    await grid.getByText("gate.opened").click();
    await page
      .getByRole("complementary", { name: /^Event/ })
      .getByText("<img src=x")
      .waitFor();
    expect(await violations(page)).toEqual([]);
    const shared = page.url();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export JSON lines" }).click(),
    ]);
    expect(readFileSync(await file.path(), "utf8")).toContain('"gate.opened"');
    // The link shows what its sender saw.
    await page.goto(shared);
    await page.getByRole("complementary", { name: /^Event/ }).waitFor();
    await page.goto(`/ui/journal/${life.fillId}`);
    await page.getByText("worked the shift").first().waitFor();
    await page.getByRole("link", { name: "Open the order" }).waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await page.title()).not.toBe("stolen");
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("the system says how it is, what is asked of it, and what it recorded of one request", async () => {
    const { page, complaints } = await watched();
    await page.goto("/ui/system");
    await page.getByText("All 14 services well").waitFor();
    await page.getByRole("grid", { name: "services" }).getByText("Ranks people for an order").waitFor();
    await page.getByRole("grid", { name: "queues" }).getByText("requests to filld").waitFor();
    await page.getByRole("grid", { name: "caches" }).getByText("orders read").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("tab", { name: "Traffic" }).click();
    await page.getByRole("grid", { name: "traffic" }).getByRole("link", { name: "filld.open" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("tab", { name: "Alerts" }).click();
    await page.getByRole("button", { name: "Make a rule" }).click();
    await page.getByLabel("Name").fill("too-many-errors");
    await page.getByLabel("It fires above").fill("0.2");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Watch it" }).click();
    const rules = page.getByRole("grid", { name: "alert rules" });
    await rules.getByText("too-many-errors").click();
    await page.getByLabel("It fires above").fill("0.3");
    await page.getByRole("button", { name: "Change it" }).click();
    await rules.getByText("0.3", { exact: true }).waitFor();
    await rules.getByText("too-many-errors").click();
    await page.getByRole("button", { name: "Remove the rule" }).click();
    await page.getByText("Nothing is watched yet").waitFor();
    await page.getByRole("tab", { name: "Events and requests" }).click();
    // Of letters: a number of ten digits would be taken for a telephone's, and replaced.
    const requestId = "operator-looks";
    await house.ask("/v1/truth/rules", { headers: { "x-request-id": requestId } });
    await page.getByRole("gridcell", { name: requestId, exact: true }).waitFor();
    await page.getByLabel(/^Request id/).fill(requestId);
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "One request" }).getByText("gateway request").waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a model answers as it writes, its reply stays text, and what it cost is counted", async () => {
    const { page, complaints } = await watched({ colorScheme: "dark" }, /400|404|503/);
    await page.goto("/ui/models?tab=try");
    await page.getByLabel("Your question").fill(`Hello ${SCRIPT}`);
    await page.keyboard.press("Control+Enter");
    const log = page.getByRole("log", { name: "Conversation" });
    await log.getByText("scripted/echo").waitFor();
    expect(await log.locator(".turn.assistant .said").innerText()).toBe(`Hello ${SCRIPT}`);
    expect(await violations(page)).toEqual([]);
    // A model that is not set up: the question is in the field again.
    await page.getByRole("combobox", { name: "Model" }).fill("kimi/none");
    await page.getByLabel("Your question").fill("And now?");
    await page.keyboard.press("Control+Enter");
    await page.getByText(/not set up/).waitFor();
    expect(await page.getByLabel("Your question").inputValue()).toBe("And now?");
    await page.reload();
    await log.getByText("<img src=x").first().waitFor();
    await page.getByRole("tab", { name: "Providers" }).click();
    await page.getByRole("grid", { name: "providers" }).getByText("Not set up").first().waitFor();
    await page.getByRole("tab", { name: "Budgets" }).click();
    await page.getByRole("button", { name: "Set a budget" }).click();
    await page.getByRole("textbox", { name: /^Key / }).fill("*");
    await page.getByLabel(/^Dollars/).fill("5");
    await page.keyboard.press("Enter");
    await page.getByRole("grid", { name: "budgets" }).getByText("* (all others)").waitFor();
    await page.getByRole("tab", { name: "Drafts" }).click();
    await page.getByRole("grid", { name: "drafts" }).getByText("Given up").first().click();
    await page.getByRole("complementary", { name: "One run" }).getByText("Attempt 1").waitFor();
    expect(await violations(page)).toEqual([]);
    while ((await house.ask("/v1/catalog/datasets/chat_usage")).status !== 200) await Bun.sleep(50);
    await page.goto("/ui/models?tab=usage&measure=calls");
    await page.getByRole("grid", { name: "usage" }).getByText("scripted/echo").first().waitFor();
    await page.locator(".chart canvas").waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a conflict is decided with its evidence in view, and a memory shows what changed", async () => {
    const { page, complaints } = await watched();
    await page.goto("/ui/memory?tab=conflicts");
    await page.getByText("3 to decide").waitFor();
    await page.getByRole("grid", { name: "conflicts" }).getByText("phone").click();
    const side = page.locator(".side-card", { hasText: "(217) 555-0199" });
    await side.getByText("<img src=x").waitFor();
    await side.getByRole("button", { name: "This holds" }).click();
    await page.getByLabel("Who decides").fill("Ann");
    await page.getByLabel("Why").fill("Called them on Monday");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Decide for (217) 555-0199" }).click();
    await page.getByText("2 to decide").waitFor();
    await page.getByRole("tab", { name: "Decisions" }).click();
    await page.getByRole("grid", { name: "decisions" }).getByText("Called them on Monday").waitFor();
    await page.getByRole("link", { name: "worker:w-001" }).click();
    await page.getByRole("grid", { name: "holds" }).getByText("Decided").waitFor();
    // A rule settles what is left of a kind.
    await page.getByRole("tab", { name: "Rules" }).click();
    await page.getByRole("button", { name: "Make a rule" }).click();
    await page.getByLabel(/^What it is about/).fill("pay_floor");
    await page.getByLabel(/^Sources from/).fill("Ann\nroster");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Set the rule" }).click();
    await page.getByText("1 to decide").waitFor();
    await page.goto("/ui/memory?q=forklift");
    await page.getByRole("grid", { name: "traces" }).getByText("Fill 3 forklift places").click();
    await page.locator("ins", { hasText: "five" }).waitFor();
    await page.getByRole("button", { name: "It worked" }).click();
    await page.getByText("Recorded: it worked.").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Earlier" }).click();
    await page.getByText("Version 1 of 2").waitFor();
    expect(await page.title()).toBe("Memory · Lakehouse");
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a run of the distillation is followed, and a row is traced to its line", async () => {
    const { page, complaints } = await watched({ acceptDownloads: true });
    await page.goto("/ui/distillation");
    await page.getByRole("grid", { name: "runs" }).getByText("Done").first().waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("s");
    await page.getByLabel("Compute everything again").check();
    await page.getByRole("button", { name: "Start it" }).click();
    await page.getByRole("heading", { name: /Done/, level: 2 }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("tab", { name: "Phases and drift" }).click();
    await page.getByText("Everything follows").waitFor();
    await page
      .getByRole("grid", { name: "drift" })
      .getByText(/^(first|steady)$/)
      .first()
      .waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("tab", { name: "Exports" }).click();
    const name = life.exportFile.split("/")[2] ?? "";
    await page.getByRole("grid", { name: "exports" }).getByText(name).click();
    await page.getByText("nothing stands on both sides").waitFor();
    await page
      .getByRole("button", { name: /^Where the first row of/ })
      .first()
      .click();
    await page.getByText("Every step back to the source fits.").waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a route is flipped with a reason, refused by its gates, overruled, and rolled back", async () => {
    const { page, complaints } = await watched({}, /409/);
    await page.goto("/ui/cutover");
    await page.getByRole("button", { name: "Name an older system" }).click();
    await page.getByLabel("Name", { exact: true }).fill("old");
    await page.getByLabel("Address").fill("http://127.0.0.1:9");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Forget old" }).waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("f");
    await page.getByLabel(/^Route/).fill("go:matrix.search");
    await page.getByRole("combobox", { name: "To" }).selectOption("canary");
    await page.getByLabel(/^Why/).fill(`Because ${SCRIPT}`);
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Flip to Canary" }).click();
    await page.getByText(/nothing was compared/).waitFor();
    await page.getByRole("button", { name: "Flip it all the same" }).click();
    const row = page.getByRole("row").filter({ hasText: "go:matrix.search" });
    await row.getByText("5 %").waitFor();
    expect(await violations(page)).toEqual([]);
    await row.getByRole("button", { name: "Roll back" }).click();
    await page.getByLabel(/^Why/).fill("Not yet");
    await page.getByRole("button", { name: "Flip to Shadow" }).click();
    await row.locator(".pill", { hasText: "Shadow" }).waitFor();
    await page.getByRole("button", { name: "Record calls" }).click();
    await page.getByLabel(/^Routes/).fill("native:*");
    await page.getByLabel("Why").fill("Before the change");
    await page.getByRole("button", { name: "Start to record" }).click();
    const recordings = page.getByRole("grid", { name: "recordings" });
    await recordings.getByText("Before the change").waitFor();
    await recordings.getByRole("button", { name: "Stop" }).click();
    await recordings.getByText("stopped", { exact: true }).waitFor();
    await recordings.getByRole("button", { name: "Save the file" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await recordings.getByRole("button", { name: "Remove" }).click();
    await page.getByText("Nothing was recorded yet.").waitFor();
    await page.getByRole("link", { name: "Past changes" }).click();
    await page.getByRole("grid", { name: "journal" }).getByText("Not yet").first().waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("every operation is found, read and tried on one page", async () => {
    const { page, complaints } = await watched();
    await page.goto("/ui/api");
    await page.getByRole("searchbox", { name: "Find an operation" }).fill("journal status");
    await page.getByRole("link", { name: "GET /v1/journal", exact: true }).click();
    await page.getByRole("button", { name: "Send it" }).click();
    await page.getByRole("region", { name: "The reply" }).getByText('"head_hash"').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.goto("/ui/api/journald.event");
    await page.getByLabel(/^Fields/).fill("{}");
    await page.getByRole("button", { name: "Send it" }).click();
    await page.getByText("id is missing: it stands in the path.").first().waitFor();
    // By the palette, as every screen.
    await page.locator("h1").click();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("go to memory");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /^Memory and truth/ }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("nothing is cut off from a phone to a wide screen, in both schemes", async () => {
    const paths = [
      "/ui/journal?event=2",
      `/ui/journal/${life.fillId}`,
      "/ui/system",
      "/ui/system?tab=events",
      "/ui/models?tab=try",
      `/ui/models?tab=drafts&run=${life.draftId}`,
      "/ui/memory",
      "/ui/memory?tab=conflicts&conflict=worker:山田/東京+name",
      `/ui/memory/${life.traceId}`,
      `/ui/distillation?run=${life.runId}`,
      "/ui/distillation?tab=audit",
      `/ui/distillation?tab=evidence&file=${life.exportFile}&row=0`,
      "/ui/cutover?route=go:matrix.search",
      "/ui/api/matrixd.search",
    ];
    const { page, complaints } = await watched();
    for (const path of paths) {
      await page.goto(path);
      await page.locator("main h1").first().waitFor();
      await page.locator("main").locator(".grid-body, .card, .turns, .api").first().waitFor();
      expect([path, await problemsAtWidths(page)]).toEqual([path, []]);
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a house that goes away is told, drafts stay, and the screens go on; a key that may not is told so", async () => {
    const { page, complaints } = await watched(
      {},
      /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|401|403|503|network|Failed to fetch/i,
    );
    await page.goto("/ui/memory?tab=conflicts&conflict=worker:山田/東京+name");
    await page.getByLabel("Why").fill("Half a reason");
    await page.getByRole("tab", { name: "What was done" }).click();
    await page.getByRole("grid", { name: "traces" }).waitFor();
    const { port } = new URL(house.url);
    await house.kill();
    // A screen that follows the house notices by itself.
    await page.getByRole("tab", { name: "What holds" }).click();
    await page.locator(".outage").waitFor();
    house = await spawnHouse(data, Number(port), LIFE_SETTINGS);
    await page.locator(".outage").waitFor({ state: "detached" });
    await page.getByRole("tab", { name: /^Conflicts/ }).click();
    await page.getByRole("grid", { name: "conflicts" }).getByText("name", { exact: true }).click();
    expect(await page.getByLabel("Why").inputValue()).toBe("Half a reason");

    const key = await addKey(join(data, "keys.json"), { name: "reader", scope: "read" });
    while ((await house.ask("/v1/journal")).status !== 401) await Bun.sleep(20);
    await page.goto("/ui/cutover");
    await page.getByLabel("API key").fill(key);
    await page.keyboard.press("Enter");
    await page.getByText("The key reader may not do this: it needs the scope admin.").waitFor();
    await page.getByRole("button", { name: "Use another key" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.goto("/ui/models?tab=budgets");
    await page.getByText(/shown to keys with the scope admin/).waitFor();
    await page.goto("/ui/distillation?tab=quarantine&raw=yes");
    await page
      .getByText(/scope admin/)
      .first()
      .waitFor();
    await page.goto("/ui/system?tab=keys");
    const keys = page.getByRole("grid", { name: "keys" });
    await keys.getByText("reader", { exact: true }).waitFor();
    await keys.getByText("looks").waitFor();
    expect(await keys.getByText("not since the start").count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await page.goto("/ui/journal");
    await page.getByRole("grid", { name: "journal" }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);
});
