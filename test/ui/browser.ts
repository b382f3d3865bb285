// A real browser for the tests of the console: Debian's chromium through playwright-core, without windows where that build is
// there, since it takes half of the processor time. Where there is none the suites skip, and their names say why.

import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { violations } from "./axe.ts";

const PLACES = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

export const CHROMIUM = PLACES.find((path) => existsSync(path));

/** For the names of suites that need it. */
export const NEEDS_BROWSER =
  CHROMIUM === undefined ? " (skipped: no chromium; apt-get install chromium-headless-shell)" : "";

export function launchBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("there is no chromium");
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
}

/** A busy machine is no reason to fail. */
const WAIT_MS = 60_000;

export interface WatchedPage {
  readonly page: Page;
  /** Errors of the console and of the page, and requests to other hosts. */
  readonly complaints: string[];
}

/** A page that notes what must never happen. Failed requests to the house are expected by some tests, so they name theirs. */
export async function openPage(
  browser: Browser,
  base: string,
  options: BrowserContextOptions = {},
  expected = /(?!)/,
): Promise<WatchedPage> {
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith("data:") && !url.startsWith("blob:"))
      complaints.push(`asks ${url}`);
  });
  return { page, complaints };
}

/** Opens pages of what a suite has started by then: its browser, and its house, which it may start again. */
export function pagesOf(
  browser: () => Browser,
  base: () => string,
): (options?: BrowserContextOptions, expected?: RegExp) => Promise<WatchedPage> {
  return (options, expected) => openPage(browser(), base(), options, expected);
}

/**
 * What is wrong with the screens of a house in which nothing has happened: each says in these words how it is filled, and is as
 * accessible as any.
 */
export async function problemsWhenEmpty(
  { page, complaints }: WatchedPage,
  screens: readonly (readonly [path: string, words: string])[],
): Promise<string[]> {
  const found: string[] = [];
  for (const [path, words] of screens) {
    await page.goto(path);
    await page.getByText(words).waitFor();
    // Once a screen: its other empty tabs have the same parts.
    if (!path.includes("?")) found.push(...(await violations(page)).map((one) => `${path} ${one}`));
  }
  await page.context().close();
  return [...found, ...complaints];
}
