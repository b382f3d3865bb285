// Parts of a screen of which one is shown. Which one is in the URL.

import { type KeyboardEvent, type ReactNode, useId } from "react";
import { setParams, useParams } from "../shell/router.ts";

export interface Tab {
  readonly name: string;
  readonly title: ReactNode;
  readonly panel: () => ReactNode;
}

export function Tabs({
  label,
  tabs,
  param = "tab",
}: {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly param?: string;
}): ReactNode {
  const wanted = useParams().get(param);
  const id = useId();
  const shown = tabs.find(({ name }) => name === wanted) ?? tabs[0];
  if (shown === undefined) return null;
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(shown) + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    setParams({ [param]: next.name });
    document.querySelector<HTMLElement>(`#${CSS.escape(`${id}-${next.name}`)}`)?.focus();
  };
  return (
    <div className="tabs-part">
      <div className="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {tabs.map(({ name, title }) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-selected={name === shown.name}
            aria-controls={`${id}-panel`}
            tabIndex={name === shown.name ? 0 : -1}
            onClick={() => setParams({ [param]: name })}
          >
            {title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${shown.name}`} className="tab-panel">
        {shown.panel()}
      </div>
    </div>
  );
}
