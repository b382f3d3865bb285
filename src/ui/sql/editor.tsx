// The field for SQL: CodeMirror as soon as it is there, until then, and where it cannot be had, a plain field that does the same.

import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import type { CodeEditor, Schema } from "./code-editor.ts";

interface EditorProps {
  readonly text: string;
  readonly schema: Schema;
  readonly fault: { readonly at: number; readonly message: string } | undefined;
  readonly onText: (text: string) => void;
  readonly onRun: () => void;
  readonly editor: RefObject<CodeEditor | undefined>;
}

export function Editor({ text, schema, fault, onText, onRun, editor }: EditorProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const [ready, setReady] = useState(false);
  const latest = useRef({ text, schema, onText, onRun });
  latest.current = { text, schema, onText, onRun };
  useEffect(() => {
    let stopped = false;
    const create = async (): Promise<void> => {
      const { createEditor } = await import("./code-editor.ts");
      if (stopped || place.current === null) return;
      editor.current = createEditor(place.current, {
        text: latest.current.text,
        schema: latest.current.schema,
        onText: (next) => latest.current.onText(next),
        onRun: () => latest.current.onRun(),
      });
      setReady(true);
    };
    // The plain field stays where the library cannot be loaded.
    create().catch(() => setReady(false));
    return () => {
      stopped = true;
      editor.current?.destroy();
      editor.current = undefined;
    };
  }, [editor]);
  useEffect(() => editor.current?.setText(text), [editor, text, ready]);
  useEffect(() => editor.current?.setSchema(schema), [editor, schema, ready]);
  useEffect(() => editor.current?.setFault(fault), [editor, fault, ready]);
  return (
    <div className="sql-editor">
      <div ref={place} hidden={!ready} />
      {!ready && (
        <textarea
          aria-label="SQL"
          className="plain-sql"
          rows={6}
          spellCheck={false}
          value={text}
          onChange={(event) => onText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onRun();
          }}
        />
      )}
    </div>
  );
}
