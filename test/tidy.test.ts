// What a machine can judge of style, and a reader should not have to: banned calls (with what to use instead),
// words that do not belong in the tree, links of the documents, pinned versions.

import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { filesBelow, ROOT, sources } from "./sources.ts";

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly except?: readonly string[];
  /** Only files below one of these. */
  readonly within?: readonly string[];
}

const BANS: readonly Ban[] = [
  { pattern: /\bBun\.write\(/, instead: "writeDurably of #lib/durable: Bun.write leaves torn files behind" },
  { pattern: /\.writer\(\)/, instead: "node:fs/promises: Bun's file writer does not truncate" },
  {
    pattern: /new S3Client\(|Bun\.s3\b/,
    instead: "adapters/objects: Bun's client has no conditional PUT, retry or timeout",
  },
  {
    pattern: /new Worker\(/,
    instead: "rpc/child: a Worker that ends inside a native call takes the process along",
  },
  {
    pattern: /AbortSignal\.timeout\(/,
    instead: "deadline of #lib/coarse-timer: each of these timers lives until it fires",
    within: ["src/rpc", "src/services", "src/adapters"],
  },
  { pattern: /from "@duckdb\//, instead: "#adapters/duckdb", except: ["src/adapters/duckdb.ts"] },
  {
    pattern: /from "usearch"|import\("usearch"\)/,
    instead: "#adapters/hnsw",
    except: ["src/adapters/hnsw.ts", "src/cli/doctor-checks.ts"],
  },
  {
    pattern: /from "@lancedb\/|import\("@lancedb\//,
    instead: "#adapters/lance",
    except: ["src/adapters/lance.ts", "bench/vector-lance.bench.ts"],
  },
  {
    pattern: /from "@huggingface\/|import\("@huggingface\//,
    instead: "#adapters/embed/static/token-table",
    except: ["src/adapters/embed/static/token-table.ts"],
  },
  { pattern: /\bTODO\b|\bFIXME\b|\bXXX\b/, instead: "finish it, or leave it out" },
  { pattern: /\.only\(|\.skip\(/, instead: "skipIf with the reason in the test's name" },
];

const all = sources();

test.each(BANS.map((ban) => [ban.pattern.source, ban] as const))(
  "nothing calls %s",
  (_, { pattern, instead, except = [], within = ["src"] }) => {
    const found = all
      .filter(
        ({ path, isTest }) =>
          !isTest && !except.includes(path) && within.some((folder) => path.startsWith(folder)),
      )
      .flatMap(({ path, text }) =>
        text
          .split("\n")
          .flatMap((line, at) =>
            pattern.test(line) && !line.trimStart().startsWith("//") ? [`${path}:${at + 1}`] : [],
          ),
      );
    expect(found, `use instead: ${instead}`).toEqual([]);
  },
);

test("every source file opens with a word on what it is for, or says it in one name", () => {
  const silent = all
    .filter(({ isTest, text }) => !isTest && text.split("\n").length > 30 && !text.startsWith("//"))
    .map(({ path }) => path);
  expect(silent).toEqual([]);
});

test("versions are pinned", () => {
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.filter(([, version]) => !/^\d/.test(version))).toEqual([]);
});

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

const PATH = /`((?:src|test|bench|docs)\/[\w./-]+)`/g;

test("files that the documents name are there", () => {
  const missing = filesBelow(ROOT, /\.md$/).flatMap((document) => {
    const text = readFileSync(join(ROOT, document), "utf8");
    const named = new Set([...text.matchAll(PATH)].map(([, path = ""]) => path));
    return [...named].filter((path) => !existsSync(join(ROOT, path))).map((path) => `${document}: ${path}`);
  });
  expect(missing).toEqual([]);
});

test("links of the documents lead somewhere", () => {
  const broken: string[] = [];
  const documents = filesBelow(ROOT, /\.md$/);
  for (const path of documents) {
    for (const match of readFileSync(join(ROOT, path), "utf8").matchAll(LINK)) {
      const target = (match[1] ?? "").split("#")[0] ?? "";
      if (target === "" || /^[a-z]+:/.test(target)) continue;
      if (!existsSync(join(ROOT, dirname(path), target))) broken.push(`${path} -> ${target}`);
    }
  }
  expect(documents.length).toBeGreaterThan(5);
  expect(broken).toEqual([]);
});
