// One screen from a phone to a wide screen, in both schemes: loaded once, then resized, as a window is.

import type { Page } from "playwright-core";
import { violations } from "./axe.ts";

const SIZES = [
  [390, "dark"],
  [1024, "light"],
  [2560, "dark"],
] as const;

/** What of the screen that is open is wider than its window at some width, and what axe finds on a phone. */
export async function problemsAtWidths(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const [width, colorScheme] of SIZES) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    // What is laid out by a script follows a little later.
    const fits = await page.waitForFunction("document.documentElement.scrollWidth <= innerWidth").then(
      () => true,
      () => false,
    );
    if (!fits) found.push(`${width}: wider than the window`);
    // In the light, and wider, the tests of what a screen does look at it.
    if (width < 1000) found.push(...(await violations(page)).map((one) => `${width}: ${one}`));
  }
  return found;
}
