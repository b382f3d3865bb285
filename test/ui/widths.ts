// One screen from a phone to a wide screen, in both schemes: loaded once, then resized, as a window is.

import type { Page } from "playwright-core";
import { violations } from "./axe.ts";

const SIZES = [
  [390, "dark"],
  [1024, "light"],
  [2560, "dark"],
] as const;

/** Half a minute on a machine with nothing else to do, and longer on a busy one. */
const TRIES_MAX = 300;
const TRY_PAUSE_MS = 100;

/** What of the screen that is open is wider than its window at some width, and what axe finds on a phone. */
export async function problemsAtWidths(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const [width, colorScheme] of SIZES) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    if (!(await fits(page))) found.push(`${width}: wider than the window`);
    // In the light, and wider, the tests of what a screen does look at it.
    if (width < 1000) found.push(...(await violations(page)).map((one) => `${width}: ${one}`));
  }
  return found;
}

/** What is laid out by a script follows the size a little later. The policy of the page lets nothing wait in it. */
async function fits(page: Page): Promise<boolean> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    if (await page.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth")) return true;
    await Bun.sleep(TRY_PAUSE_MS);
  }
  return false;
}
