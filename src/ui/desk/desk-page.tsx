// The fill desk's first screen: one field for an order as it came in, and beside it the orders that still need people.

import { type ReactNode, useEffect, useRef } from "react";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { useDraft } from "../parts/use-draft.ts";
import { counted } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { fillPath, go } from "../shell/router.ts";
import { filld, matrixd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { useWork } from "../wire/use-work.ts";
import { handOver } from "./opened-fill.ts";
import { orderTitle, whenOf } from "./order-words.ts";
import { onceRosterIsRead, RosterReading } from "./roster-reading.tsx";
import { FillStatusPill } from "./status.tsx";
import { PEOPLE_SHOWN } from "./use-fill.ts";

const EXAMPLE = "Need 4 forklift operators in Springfield IL Mon 6a-2p $24";
/** What one looks at beside the field; the board has all. */
const SHOWN_MAX = 8;

export function DeskPage(): ReactNode {
  const corpora = useLoaded("corpora", () => matrixd.corpora({ limit: 200 }));
  const people = corpora.data?.corpora.filter(
    ({ holds, snapshot_id }) => holds === "people" && snapshot_id !== null,
  );
  useEffect(() => {
    document.title = "Fill desk · Lakehouse";
  }, []);
  return (
    <div className="desk">
      <section aria-labelledby="new-order">
        <h1 id="new-order">New order</h1>
        <NewOrder />
        {people?.length === 0 && <NoRoster />}
      </section>
      <section aria-labelledby="short-orders">
        <h2 id="short-orders">Need people</h2>
        <ShortOrders />
      </section>
    </div>
  );
}

function NewOrder(): ReactNode {
  const [text, setText] = useDraft("order");
  const [client, setClient] = useDraft("order-client");
  const { busy, fault, run, cancel } = useWork();
  const field = useRef<HTMLTextAreaElement>(null);
  useCommands([{ name: "Type an order", keys: "/", run: () => field.current?.focus() }]);
  const submit = (): void => {
    if (text.trim() === "") return;
    run(async (signal) => {
      const order = {
        order_text: text.trim(),
        k: PEOPLE_SHOWN,
        ...(client.trim() === "" ? {} : { order: { client_id: client.trim() } }),
      };
      const opened = await onceRosterIsRead(() => filld.open(order, { signal }), signal);
      setText("");
      handOver(opened);
      go(fillPath(opened.fill_id));
    });
  };
  return (
    <form
      className="new-order"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
        event.preventDefault();
        submit();
      }}
    >
      <label>
        The order, as it came in
        <textarea
          ref={field}
          rows={5}
          autoFocus
          maxLength={4000}
          value={text}
          placeholder={EXAMPLE}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <div className="row">
        <label className="grow">
          Client <span className="muted">(so that their blocks count)</span>
          <input maxLength={200} value={client} onChange={(event) => setClient(event.target.value)} />
        </label>
        <button type="submit" className="primary" disabled={busy || text.trim() === ""}>
          {busy ? "Reading…" : "Read it and find people"} <kbd>Ctrl ⏎</kbd>
        </button>
        {busy && (
          <button type="button" className="quiet" onClick={cancel}>
            Stop
          </button>
        )}
      </div>
      {text === "" && (
        <button type="button" className="link" onClick={() => setText(EXAMPLE)}>
          Fill in an example
        </button>
      )}
      {busy && <RosterReading />}
      {fault !== undefined && <Problem fault={fault} again={submit} />}
    </form>
  );
}

function NoRoster(): ReactNode {
  return (
    <Empty title="There are no people to look among yet">
      <p>
        Drop your roster under <a href="/ui/datasets">Datasets</a>, then make it searchable under{" "}
        <a href="/ui/search">Search</a>. Or in a terminal:
      </p>
      <pre className="code" tabIndex={0}>
        {`lakehouse ingest roster.csv --dataset workers
lakehouse corpus build workers --dataset workers --id worker_id \\
  --text '{role} in {city}, {state}' --field role=keyword \\
  --field city=keyword --field state=keyword \\
  --field status=keyword --field location=geo`}
      </pre>
      <p>
        Or try it with 5,000 made-up people: <code>lakehouse demo</code>
      </p>
    </Empty>
  );
}

function ShortOrders(): ReactNode {
  const board = useLoaded("short orders", () => filld.list({ limit: 200 }));
  if (board.data === undefined) {
    if (board.fault === undefined) return <Loading rows={5} what="orders" />;
    return <Problem fault={board.fault} again={board.refresh} />;
  }
  const short = board.data.fills.filter(
    (fill) => fill.short > 0 && fill.closed === undefined && fill.status !== "completed",
  );
  if (board.data.fills.length === 0) return <p className="muted">There are no orders yet.</p>;
  if (short.length === 0) {
    return <p className="muted">Every order has its people. A new one starts in the field beside this.</p>;
  }
  return (
    <>
      <ul className="short-orders">
        {short.slice(0, SHOWN_MAX).map((fill) => (
          <li key={fill.fill_id}>
            <a href={fillPath(fill.fill_id)}>
              <span className="title">{orderTitle(fill)}</span>
              <span className="muted">
                {whenOf(fill.order)}
                {fill.order.client_id === undefined ? "" : ` · ${fill.order.client_id}`}
              </span>
              <span className="end">
                <b className="short">{counted(fill.short, "place")} short</b>
                <FillStatusPill status={fill.status} />
              </span>
            </a>
          </li>
        ))}
      </ul>
      {short.length > SHOWN_MAX && (
        <p>
          <a href="/ui/board">All {short.length} on the board</a>
        </p>
      )}
    </>
  );
}
