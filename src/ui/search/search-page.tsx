import type { ReactNode } from "react";

export function SearchPage(): ReactNode {
  return <h1>Search</h1>;
}
