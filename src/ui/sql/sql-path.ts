// Links to the SQL screen.

import { sectionPath } from "../shell/router.ts";

/** The path of the SQL screen with a statement in it. */
export function sqlPath(sql: string, at?: Readonly<Record<string, string>>): string {
  return sectionPath("sql", undefined, {
    q: sql,
    at: at === undefined || Object.keys(at).length === 0 ? undefined : JSON.stringify(at),
  });
}
