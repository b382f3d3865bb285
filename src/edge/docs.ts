// The page on which operations can be read and tried. Everything it loads comes from this house.

import { join } from "node:path";
import { openApi } from "#rpc/openapi";
import { EXAMPLES } from "#contracts/examples";
import { wire } from "#contracts/house";

const ASSETS: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Lakehouse API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

/** Nothing from elsewhere, even if the page were made to ask for it. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

export function apiDescription(version: string): Promise<Record<string, unknown>> {
  const info = {
    title: "Lakehouse",
    version,
    description:
      "An AI data substrate for operations teams: ask, search, decide, draft and learn from messy files. The examples run as they stand over the house of `lakehouse demo`.",
  };
  return openApi(wire, info, EXAMPLES);
}

/** `/docs` and what it loads; undefined for other paths. */
export function docsPage(path: string): Response | undefined {
  if (path === "/docs" || path === "/docs/") return reply(PAGE, "text/html; charset=utf-8");
  const name = path.slice("/docs/".length);
  if (name === "start.js") return reply(START, "text/javascript; charset=utf-8");
  const type = ASSETS[name];
  if (type === undefined) return undefined;
  return reply(Bun.file(join(assetFolder(), name)), type, "public, max-age=86400");
}

function assetFolder(): string {
  return join(Bun.resolveSync("swagger-ui-dist/package.json", import.meta.dir), "..");
}

function reply(body: string | Blob, type: string, cache = "no-cache"): Response {
  return new Response(body, {
    headers: {
      "content-type": type,
      "cache-control": cache,
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
    },
  });
}
