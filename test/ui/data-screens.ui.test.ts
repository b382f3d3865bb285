// Datasets, SQL, search and playbooks as somebody uses them in a real browser: files from the drop to the dataset and back, a
// statement with its faults and files, a search with its reasons, what was learnt; empty, with hostile and foreign texts, from a
// phone to a wide screen, and with a house that goes away.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { violations } from "./axe.ts";
import { CHROMIUM, launchBrowser, NEEDS_BROWSER, pagesOf, problemsWhenEmpty } from "./browser.ts";
import { loadRoster } from "./roster.ts";
import { spawnHouse, type SpawnedHouse } from "./spawned-house.ts";
import { problemsAtWidths } from "./widths.ts";

const SCRIPT = `<img src=x onerror="document.title='stolen'">`;
const TEAM = `id,name,pay,note\n1,Łucja,20.5,${SCRIPT}\n2,東京 太郎,lots,ok\n3,مرحبا,19,\n`;

const EMPTY = [
  ["/ui/datasets", "No datasets yet"],
  ["/ui/sql", "There is nothing to ask about yet"],
  ["/ui/search", "Nothing can be searched yet"],
  ["/ui/playbooks", "Nothing was learnt yet"],
] as const;

const sqlPath = (sql: string): string => `/ui/sql?q=${encodeURIComponent(sql)}`;

