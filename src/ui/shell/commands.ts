// What can be done on the page that is shown, by name and key: the palette lists it, the keys do it, "?" explains it.

import { useEffect, useRef } from "react";
import { createStore } from "../parts/store.ts";

export interface Command {
  readonly name: string;
  /** One key, or two in a row: "p", "g b". */
  readonly keys?: string;
  readonly run: () => void;
}

const groups = new Map<object, readonly Command[]>();

export const commands = createStore<readonly Command[]>([]);

/** Offers the commands while the component is shown. */
export function useCommands(list: readonly Command[]): void {
  const latest = useRef(list);
  latest.current = list;
  const names = list.map(({ name, keys = "" }) => `${name}\t${keys}`).join("\n");
  useEffect(() => {
    const owner = {};
    const offered = latest.current.map(({ name, keys }) => ({
      name,
      ...(keys === undefined ? {} : { keys }),
      // The command of that name as it is when it is run: it sees the state of then.
      run: () => latest.current.find((one) => one.name === name)?.run(),
    }));
    groups.set(owner, offered);
    commands.set([...groups.values()].flat());
    return () => {
      groups.delete(owner);
      commands.set([...groups.values()].flat());
    };
  }, [names]);
}

/** A second key belongs to the first for this long. */
const SEQUENCE_MS = 1200;

/** Runs commands by their keys. Keys typed into a field are the field's, and those under a dialog the dialog's. */
export function listenForKeys(openPalette: () => void): () => void {
  let before = "";
  let beforeAt = 0;
  const onKey = (event: KeyboardEvent): void => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event)) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const sequence = event.timeStamp - beforeAt < SEQUENCE_MS ? `${before} ${event.key}` : "";
    const list = commands.value();
    const found = list.find(({ keys }) => keys === sequence) ?? list.find(({ keys }) => keys === event.key);
    before = event.key;
    beforeAt = event.timeStamp;
    if (found === undefined) return;
    event.preventDefault();
    before = "";
    found.run();
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}

/** Of a field in a shadow tree the event names the tree's host as its target: the path has the field. */
function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input:not([type=checkbox]), textarea, select");
}
