// The console as it is sent: how much, from where, and what a browser is told to refuse. No browser is needed for that.

import { describe, expect, test } from "bun:test";
import { consolePage } from "./page.ts";

/** React and the views; everything that is not needed at once has to be a chunk of its own. */
const FIRST_PAINT_BYTES_MAX = 110 * 1024;

async function page(path: string, encoding = ""): Promise<Response> {
  const reply = await consolePage(path, encoding);
  if (reply === undefined) throw new Error(`${path} is not there`);
  return reply;
}

const REFERENCE = /(?:src|href)="([^"]+)"/g;

/** An import that the browser follows before anything is shown; one that is made when needed has parentheses. */
const IMPORT = /(?:from|import)"(\/ui\/assets\/[^"]+)"/g;

/** What the page loads before anything is shown: what it names, and what that imports. */
async function references(): Promise<string[]> {
  const html = await (await page("/")).text();
  const named = [...html.matchAll(REFERENCE)].map(([, url = ""]) => url);
  const found = new Set(named.filter((url) => !url.startsWith("data:")));
  for (const url of found) {
    if (!url.endsWith(".js")) continue;
    for (const [, imported = ""] of (await (await page(url)).text()).matchAll(IMPORT)) found.add(imported);
  }
  return [...found];
}

describe("the console", () => {
  test("every view is the one page, and a file that is not there is not", async () => {
    const [home, view] = await Promise.all([page("/"), page("/ui/fills/f-1")]);
    expect(await home.text()).toBe(await view.text());
    expect(home.headers.get("cache-control")).toBe("no-cache");
    expect(await consolePage("/ui/assets/none.js", "")).toBeUndefined();
    expect(await consolePage("/ui/assets/..%2findex.html", "")).toBeUndefined();
  });

  test("loads nothing but its own files, and they may be kept", async () => {
    const urls = await references();
    expect(urls.length).toBeGreaterThanOrEqual(2);
    for (const url of urls) {
      expect(url).toStartWith("/ui/assets/");
      const reply = await page(url);
      expect(reply.headers.get("cache-control")).toContain("immutable");
    }
  });

  test("has no script of its own in the page, and the policy refuses any", async () => {
    const home = await page("/");
    const policy = home.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    const html = await home.text();
    expect(html.match(/<script(?![^>]*\bsrc=)/)).toBeNull();
    expect(html).not.toMatch(/\son\w+=|style=/);
  });

  test("its first paint is small", async () => {
    const urls = await references();
    const sizes = await Promise.all(
      urls.map(async (url) => (await (await page(url, "gzip, br")).arrayBuffer()).byteLength),
    );
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeGreaterThan(10 * 1024);
    // The editor, the charts and the screens that are opened later are not among them.
    expect(urls.length).toBeLessThan(6);
    expect(total).toBeLessThanOrEqual(FIRST_PAINT_BYTES_MAX);
  });

  test("carries no schema: contracts are types there", async () => {
    const scripts = (await references()).filter((url) => url.endsWith(".js"));
    for (const url of scripts) expect(await (await page(url)).text()).not.toContain("ZodObject");
  });
});
