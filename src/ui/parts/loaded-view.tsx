// What was loaded, or where it stands: grey rows while it is on its way, and what to do when it could not be had.

import type { ReactNode } from "react";
import type { Loaded } from "../wire/use-loaded.ts";
import { Loading, Problem } from "./notice.tsx";

export function LoadedView<T>({
  loaded,
  what,
  rows = 6,
  children,
}: {
  readonly loaded: Loaded<T>;
  /** "the journal": for who cannot see the grey rows. */
  readonly what: string;
  readonly rows?: number;
  readonly children: (data: T) => ReactNode;
}): ReactNode {
  const { data, fault, refresh } = loaded;
  if (data !== undefined) return children(data);
  return fault === undefined ? (
    <Loading rows={rows} what={what} />
  ) : (
    <Problem fault={fault} again={refresh} />
  );
}
