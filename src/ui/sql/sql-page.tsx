import type { ReactNode } from "react";

export function SqlPage(): ReactNode {
  return <h1>Sql</h1>;
}
