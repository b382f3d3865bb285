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
  ["edge", "dialects", "distill", "cutover", "mcp", "ui"],
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

test("breaches are found where they are planted", () => {
  const planted = (path: string, specifier: string): string[] =>
    breaches({ path, text: `import { x } from "${specifier}";`, isTest: false });
  expect(planted("src/rpc/x.ts", "#services/queryd/service")).toHaveLength(1);
  expect(planted("src/services/queryd/x.ts", "#services/vectord/index")).toHaveLength(1);
  expect(planted("src/services/queryd/x.ts", "../vectord/index.ts")).toHaveLength(1);
  expect(planted("src/edge/x.ts", "../rpc/fault.ts")).toHaveLength(1);
  expect(planted("src/lib/x.ts", "#rpc/fault")).toHaveLength(1);
  expect(planted("src/edge/x.ts", "#rpc/fault")).toEqual([]);
});
