// What stands around every view: where one can go, whether the house answers, and the keys that work everywhere.

import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { BoardPage } from "../board/board-page.tsx";
import { DeskPage } from "../desk/desk-page.tsx";
import { FillPage } from "../desk/fill-page.tsx";
import { Menu } from "../parts/menu.tsx";
import { Empty, Loading } from "../parts/notice.tsx";
import { useStore } from "../parts/store.ts";
import { forgetKey, hasKey, keyChanges, keyWanted } from "../wire/access-key.ts";
import { outageCount } from "../wire/outage.ts";
import { listenForKeys, useCommands } from "./commands.ts";
import { CopyAs } from "./copy-as.tsx";
import { KeyForm } from "./key-form.tsx";
import { KeyHelp } from "./key-help.tsx";
import { Palette } from "./palette.tsx";
import { go, sectionPath, useView, type View } from "./router.ts";
import { SectionView } from "./section-view.tsx";
import { SECTION_LIST } from "./sections.ts";
import { nextTheme, theme } from "./theme.ts";

const ComponentsPage = lazy(async () => ({
  default: (await import("../parts/components-page.tsx")).ComponentsPage,
}));

type Open = "palette" | "keys" | "copy" | undefined;

const THEME_WORDS = { system: "Auto", light: "Light", dark: "Dark" };

export function Shell(): ReactNode {
  const view = useView();
  const [open, setOpen] = useState<Open>();
  const wanted = useStore(keyWanted);
  const chosen = useStore(theme);
  useStore(keyChanges);
  const close = (): void => setOpen(undefined);
  useEffect(() => listenForKeys(() => setOpen("palette")), []);
  useCommands([
    { name: "Go to the fill desk", keys: "g d", run: () => go("/") },
    { name: "Go to the board", keys: "g b", run: () => go("/ui/board") },
    ...SECTION_LIST.map(([section, { title, keys }]) => ({
      name: `Go to ${title}`,
      keys,
      run: () => go(sectionPath(section)),
    })),
    { name: "New order", keys: "n", run: () => go("/") },
    { name: "Copy as curl, TypeScript or command", keys: "c", run: () => setOpen("copy") },
    { name: "Change the theme", keys: "t", run: nextTheme },
    { name: "Show the keys", keys: "?", run: () => setOpen("keys") },
    { name: "Open the plain API page", run: () => location.assign("/docs") },
    ...(hasKey() ? [{ name: "Forget the API key", run: forgetKey }] : []),
  ]);
  return (
    <>
      <a className="skip" href="#view">
        Skip to the view
      </a>
      <header className="bar">
        <a className="brand" href="/">
          Lakehouse
        </a>
        <nav aria-label="Views">
          <Link to="/" here={view.name === "desk" || view.name === "fill"}>
            Fill desk
          </Link>
          <Link to="/ui/board" here={view.name === "board"}>
            Board
          </Link>
          {SECTION_LIST.map(([section, { title, place }]) =>
            place === "menu" ? null : (
              <Link
                key={section}
                to={sectionPath(section)}
                here={view.name === "section" && view.section === section}
              >
                {title}
              </Link>
            ),
          )}
          <Menu label="More">
            {SECTION_LIST.map(([section, { title, place }]) =>
              place === "bar" ? null : (
                <li key={section}>
                  <Link to={sectionPath(section)} here={view.name === "section" && view.section === section}>
                    {title}
                  </Link>
                </li>
              ),
            )}
          </Menu>
        </nav>
        <div className="bar-end">
          <button type="button" className="quiet" onClick={() => setOpen("palette")}>
            Find <kbd>Ctrl K</kbd>
          </button>
          <button type="button" className="quiet" onClick={() => setOpen("copy")}>
            Copy as
          </button>
          <button type="button" className="quiet" onClick={nextTheme}>
            {THEME_WORDS[chosen]}
            <span className="visually-hidden"> theme</span>
          </button>
          <button type="button" className="quiet" aria-label="Keys" onClick={() => setOpen("keys")}>
            ?
          </button>
        </div>
      </header>
      <OutageBanner />
      <main id="view" tabIndex={-1}>
        <ViewOf view={view} />
      </main>
      {open === "palette" && <Palette onClose={close} />}
      {open === "keys" && <KeyHelp onClose={close} />}
      {open === "copy" && <CopyAs onClose={close} />}
      {wanted !== "no" && <KeyForm refused={wanted === "refused"} />}
    </>
  );
}

function Link({
  to,
  here,
  children,
}: {
  readonly to: string;
  readonly here: boolean;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <a href={to} aria-current={here ? "page" : undefined}>
      {children}
    </a>
  );
}

function ViewOf({ view }: { readonly view: View }): ReactNode {
  if (view.name === "desk") return <DeskPage />;
  if (view.name === "board") return <BoardPage />;
  if (view.name === "fill") return <FillPage key={view.fillId} fillId={view.fillId} />;
  if (view.name === "section") return <SectionView section={view.section} item={view.item} />;
  if (view.name === "components")
    return (
      <Suspense fallback={<Loading rows={8} what="the components" />}>
        <ComponentsPage />
      </Suspense>
    );
  return <UnknownPage path={view.path} />;
}

function UnknownPage({ path }: { readonly path: string }): ReactNode {
  return (
    <Empty title="There is no such page">
      <p>
        Nothing is at <code>{path}</code>. <a href="/">Go to the fill desk</a>
      </p>
    </Empty>
  );
}

/** Shorter than this is nobody's concern: a house that is replaced, a request that is tried again. */
const QUIET_MS = 700;

function OutageBanner(): ReactNode {
  const count = useStore(outageCount);
  const [shown, setShown] = useState(false);
  const away = count > 0;
  useEffect(() => {
    if (!away) {
      setShown(false);
      return undefined;
    }
    const timer = setTimeout(() => setShown(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, [away]);
  if (!shown) return null;
  return (
    <div className="outage" role="alert">
      A part of the house does not answer. What you typed is kept; this page goes on by itself as soon as it
      is back.
    </div>
  );
}
