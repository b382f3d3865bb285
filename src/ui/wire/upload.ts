// Sends a file and hears how far the house is with it. By XMLHttpRequest, because fetch does not tell how much of a body has
// left: the one side is counted here, the other comes as events.

import type { Ingested } from "#contracts/ingest";
import { keyHeaders, refusedKey } from "./access-key.ts";
import { INGEST } from "./operations.ts";
import { recordSent, written } from "./requests.ts";
import { WireFault } from "./wire-fault.ts";

export interface Progress {
  readonly phase: "send" | "receive" | "read" | "write" | "commit";
  readonly rows: number;
  readonly bytes: number;
  readonly bytes_total?: number;
}

interface UploadOptions {
  readonly input: Readonly<Record<string, unknown>>;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

interface SentEvent {
  readonly name: string;
  readonly data: unknown;
}

/** Whole events of a text that grows, and where the next one begins. */
export function eventsIn(
  text: string,
  from: number,
): { readonly events: readonly SentEvent[]; readonly next: number } {
  const end = text.lastIndexOf("\n\n");
  if (end < from) return { events: [], next: from };
  const events = text
    .slice(from, end)
    .split("\n\n")
    .flatMap((block) => {
      const lines = block.split("\n");
      const data = lines.flatMap((line) => (line.startsWith("data:") ? [line.slice(5)] : []));
      if (data.length === 0) return [];
      const name =
        lines
          .find((line) => line.startsWith("event:"))
          ?.slice(6)
          .trim() ?? "message";
      return [{ name, data: JSON.parse(data.join("\n")) as unknown }];
    });
  return { events, next: end + 2 };
}

/** Loads a file, or says with `dry_run` what would be loaded. Rejects with `WireFault`, also when it was stopped. */
export function upload(file: File, { input, onProgress, signal }: UploadOptions): Promise<Ingested> {
  recordSent({ operation: INGEST.ingest, input, at: Date.now() });
  const { path, query } = written(INGEST.ingest, input);
  const request = new XMLHttpRequest();
  return new Promise<Ingested>((resolve, reject) => {
    let next = 0;
    const stop = (): void => {
      // The first reason counts, and an abort ends the request at once.
      reject(new WireFault("cancelled", "Cancelled. Nothing of the file was loaded."));
      request.abort();
    };
    const take = (): void => {
      const found = eventsIn(request.responseText, next);
      next = found.next;
      for (const { name, data } of found.events) {
        if (name === "progress") onProgress(data as Progress);
        else if (name === "done") resolve(data as Ingested);
        else if (name === "fault") reject(faultIn(data, request));
      }
    };
    request.open("POST", path + query);
    for (const [name, value] of Object.entries(keyHeaders())) request.setRequestHeader(name, value);
    request.setRequestHeader("accept", "text/event-stream");
    // What the browser takes a file for, by its ending, is no news to a house that looks into it.
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.addEventListener("progress", ({ loaded, total }) =>
      onProgress({ phase: "send", rows: 0, bytes: loaded, bytes_total: total }),
    );
    request.addEventListener("progress", () => {
      if (request.status === 200 || request.status === 201) take();
    });
    request.addEventListener("load", () => {
      if (request.status === 401) refusedKey();
      if (request.status >= 300) reject(faultIn(parsed(request.responseText), request));
      else take();
    });
    // Of a promise that is settled this changes nothing: it is for a stream that ended without its last event.
    request.addEventListener("loadend", () => {
      signal.removeEventListener("abort", stop);
      reject(away("The house ended before the file was loaded."));
    });
    request.addEventListener("error", () =>
      reject(away("The house does not answer, or refused so large a file.")),
    );
    if (signal.aborted) stop();
    else {
      signal.addEventListener("abort", stop);
      request.send(file);
    }
  });
}

function away(message: string): WireFault {
  return new WireFault("unreachable", `${message} The same file again loads nothing twice.`, { away: true });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function faultIn(body: unknown, request: XMLHttpRequest): WireFault {
  const { error } = (body ?? {}) as {
    error?: {
      code: string;
      message: string;
      request_id?: string;
      details?: { path: string; message: string }[];
    };
  };
  const requestId = error?.request_id ?? request.getResponseHeader("x-request-id") ?? undefined;
  if (error === undefined)
    return new WireFault("internal", `The house replied with status ${request.status} and no reason.`, {
      requestId,
    });
  return new WireFault(error.code, error.message, { requestId, details: error.details ?? [] });
}
