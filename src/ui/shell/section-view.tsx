// A screen that is loaded when it is opened. A house that is away is waited for, as by every view.

import { type ComponentType, type ReactNode, useState } from "react";
import { Loading, Notice } from "../parts/notice.tsx";
import { useLoaded } from "../wire/use-loaded.ts";
import { type SectionName, SECTIONS, type SectionProps } from "./sections.ts";

type Page = ComponentType<SectionProps>;

interface Module {
  readonly Page: Page;
}

const loaded = new Map<SectionName, Module>();

interface SectionViewProps extends SectionProps {
  readonly section: SectionName;
}

export function SectionView({ section, item }: SectionViewProps): ReactNode {
  return <Section key={section} section={section} item={item} />;
}

/** The page stays where it is once it is there: moved to another place in the tree it would begin anew. */
function Section({ section, item }: SectionViewProps): ReactNode {
  const [failures, setFailures] = useState(0);
  const load = async (): Promise<Module> => {
    try {
      const Page = await SECTIONS[section].load();
      loaded.set(section, { Page });
      return { Page };
    } catch (thrown) {
      setFailures((count) => count + 1);
      throw thrown;
    }
  };
  const { data: Loaded } = useLoaded(`the screen ${section}`, load, loaded.get(section));
  if (Loaded !== undefined) return <Loaded.Page item={item} />;
  if (failures === 0) return <Loading rows={6} what={SECTIONS[section].title} />;
  return (
    <Notice tone="warn">
      <p>
        This screen could not be loaded yet. If the house was started again with a newer version, load the
        page again.
      </p>
      <p className="notice-foot">
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </p>
    </Notice>
  );
}
