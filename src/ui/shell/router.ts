// Every view is a URL: `/` and what stands below `/ui`. Its state is in the query, so that a link shows what its sender saw.
// Links are links; this only saves loading the page again.

import { useMemo } from "react";
import { createStore, useStore } from "../parts/store.ts";
import { isSectionName, type SectionName } from "./sections.ts";

export type View =
  | { readonly name: "desk" }
  | { readonly name: "board" }
  | { readonly name: "fill"; readonly fillId: string }
  | { readonly name: "components" }
  /** A screen that is loaded when it is opened: `/ui/datasets`, `/ui/datasets/workers`. */
  | { readonly name: "section"; readonly section: SectionName; readonly item: string | undefined }
  | { readonly name: "unknown"; readonly path: string };

export function viewOf(path: string): View {
  const clean = path.replace(/\/+$/, "");
  if (clean === "" || clean === "/ui") return { name: "desk" };
  if (clean === "/ui/board") return { name: "board" };
  if (clean === "/ui/components") return { name: "components" };
  const [, section = "", item] = /^\/ui\/([^/]+)(?:\/([^/]+))?$/.exec(clean) ?? [];
  const decoded = item === undefined ? undefined : decode(item);
  if (section === "fills" && decoded !== undefined) return { name: "fill", fillId: decoded };
  return isSectionName(section) ? { name: "section", section, item: decoded } : { name: "unknown", path };
}

/** A link may have been cut anywhere, in the middle of a percent sequence, too. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function fillPath(fillId: string): string {
  return `/ui/fills/${encodeURIComponent(fillId)}`;
}

export type Params = Readonly<Record<string, string | undefined>>;

/** The path of a screen, or of one thing on it, with the state that it opens in. */
export function sectionPath(section: SectionName, item?: string, params: Params = {}): string {
  const query = new URLSearchParams(given(params)).toString();
  const path = `/ui/${section}${item === undefined ? "" : `/${encodeURIComponent(item)}`}`;
  return query === "" ? path : `${path}?${query}`;
}

function given(params: Params): [string, string][] {
  return Object.entries(params).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, value]],
  );
}

const here = (): string => location.pathname + location.search;

const place = createStore(here());

addEventListener("popstate", () => place.set(here()));

export function go(path: string): void {
  if (path !== here()) history.pushState(null, "", path);
  place.set(path);
  scrollTo(0, 0);
}

/** Follows plain clicks on links of the console; a click with a modifier is the browser's. */
export function followLinks(): void {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null || link.target !== "" || link.hasAttribute("download")) return;
    const path = link.pathname;
    if (link.origin !== location.origin || !(path === "/" || path.startsWith("/ui"))) return;
    event.preventDefault();
    go(path + link.search);
  });
}

export function useView(): View {
  const [path = ""] = useStore(place).split("?");
  return useMemo(() => viewOf(path), [path]);
}

/** The view's state, from the query of its URL. */
export function useParams(): URLSearchParams {
  const [, query = ""] = useStore(place).split("?");
  return useMemo(() => new URLSearchParams(query), [query]);
}

/** Changes a part of the view's state. The back button goes to other views, not through every change of one. */
export function setParams(changes: Params): void {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === "") params.delete(name);
    else params.set(name, value);
  }
  const query = params.toString();
  const path = location.pathname + (query === "" ? "" : `?${query}`);
  history.replaceState(null, "", path);
  place.set(path);
}
