// What is typed into a form, kept in the tab's session: a page that is loaded again, or a house that goes away, loses none
// of it.

import { useCallback, useState } from "react";

const PREFIX = "lakehouse.draft.";

export function useDraft(name: string): readonly [text: string, set: (text: string) => void] {
  const [text, setText] = useState(() => sessionStorage.getItem(PREFIX + name) ?? "");
  const set = useCallback(
    (next: string) => {
      setText(next);
      if (next === "") sessionStorage.removeItem(PREFIX + name);
      else sessionStorage.setItem(PREFIX + name, next);
    },
    [name],
  );
  return [text, set];
}
