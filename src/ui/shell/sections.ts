// The screens that are loaded when they are opened: a line each. The shell makes links, keys and palette entries of them.

import type { ComponentType } from "react";

export interface SectionProps {
  /** What stands behind the screen in the path: the dataset of `/ui/datasets/workers`. */
  readonly item: string | undefined;
}

interface Section {
  readonly title: string;
  /** Two keys, the first of which is g. */
  readonly keys: string;
  /** In the bar is what a coordinator uses; the menu has what keeps the house running. */
  readonly place: "bar" | "menu";
  readonly load: () => Promise<ComponentType<SectionProps>>;
}

export const SECTIONS = {
  datasets: {
    title: "Datasets",
    keys: "g t",
    place: "bar",
    load: async () => (await import("../datasets/datasets-page.tsx")).DatasetsPage,
  },
  sql: {
    title: "SQL",
    keys: "g s",
    place: "bar",
    load: async () => (await import("../sql/sql-page.tsx")).SqlPage,
  },
  search: {
    title: "Search",
    keys: "g f",
    place: "bar",
    load: async () => (await import("../search/search-page.tsx")).SearchPage,
  },
  playbooks: {
    title: "Playbooks",
    keys: "g p",
    place: "bar",
    load: async () => (await import("../playbooks/playbooks-page.tsx")).PlaybooksPage,
  },
  models: {
    title: "Models",
    keys: "g m",
    place: "menu",
    load: async () => (await import("../models/models-page.tsx")).ModelsPage,
  },
  memory: {
    title: "Memory and truth",
    keys: "g e",
    place: "menu",
    load: async () => (await import("../memory/memory-page.tsx")).MemoryPage,
  },
  journal: {
    title: "Journal",
    keys: "g j",
    place: "menu",
    load: async () => (await import("../journal/journal-page.tsx")).JournalPage,
  },
  distillation: {
    title: "Distillation",
    keys: "g l",
    place: "menu",
    load: async () => (await import("../distillation/distillation-page.tsx")).DistillationPage,
  },
  cutover: {
    title: "Cutover",
    keys: "g c",
    place: "menu",
    load: async () => (await import("../cutover/cutover-page.tsx")).CutoverPage,
  },
  system: {
    title: "System",
    keys: "g y",
    place: "menu",
    load: async () => (await import("../system/system-page.tsx")).SystemPage,
  },
  api: {
    title: "API",
    keys: "g a",
    place: "menu",
    load: async () => (await import("../api/api-page.tsx")).ApiPage,
  },
} as const satisfies Readonly<Record<string, Section>>;

export type SectionName = keyof typeof SECTIONS;

export const SECTION_LIST = Object.entries(SECTIONS) as [SectionName, Section][];

export function isSectionName(name: string): name is SectionName {
  return Object.hasOwn(SECTIONS, name);
}
