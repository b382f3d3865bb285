import type { ReactNode } from "react";

export function PlaybooksPage(): ReactNode {
  return <h1>Playbooks</h1>;
}
