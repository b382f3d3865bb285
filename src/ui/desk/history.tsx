// What happened to an order, the newest first.

import type { ReactNode } from "react";
import { timeOf } from "../parts/words.ts";
import { eventWords } from "./order-words.ts";
import type { FillEvent } from "./use-fill.ts";

interface HistoryProps {
  readonly events: readonly FillEvent[];
  readonly nameOf: (workerId: string) => string;
}

export function History({ events, nameOf }: HistoryProps): ReactNode {
  return (
    <section className="card">
      <details>
        <summary>
          What happened <span className="count">{events.length}</span>
        </summary>
        <ol className="history">
          {events.toReversed().map((event) => (
            <li key={event.id}>
              <time dateTime={event.at}>{timeOf(event.at)}</time> {eventWords(event, nameOf)}
              {event.actor !== undefined && event.actor !== "local" && (
                <span className="muted"> by {event.actor}</span>
              )}
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}
