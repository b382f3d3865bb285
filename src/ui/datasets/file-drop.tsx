// Where files are dropped. Each becomes a form of its own: what it was read as, what to change, then load.

import { type ReactNode, type RefObject, useEffect, useState } from "react";
import type { Dataset } from "#contracts/catalog";
import { FileForm } from "./file-form.tsx";

interface FileDropProps {
  readonly picker: RefObject<HTMLInputElement | null>;
  readonly files: readonly File[];
  readonly onFiles: (files: readonly File[]) => void;
  readonly onRemove: (file: File) => void;
  readonly datasets: readonly Dataset[];
  readonly onLoaded: () => void;
}

const ENDINGS = ".csv,.tsv,.txt,.psv,.json,.ndjson,.jsonl,.parquet,.xlsx,.xlsm,.gz,.zst";

export function FileDrop({ picker, files, onFiles, onRemove, datasets, onLoaded }: FileDropProps): ReactNode {
  const [over, setOver] = useState(false);
  // Files that miss the field would replace the page, with all that was typed on it.
  useEffect(() => {
    const hold = (event: DragEvent): void => event.preventDefault();
    addEventListener("dragover", hold);
    addEventListener("drop", hold);
    return () => {
      removeEventListener("dragover", hold);
      removeEventListener("drop", hold);
    };
  }, []);
  return (
    <>
      <section
        className={over ? "file-drop over" : "file-drop"}
        aria-label="Load files"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          onFiles([...event.dataTransfer.files]);
        }}
      >
        <p>
          <b>Drop files here</b>{" "}
          <span className="muted">CSV, Excel, JSON, Parquet; several at once, packed with gzip or not</span>
        </p>
        <button type="button" onClick={() => picker.current?.click()}>
          Choose files <kbd>U</kbd>
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          accept={ENDINGS}
          aria-label="Files to load"
          onChange={(event) => {
            onFiles([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </section>
      {files.map((file, index) => (
        <FileForm
          key={`${file.name} ${file.size} ${file.lastModified} ${index}`}
          file={file}
          datasets={datasets}
          onRemove={() => onRemove(file)}
          onLoaded={onLoaded}
        />
      ))}
    </>
  );
}
