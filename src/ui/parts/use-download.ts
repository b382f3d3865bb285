// A long reply that becomes a file: it says how much has come, and can be stopped. A link could not send the key.

import { useState } from "react";
import { send } from "../wire/client.ts";
import type { Operation } from "../wire/operations.ts";
import { useWork } from "../wire/use-work.ts";
import type { WireFault } from "../wire/wire-fault.ts";
import { saveFile } from "./save-file.ts";

export interface Download {
  /** That have come; undefined when nothing is under way. */
  readonly bytes: number | undefined;
  readonly fault: WireFault | undefined;
  readonly start: (operation: Operation, input: Readonly<Record<string, unknown>>, fileName: string) => void;
  readonly cancel: () => void;
}

export function useDownload(): Download {
  const [bytes, setBytes] = useState(0);
  const { busy, fault, run, cancel } = useWork();
  const start: Download["start"] = (operation, input, fileName) =>
    run(async (signal) => {
      setBytes(0);
      const reply = await send(operation, input, { accept: "*/*", signal });
      const parts: Uint8Array<ArrayBuffer>[] = [];
      let count = 0;
      if (reply.body !== null) {
        for await (const part of reply.body as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) {
          parts.push(part);
          count += part.byteLength;
          setBytes(count);
        }
      }
      saveFile(fileName, new Blob(parts));
    });
  return { bytes: busy ? bytes : undefined, fault, start, cancel };
}
