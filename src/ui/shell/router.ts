// Every view is a URL: `/` and what stands below `/ui`. Links are links; this only saves loading the page again.

import { createStore, useStore } from "../parts/store.ts";

export type View =
  | { readonly name: "desk" }
  | { readonly name: "board" }
  | { readonly name: "fill"; readonly fillId: string }
  | { readonly name: "components" }
  | { readonly name: "unknown"; readonly path: string };

export function viewOf(path: string): View {
  const clean = path.replace(/\/+$/, "");
  if (clean === "" || clean === "/ui") return { name: "desk" };
  if (clean === "/ui/board") return { name: "board" };
  if (clean === "/ui/components") return { name: "components" };
  const fillId = /^\/ui\/fills\/([^/]+)$/.exec(clean)?.[1];
  return fillId === undefined
    ? { name: "unknown", path }
    : { name: "fill", fillId: decodeURIComponent(fillId) };
}

export function fillPath(fillId: string): string {
  return `/ui/fills/${encodeURIComponent(fillId)}`;
}

const place = createStore(location.pathname);

addEventListener("popstate", () => place.set(location.pathname));

export function go(path: string): void {
  if (path !== location.pathname) history.pushState(null, "", path);
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
    go(path);
  });
}

export function useView(): View {
  return viewOf(useStore(place));
}
