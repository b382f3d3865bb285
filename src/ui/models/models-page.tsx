// Language models: which answers and whether it is well, one to try, what they cost, who may spend what, and how their drafts
// fared with the rules.

import { type ReactNode, useEffect } from "react";
import { Tabs } from "../parts/tabs.tsx";
import { useCommands } from "../shell/commands.ts";
import { setParams } from "../shell/router.ts";
import { chatd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { Budgets } from "./budgets.tsx";
import { Conversation } from "./conversation-view.tsx";
import { Drafts } from "./draft-runs.tsx";
import { Providers } from "./providers.tsx";
import { Usage } from "./usage-view.tsx";

const VIEWS = ["providers", "try", "usage", "budgets", "drafts"] as const;

export function ModelsPage(): ReactNode {
  const providers = useLoaded("model providers", () => chatd.providers({}));
  useEffect(() => {
    document.title = "Models · Lakehouse";
  }, []);
  useCommands(
    VIEWS.map((view) => ({
      name: `Models: ${view === "try" ? "try one" : view}`,
      run: () => setParams({ tab: view }),
    })),
  );
  const usual = providers.data?.default_model;
  return (
    <div className="section-page">
      <header className="section-head">
        <h1>
          Models{" "}
          <span className="muted">
            {providers.data === undefined
              ? ""
              : usual === undefined
                ? "none answers unless one is named"
                : `${usual} answers unless another is named`}
          </span>
        </h1>
      </header>
      <Tabs
        label="Parts of the models"
        tabs={[
          { name: "providers", title: "Providers", panel: () => <Providers providers={providers} /> },
          { name: "try", title: "Try one", panel: () => <Conversation providers={providers.data} /> },
          { name: "usage", title: "Usage and cost", panel: () => <Usage /> },
          { name: "budgets", title: "Budgets", panel: () => <Budgets /> },
          { name: "drafts", title: "Drafts", panel: () => <Drafts /> },
        ]}
      />
    </div>
  );
}