describe.skipIf(CHROMIUM === undefined)(`the console's data in a browser${NEEDS_BROWSER}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "console-data-"));
  const data = join(folder, "data");
  let house: SpawnedHouse;
  let browser: Browser;
  let emptyComplaints: readonly string[] = [];
  beforeAll(async () => {
    house = await spawnHouse(data);
    browser = await launchBrowser();
    emptyComplaints = await problemsWhenEmpty(await watched(), EMPTY);
    await loadRoster(house, 300);
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

  const drop = async (page: Page, name: string, text: string): Promise<void> => {
    const path = join(folder, name);
    writeFileSync(path, text);
    await page.locator("input[type=file]").setInputFiles(path);
  };

  test("an empty house says on every screen how it is filled", () => expect(emptyComplaints).toEqual([]));

  test("a file is seen before it is loaded, its types are overruled, its rejects come back, and it is undone", async () => {
    const { page, complaints } = await watched();
    await page.goto("/ui/datasets");
    await drop(page, "My team.csv", TEAM);
    await page.getByText("3 rows read, 3 rows would be loaded.").waitFor();
    expect(await page.getByRole("textbox", { name: "Dataset" }).inputValue()).toBe("my_team");
    // How the text is read is overruled, and what was found comes back.
    await page.getByLabel("Columns are split at").selectOption("");
    await page.getByLabel("Type of id,name,pay,note").or(page.getByLabel("Type of column_1")).waitFor();
    await page.getByLabel("Columns are split at").selectOption("found");
    await page.getByLabel("Names are in line").fill("0");
    await page.getByText("4 rows read, 4 rows would be loaded.").waitFor();
    await page.getByLabel("Names are in line").fill("");
    await page.getByText("3 rows read, 3 rows would be loaded.").waitFor();
    await page.getByLabel("Type of pay").selectOption("DECIMAL(18,2)");
    await page.getByText("1 row would not fit").waitFor();
    expect(await violations(page)).toEqual([]);
    // A file on its way can be called back; the same form loads it then.
    await page.context().route("**/v1/ingest?*", () => undefined);
    await page.getByRole("button", { name: "Load 2 rows" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled. Nothing of the file was loaded.").waitFor();
    await page.context().unroute("**/v1/ingest?*");
    await page.getByRole("button", { name: "Load 2 rows" }).click();
    await page.getByText("2 rows loaded into my_team.").waitFor();
    await page.getByRole("link", { name: "See what did not fit" }).click();
    await page.getByText(/pay.*1 row, for instance/).waitFor();
    expect(await violations(page)).toEqual([]);

    // A column that holds the value is added, the old one renamed: what did not fit still does not, and says so.
    await page.getByRole("button", { name: "Load them once more" }).click();
    await page.getByText("None of the rows fits yet").waitFor();
    await page.getByRole("tab", { name: "Columns" }).click();
    await page.getByLabel("Name of pay").fill("pay_rate");
    await page.getByRole("button", { name: "Drop note" }).click();
    await page.getByRole("button", { name: "Make these changes" }).click();
    await page.getByText("3 columns").waitFor();

    await house.ask("/v1/ingest?dataset=my_team&source=more.csv", {
      method: "POST",
      body: "id,name,pay_rate\n9,Ann,30\n",
    });
    await page.goto("/ui/datasets/my_team?tab=history");
    await page.getByRole("tab", { name: "New: 1 row" }).waitFor();
    await page.getByRole("grid", { name: "new rows" }).getByText("Ann").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("grid", { name: "history" }).getByText("My team.csv").click();
    await page.getByRole("button", { name: "Go back to this snapshot" }).click();
    await page.locator("h1", { hasText: "2 rows" }).waitFor();

    await page.getByRole("tab", { name: "Profile" }).click();
    await page.getByRole("region", { name: "Column name" }).getByText("Łucja").waitFor();
    await page.getByRole("img", { name: /^Spread of pay_rate/ }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.goto("/ui/datasets/workers?tab=use");
    await page.getByText("It is searched as").waitFor();
    await page.getByText("up to date").waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a script in a cell and in a file's name stays text", async () => {
    const { page, complaints } = await watched();
    await page.goto("/ui/datasets");
    await drop(page, "<b>bold<b>.csv", `id,${SCRIPT.replaceAll(",", " ")}\n1,${SCRIPT}\n2,x\n`);
    await page.getByRole("button", { name: "Load 2 rows" }).click();
    await page.getByRole("link", { name: "Look at b_bold_b" }).click();
    await page.locator(".grid-body [role=row]", { hasText: "<img src=x" }).click();
    await page.getByRole("dialog", { name: "rows" }).getByText("<img src=x").first().waitFor();
    expect(await page.title()).toBe("b_bold_b · Lakehouse");
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a statement is completed, marked where it is wrong, run as of then, drawn, saved, and sent as a link", async () => {
    const { page, complaints } = await watched({ acceptDownloads: true }, /400/);
    await page.goto("/ui/sql");
    await page.getByRole("button", { name: "FROM workers" }).waitFor();
    await page.locator(".cm-content").click();
    await page.keyboard.type("SELECT state, count(*) AS n FROM work");
    await page.locator(".cm-tooltip-autocomplete li", { hasText: "workers" }).first().waitFor();
    // What is offered is taken only a moment after it was shown, so that nobody takes it unseen.
    await page.waitForTimeout(200);
    await page.keyboard.press("Tab");
    await page.locator(".cm-content", { hasText: "FROM workers" }).waitFor();
    await page.keyboard.type(" WHERE state <> ? GROUP BY ALL ORDER BY n DESC");
    await page.locator(".cm-content", { hasText: "FROM workers WHERE" }).waitFor();
    await page.getByRole("textbox", { name: "1", exact: true }).fill("CA");
    await page.keyboard.press("Enter");
    const grid = page.getByRole("grid", { name: "result" });
    await grid.getByRole("row").nth(2).waitFor();
    expect(await grid.innerText()).not.toContain("CA\n");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("tab", { name: "Chart" }).click();
    await page.locator(".chart canvas").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("tab", { name: "Save all rows" }).click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save CSV" }).click(),
    ]);
    expect(readFileSync(await file.path(), "utf8")).toStartWith("state,n\n");
    const [parquet] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save Parquet" }).click(),
    ]);
    expect(parquet.suggestedFilename()).toBe("result.parquet");
    expect(readFileSync(await parquet.path(), "latin1")).toMatch(/^PAR1[^]*PAR1$/);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByLabel("Name", { exact: true }).fill("People by state");
    await page.keyboard.press("Enter");
    await page.getByRole("tab", { name: "Saved" }).click();
    await page.getByText("People by state").waitFor();
    await page.reload();
    await page.getByRole("tab", { name: "Chart" }).waitFor();

    await page.goto(sqlPath("SELECT state,\n  nope\nFROM workers"));
    await page.getByText("At line 2, column 3:").waitFor();
    await page.locator(".cm-lintRange-error", { hasText: "nope" }).waitFor();
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a hundred thousand rows scroll, sort and are searched while few of them are in the page", async () => {
    const { page, complaints } = await watched();
    await page.goto(
      `${sqlPath("SELECT i, 'row ' || i AS name, i % 97 AS rest FROM range(100000) t(i)")}&rows=100000`,
    );
    const grid = page.getByRole("grid", { name: "result" });
    await grid.getByText("row 3", { exact: true }).waitFor();
    await grid.focus();
    await page.keyboard.press("End");
    await grid.getByText("row 99999").waitFor();
    expect(await grid.locator(".grid-body [role=row]").count()).toBeLessThan(80);
    // While the wheel turns, two frames after each turn the rows of that place are there, and no more of them.
    const gaps = await page.evaluate<number>(`(async () => {
      const scroller = document.querySelector(".grid-scroll");
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      let gaps = 0;
      for (let step = 1; step < 60; step += 1) {
        scroller.scrollTop = step * 40000;
        await frame();
        await frame();
        const rows = [...document.querySelectorAll(".grid-body [role=row]")];
        const indexes = rows.map((row) => Number(row.getAttribute("aria-rowindex")) - 2);
        const [top, bottom] = [Math.floor(scroller.scrollTop / 30), Math.floor((scroller.scrollTop + scroller.clientHeight) / 30) - 2];
        if (!indexes.includes(top) || !indexes.includes(bottom) || rows.length >= 80) gaps += 1;
      }
      return gaps;
    })()`);
    expect(gaps).toBe(0);
    // What is typed beside a result asks for nothing again: the screen stays the one that it is.
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.getByLabel("Search result").fill("rest:96 name:row");
    await page.getByText(/of 100,000 rows/).waitFor();
    await grid.getByRole("button", { name: /^i/ }).click();
    await grid.getByRole("button", { name: /^i/ }).click();
    expect(new URL(page.url()).searchParams.get("result.sort")).toBe("-i");
    expect(await grid.locator(".grid-body [role=row]").first().innerText()).toContain("row 99909");
    expect(asked).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a search shows the parts of each score, why somebody is not there, and how well its index finds", async () => {
    const { page, complaints } = await watched();
    await page.goto("/ui/search/workers");
    await page.getByLabel("An order, or a part of one").fill("forklift operator Springfield IL");
    await page.keyboard.press("Enter");
    const hits = page.getByRole("grid", { name: "hits" });
    await hits.locator(".grid-body [role=row]").first().waitFor();
    await page.getByText(/Forklift Operator \(/).waitFor();
    await page
      .getByLabel(/^Grade of/)
      .first()
      .selectOption("3");
    await page.getByLabel("Id of somebody who is not among the hits").fill("w-nobody");
    await page.getByRole("button", { name: "Tell me why" }).click();
    await page.locator(".notice", { hasText: "w-nobody" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("tab", { name: "Weights" }).click();
    await page.getByRole("button", { name: "Measure with 1 query" }).click();
    await page.getByText(/Quality of the ranking/).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("tab", { name: "Health and map" }).click();
    await page.getByRole("button", { name: "Measure recall now" }).click();
    await page.getByText(/% · .*µs a search/).waitFor();
    await page.getByRole("grid", { name: "points" }).locator(".grid-body [role=row]").first().click();
    await page.getByRole("grid", { name: "neighbours" }).locator(".grid-body [role=row]").nth(4).waitFor();
    expect(await violations(page)).toEqual([]);
    // A dataset is made searchable, and says how far it is.
    await page.goto("/ui/search?make=my_team");
    await page.getByRole("button", { name: "Build it" }).click();
    await page.waitForURL(/\/ui\/search\/my_team$/);
    await page.locator(".pill", { hasText: "ready" }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a playbook shows what it moves, and is switched off with a reason", async () => {
    const { hits } = await house.json<{ hits: { id: string }[] }>("/v1/matrix/search", {
      query_text: "forklift operator Springfield IL",
      corpora: ["workers"],
    });
    await house.json("/v1/matrix/playbooks/record", {
      query_text: "forklift operator Springfield IL",
      answer_id: hits[3]?.id,
      answer_corpus: "workers",
      score: 1,
      actor: `Zoë ${SCRIPT}`,
    });
    const { page, complaints } = await watched();
    await page.goto("/ui/playbooks");
    await page.getByRole("link", { name: "forklift operator Springfield IL" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("link", { name: "forklift operator Springfield IL" }).click();
    await page.getByText(/ up$/).first().waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Switch it off" }).click();
    await page.getByLabel("Why, for whoever wonders later").fill("The gate was closed that week");
    await page.keyboard.press("Enter");
    await page.getByText("The gate was closed that week").waitFor();
    await page.getByRole("button", { name: "Switch it on" }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("nothing is cut off from a phone to a wide screen, in both schemes", async () => {
    const ledger = await house.json<{ playbooks: { playbook_id: string }[] }>("/v1/matrix/playbooks");
    const paths = [
      "/ui/datasets",
      "/ui/datasets/my_team",
      "/ui/datasets/my_team?tab=columns",
      sqlPath("SELECT *, repeat('long ', 400) AS text FROM workers"),
      "/ui/search?q=cook",
      "/ui/search/workers?tab=index",
      "/ui/playbooks",
      `/ui/playbooks/${ledger.playbooks[0]?.playbook_id}`,
    ];
    const { page, complaints } = await watched();
    for (const path of paths) {
      await page.goto(path);
      await page.locator("main h1").first().waitFor();
      await page.locator("main .grid-body, main .read-columns").first().waitFor();
      expect([path, await problemsAtWidths(page)]).toEqual([path, []]);
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);

  test("a house that goes away is told, and the screens go on by themselves", async () => {
    const { page, complaints } = await watched(
      {},
      /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|503|network|Failed to fetch/i,
    );
    await page.goto("/ui/sql");
    await page.locator(".cm-content").waitFor();
    await page.locator(".cm-content").click();
    await page.keyboard.type("SELECT count(*) AS n FROM my_team");
    const { port } = new URL(house.url);
    await house.kill();
    await page.keyboard.press("Control+Enter");
    await page.getByText("The house does not answer.").waitFor();
    // A screen that was never opened cannot be loaded now, and is as soon as the house is back.
    await page.getByRole("link", { name: "Playbooks" }).click();
    await page.getByText("This screen could not be loaded yet").waitFor();
    await page.locator(".outage").waitFor();
    house = await spawnHouse(data, Number(port));
    await page.getByRole("heading", { name: "Playbooks" }).waitFor();
    await page.locator(".outage").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "SQL" }).click();
    await page.locator(".cm-content", { hasText: "FROM my_team" }).waitFor();
    await page.getByRole("button", { name: /^Run/ }).click();
    await page.getByRole("grid", { name: "result" }).getByText("2", { exact: true }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 240_000);
});
