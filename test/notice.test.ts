// NOTICE names every package that a user's installation holds, with its licence, as the lock file has them. After a
// change of dependencies: `NOTICE=write node_modules/.bin/bun test test/notice.test.ts`.

import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./sources.ts";

interface Locked {
  /** What is really there, where the folder has another name. */
  readonly name?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

/**
 * The lock file leaves these out: packages of one platform have the licence of the package they belong to, and old ones
 * say it in another way.
 */
const UNSAID_LICENCES: Readonly<Record<string, string>> = {
  "@duckdb/node-bindings-": "MIT",
  "json-bignum": "MIT",
};

const HEAD = `Lakehouse

Lakehouse is installed together with the packages below, each under its own licence; their texts are in
node_modules/PACKAGE. Nothing of them is copied into this repository.

Towns (src/domain/orders/places/towns.tsv) are from GeoNames, https://www.geonames.org, under CC BY 4.0.

`;

function licences(): Map<string, string[]> {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, Locked>;
  };
  const byLicence = new Map<string, string[]>();
  for (const [path, { license, dev, name: real }] of Object.entries(packages)) {
    if (path === "" || dev === true) continue;
    const name = real ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const family = Object.keys(UNSAID_LICENCES).find((prefix) => name.startsWith(prefix));
    const known = (license ?? UNSAID_LICENCES[family ?? ""] ?? "unknown").replace("Apache 2.0", "Apache-2.0");
    byLicence.set(known, [...new Set([...(byLicence.get(known) ?? []), name])]);
  }
  return byLicence;
}

function notice(): string {
  const parts = [...licences()]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(
      ([licence, names]) =>
        `${licence}\n${[...names]
          .sort()
          .map((name) => `  ${name}\n`)
          .join("")}`,
    );
  return `${HEAD}${parts.join("\n")}`;
}

test("NOTICE names every package with its licence", () => {
  const file = join(ROOT, "NOTICE");
  // oxlint-disable-next-line node/no-process-env -- asks for the file to be written, as the contract lock does
  if (process.env["NOTICE"] === "write") writeFileSync(file, notice());
  expect(licences().has("unknown")).toBe(false);
  expect(readFileSync(file, "utf8")).toBe(notice());
});
