// Links or actions behind one button of the bar.

import { type ReactNode, useEffect, useRef } from "react";

/** Closes by Esc, by a click beside it, and when something in it was chosen. */
export function Menu({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ReactNode;
}): ReactNode {
  const element = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      const menu = element.current;
      if (menu === null || !menu.open) return;
      const inside = event.target instanceof Node && menu.contains(event.target);
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        menu.open = false;
        menu.querySelector("summary")?.focus();
      } else if (
        !inside ||
        (event.target instanceof Element && event.target.closest("a, li button") !== null)
      ) {
        menu.open = false;
      }
    };
    addEventListener("click", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("click", close);
      removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details className="menu" ref={element}>
      <summary>
        {label} <span aria-hidden="true">▾</span>
      </summary>
      <ul>{children}</ul>
    </details>
  );
}
