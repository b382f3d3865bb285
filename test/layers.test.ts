// Who may import whom, as data. Each layer may import what stands before it and itself; services never import
// a sibling; an import that crosses a layer starts with #, one that stays home with ./

import { expect, test } from "bun:test";
import { importsOf, type Source, sources } from "./sources.ts";

/** In order; names in one entry stand side by side and may not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ["lib"],
  ["rpc"],
  ["contracts"],
  ["domain"],
  ["adapters"],
  ["services"],
  ["config"],
  ["edge", "dialects", "distill", "cutover", "mcp", "ui", "client"],
  ["topology"],
  ["cli"],
  ["main"],
];

function layerOf(path: string): string {
  const [, first = ""] = path.split("/");
  return first.replace(/(\.test)?\.ts$/, "");
}

function rankOf(layer: string): number {
  return LAYERS.findIndex((names) => names.includes(layer));
}

function serviceOf(path: string): string {
  return path.split("/")[2] ?? "";
}

export function breaches(source: Source): string[] {
  const from = layerOf(source.path);
  return importsOf(source).flatMap(({ specifier, target }) => {
    if (target === undefined || !target.startsWith("src/")) return [];
    const to = layerOf(target);
    const place = `${source.path} imports ${specifier}`;
    if (rankOf(to) === -1) return [`${place}: ${to} is no layer`];
    if (to === from) {
      const sibling = from === "services" && serviceOf(target) !== serviceOf(source.path);
      if (sibling) return [`${place}: services never import a sibling; ask for it as a neighbour`];
      const climbs = specifier.startsWith("#");
      return climbs && from !== "services"
        ? [`${place}: an import that stays in its layer starts with ./`]
        : [];
    }
    if (rankOf(to) >= rankOf(from)) return [`${place}: ${from} may not import ${to}`];
    return specifier.startsWith("#") ? [] : [`${place}: an import that crosses a layer starts with #`];
  });
}

const all = sources();

test("there are sources to look at", () => {
  expect(all.length).toBeGreaterThan(50);
  expect(all.filter(({ path }) => rankOf(layerOf(path)) === -1).map(({ path }) => path)).toEqual([]);
});

test("no import goes against the layers", () => {
  expect(all.flatMap(breaches)).toEqual([]);
});

/** Files that import each other round and round, types too; an import made only when it is needed is left out. */
export function circles(files: readonly Source[]): string[] {
  const imports = new Map(
    files.map((source) => [
      source.path,
      importsOf(source).flatMap(({ target, late }) => (target === undefined || late ? [] : [target])),
    ]),
  );
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) found.push([...trail.slice(start), path].join(" -> "));
    if (start !== -1 || done.has(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return found;
}

test("no files import each other in a circle", () => {
  expect(circles(all)).toEqual([]);
  const planted = [
    { path: "src/lib/a.ts", text: 'import { b } from "./b.ts";', isTest: false },
    { path: "src/lib/b.ts", text: 'import type { A } from "./a.ts";', isTest: false },
  ];
  expect(circles(planted)).toEqual(["src/lib/a.ts -> src/lib/b.ts -> src/lib/a.ts"]);
});

test("breaches are found where they are planted", () => {
  const planted = (path: string, specifier: string): string[] =>
    breaches({ path, text: `import { x } from "${specifier}";`, isTest: false });
  expect(planted("src/rpc/x.ts", "#services/queryd/service")).toHaveLength(1);
  expect(planted("src/services/queryd/x.ts", "#services/vectord/vector-index")).toHaveLength(1);
  expect(planted("src/services/queryd/x.ts", "../vectord/index.ts")).toHaveLength(1);
  expect(planted("src/edge/x.ts", "../rpc/fault.ts")).toHaveLength(1);
  expect(planted("src/lib/x.ts", "#rpc/fault")).toHaveLength(1);
  expect(planted("src/edge/x.ts", "#rpc/fault")).toEqual([]);
});
