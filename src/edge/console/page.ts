// The console: one page for every path that names a view, and the hashed files that it loads. Everything comes from this
// house and nothing in it is inline, which the content security policy holds a browser to.

import { join } from "node:path";
import { consoleBundle } from "./bundle.ts";

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A bundled file: its name carries the hash of its bytes. */
const ASSET = /^\/ui\/assets\/([\w.-]+\.(js|css|svg))$/;

/** The reply for `/` and everything under `/ui`; undefined for a file that is not there. */
export async function consolePage(path: string, acceptEncoding: string): Promise<Response | undefined> {
  const folder = await consoleBundle();
  const [, name, ending = ""] = ASSET.exec(path) ?? [];
  if (name === undefined) {
    if (path.startsWith("/ui/assets/")) return undefined;
    return reply(Bun.file(join(folder, "index.html")), { "content-type": "text/html; charset=utf-8" });
  }
  const zipped = /\bgzip\b/.test(acceptEncoding);
  const file = Bun.file(join(folder, "assets", zipped ? `${name}.gz` : name));
  if (!(await file.exists())) return undefined;
  return reply(file, {
    "content-type": TYPES[ending] ?? "application/octet-stream",
    "cache-control": "public, max-age=31536000, immutable",
    vary: "accept-encoding",
    ...(zipped ? { "content-encoding": "gzip" } : {}),
  });
}

function reply(body: Blob, headers: Readonly<Record<string, string>>): Response {
  return new Response(body, {
    headers: {
      "cache-control": "no-cache",
      "content-security-policy": POLICY,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
