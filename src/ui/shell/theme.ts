// Light or dark: as the system has it, unless the person chose.

import { createStore } from "../parts/store.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEPT_AS = "lakehouse.theme";

export const theme = createStore<Theme>(
  THEMES.find((one) => one === localStorage.getItem(KEPT_AS)) ?? "system",
);

export function applyTheme(): void {
  const { dataset } = document.documentElement;
  if (theme.value() === "system") delete dataset["theme"];
  else dataset["theme"] = theme.value();
}

export function nextTheme(): void {
  const at = THEMES.indexOf(theme.value());
  theme.set(THEMES[(at + 1) % THEMES.length] ?? "system");
  localStorage.setItem(KEPT_AS, theme.value());
  applyTheme();
}
