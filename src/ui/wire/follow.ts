// Server-sent events by fetch, because EventSource cannot send a key. A stream that ends is opened again.

import { useEffect, useState } from "react";
import { useStore } from "../parts/store.ts";
import { keyChanges } from "./access-key.ts";
import { send } from "./client.ts";
import { eventsOf } from "./events.ts";
import type { Operation } from "./operations.ts";
import { outage } from "./outage.ts";
import { toWireFault } from "./wire-fault.ts";

const AGAIN_MS_MIN = 500;
const AGAIN_MS_MAX = 5000;
/** The house sends a comment every 15 s: a stream that is silent for longer than this has lost its other end. */
const SILENCE_MS_MAX = 40_000;

/** Asked again the house would say the same. */
const REFUSED: ReadonlySet<string> = new Set(["unauthorized", "forbidden", "not_found", "invalid"]);

/**
 * Follows a stream while the component is shown. `onOpen` is called at each opening: what happened while the stream was
 * down has to be read.
 */
export function useFollow(
  operation: Operation,
  input: Readonly<Record<string, unknown>>,
  { onOpen, onEvent }: { onOpen: () => void; onEvent: (event: unknown) => void },
): boolean {
  const [live, setLive] = useState(false);
  const changes = useStore(keyChanges);
  const inputText = JSON.stringify(input);
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    const run = async (): Promise<void> => {
      let pauseMs = AGAIN_MS_MIN;
      while (!signal.aborted) {
        const attempt = new AbortController();
        const giveUp = (): void => attempt.abort();
        signal.addEventListener("abort", giveUp);
        let silence: ReturnType<typeof setTimeout> | undefined;
        const onBytes = (): void => {
          clearTimeout(silence);
          silence = setTimeout(giveUp, SILENCE_MS_MAX);
        };
        try {
          const reply = await send(operation, JSON.parse(inputText) as Record<string, unknown>, {
            accept: "text/event-stream",
            signal: attempt.signal,
          });
          onBytes();
          outage.over(operation.path);
          setLive(true);
          onOpen();
          pauseMs = AGAIN_MS_MIN;
          if (reply.body !== null) for await (const event of eventsOf(reply.body, onBytes)) onEvent(event);
        } catch (thrown) {
          if (signal.aborted) return;
          const fault = toWireFault(thrown);
          if (fault.away) outage.began(operation.path);
          if (REFUSED.has(fault.code)) return;
        } finally {
          clearTimeout(silence);
          signal.removeEventListener("abort", giveUp);
        }
        setLive(false);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        pauseMs = Math.min(AGAIN_MS_MAX, pauseMs * 2);
      }
    };
    void run();
    return () => {
      ended.abort();
      outage.over(operation.path);
    };
    // The callbacks see the state through setters and references; a new one is no reason to open the stream again.
  }, [operation, inputText, changes]);
  return live;
}
