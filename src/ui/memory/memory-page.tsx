// What the house remembers of how things were done, and what it holds to be true where sources contradict each other.

import { type ReactNode, useEffect } from "react";
import { Tabs } from "../parts/tabs.tsx";
import { useCommands } from "../shell/commands.ts";
import { setParams } from "../shell/router.ts";
import type { SectionProps } from "../shell/sections.ts";
import { truthd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { Conflicts } from "./conflicts.tsx";
import { Decisions } from "./decisions.tsx";
import { Holding } from "./holding.tsx";
import { Rules } from "./rules.tsx";
import { TracePage } from "./trace-page.tsx";
import { Traces } from "./traces.tsx";

export function MemoryPage({ item }: SectionProps): ReactNode {
  return item === undefined ? <Overview /> : <TracePage key={item} traceId={item} />;
}

/** Pages that are read: with more conflicts than these a rule is wanted, and no person. */
const PAGES_MAX = 20;

async function allConflicts(): Promise<Awaited<ReturnType<typeof truthd.conflicts>>["conflicts"]> {
  const all: Awaited<ReturnType<typeof truthd.conflicts>>["conflicts"] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { conflicts, next_cursor } = await truthd.conflicts({
      limit: 500,
      ...(cursor === undefined ? {} : { cursor }),
    });
    all.push(...conflicts);
    if (next_cursor === undefined) break;
    cursor = next_cursor;
  }
  return all;
}

const VIEWS = {
  traces: "what was done",
  conflicts: "conflicts",
  holds: "what holds",
  decisions: "decisions",
};

function Overview(): ReactNode {
  const conflicts = useLoaded("conflicts", allConflicts);
  useEffect(() => {
    document.title = "Memory and truth · Lakehouse";
  }, []);
  useCommands(
    Object.entries(VIEWS).map(([view, name]) => ({
      name: `Memory and truth: ${name}`,
      run: () => setParams({ tab: view }),
    })),
  );
  const count = conflicts.data?.length ?? 0;
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>
          Memory and truth{" "}
          {conflicts.data !== undefined && (
            <span className={count > 0 ? "pill warn" : "muted"}>
              {count > 0 ? `${count.toLocaleString("en-US")} to decide` : "nothing to decide"}
            </span>
          )}
        </h1>
      </header>
      <Tabs
        label="Memory and truth"
        tabs={[
          { name: "traces", title: "What was done", panel: () => <Traces /> },
          {
            name: "conflicts",
            title: (
              <>Conflicts {count > 0 && <span className="count">{count.toLocaleString("en-US")}</span>}</>
            ),
            panel: () => <Conflicts conflicts={conflicts} />,
          },
          { name: "holds", title: "What holds", panel: () => <Holding /> },
          { name: "decisions", title: "Decisions", panel: () => <Decisions /> },
          { name: "rules", title: "Rules", panel: () => <Rules onChanged={conflicts.refresh} /> },
        ]}
      />
    </div>
  );
}
