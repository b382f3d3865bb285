// The board: every order by state and start, live. What is short stands out before anything else does.

import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Fill, FillStatus } from "#contracts/fill";
import { orderTitle, STATUS_WORDS, whenOf } from "../desk/order-words.ts";
import { FillStatusPill } from "../desk/status.tsx";
import { LoadedView } from "../parts/loaded-view.tsx";
import { Empty } from "../parts/notice.tsx";
import { saveFile } from "../parts/save-file.ts";
import { counted, dayOf, fromNow } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { fillPath, go } from "../shell/router.ts";
import { filld } from "../wire/client.ts";
import { useFollow } from "../wire/follow.ts";
import { STREAMS } from "../wire/operations.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { type Column, columnOf, COLUMNS, csvOf, isShort } from "./columns.ts";

/** Pages that are read at most: orders beyond are years old, and the command line lists them. */
const PAGES_MAX = 10;

async function allFills(): Promise<readonly Fill[]> {
  const all: Fill[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { fills, next_cursor } = await filld.list({
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    all.push(...fills);
    if (next_cursor === undefined) break;
    cursor = next_cursor;
  }
  return all;
}

/** How often relative times are worded again. */
const NOW_MS = 30_000;

export function BoardPage(): ReactNode {
  const loaded = useLoaded("board", allFills);
  const [changed, setChanged] = useState<ReadonlyMap<string, Fill>>(new Map());
  const [text, setText] = useState("");
  const [nowMs, setNowMs] = useState(() => Date.now());
  const field = useRef<HTMLInputElement>(null);
  const live = useFollow(
    STREAMS.boardEvents,
    {},
    {
      onOpen: loaded.refresh,
      onEvent: useCallback((received: unknown) => {
        const fill = received as Fill;
        setChanged((before) => new Map(before).set(fill.fill_id, fill));
      }, []),
    },
  );
  useEffect(() => {
    document.title = "Board · Lakehouse";
    const timer = setInterval(() => setNowMs(Date.now()), NOW_MS);
    return () => clearInterval(timer);
  }, []);
  const fills = useMemo(() => merged(loaded.data, changed), [loaded.data, changed]);
  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/);
    return fills.filter((fill) => {
      const all =
        `${orderTitle(fill)} ${fill.order.client_id ?? ""} ${fill.fill_id} ${STATUS_WORDS[fill.status]}`.toLowerCase();
      return words.every((word) => all.includes(word));
    });
  }, [fills, text]);
  useCommands([{ name: "Search the board", keys: "/", run: () => field.current?.focus() }]);
  const short = fills.filter(isShort);
  const places = short.reduce((sum, fill) => sum + fill.short, 0);
  return (
    <div className="board">
      <header className="section-head">
        <h1>
          Board{" "}
          <span className={places > 0 ? "short" : "muted"}>
            {loaded.data === undefined
              ? ""
              : places === 0
                ? "no place is short"
                : `${counted(places, "place")} short in ${counted(short.length, "order")}`}
          </span>
        </h1>
        <div className="row">
          <span className="muted" role="status">
            {live ? "live" : "connecting"}
          </span>
          <input
            ref={field}
            type="search"
            aria-label="Search the board"
            placeholder="Role, place, client, number"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <button
            type="button"
            className="quiet"
            disabled={found.length === 0}
            onClick={() => saveFile("board.csv", csvOf(found))}
          >
            Export CSV
          </button>
          <a className="button primary" href="/">
            New order <kbd>N</kbd>
          </a>
        </div>
      </header>
      <LoadedView loaded={loaded} what="the board" rows={8}>
        {() =>
          fills.length === 0 ? (
            <Empty title="No orders yet">
              <p>
                Paste the first one <a href="/">on the fill desk</a>, or in a terminal:
              </p>
              <pre className="code" tabIndex={0}>
                lakehouse fill open 'need 4 cooks in Aspen CO Friday 6a-2p $21'
              </pre>
            </Empty>
          ) : (
            <div className="lanes">
              {COLUMNS.map((column) => (
                <Lane
                  key={column.name}
                  column={column}
                  fills={found.filter((fill) => columnOf(fill) === column)}
                  nowMs={nowMs}
                />
              ))}
            </div>
          )
        }
      </LoadedView>
    </div>
  );
}

/** Cards that a lane shows at once; searching finds the others. */
const CARDS_MAX = 100;

function Lane({
  column,
  fills,
  nowMs,
}: {
  readonly column: Column;
  readonly fills: readonly Fill[];
  readonly nowMs: number;
}): ReactNode {
  const id = `lane-${column.name}`;
  return (
    <section aria-labelledby={id} className="lane">
      <h2 id={id}>
        {column.title} <span className="count">{fills.length}</span>
      </h2>
      <ul>
        {fills.slice(0, CARDS_MAX).map((fill) => (
          <Card key={fill.fill_id} fill={fill} nowMs={nowMs} />
        ))}
      </ul>
      {fills.length === 0 && <p className="muted">{column.empty}</p>}
      {fills.length > CARDS_MAX && (
        <p className="muted">{fills.length - CARDS_MAX} more: search for them above.</p>
      )}
    </section>
  );
}

const WITHOUT_PILL: ReadonlySet<FillStatus> = new Set(["open", "filled", "completed"]);

function Card({ fill, nowMs }: { readonly fill: Fill; readonly nowMs: number }): ReactNode {
  const { order, short, status, missing } = fill;
  const { headcount = 1, start_at } = order;
  const lacking = isShort(fill);
  return (
    <li>
      <a
        className={lacking ? "card-link short-card" : "card-link"}
        href={fillPath(fill.fill_id)}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey) return;
          event.preventDefault();
          go(fillPath(fill.fill_id));
        }}
      >
        <span className="title">{orderTitle(fill)}</span>
        <span className="muted">{order.client_id ?? fill.fill_id}</span>
        <span title={whenOf(order)}>
          {start_at === undefined
            ? "No time yet"
            : `${dayOf(start_at, order.timezone)} · ${fromNow(start_at, nowMs)}`}
        </span>
        <span className="end">
          {lacking ? (
            <b className="short">
              {short} of {headcount} short
            </b>
          ) : (
            <span className="muted">{counted(headcount, "place")}</span>
          )}
          {missing.length > 0 ? (
            <span className="pill bad">Order not complete</span>
          ) : (
            !WITHOUT_PILL.has(status) && <FillStatusPill status={status} />
          )}
        </span>
      </a>
    </li>
  );
}

function merged(loaded: readonly Fill[] | undefined, changed: ReadonlyMap<string, Fill>): readonly Fill[] {
  const all = new Map((loaded ?? []).map((fill) => [fill.fill_id, fill]));
  for (const [id, fill] of changed) {
    if (fill.version >= (all.get(id)?.version ?? 0)) all.set(id, fill);
  }
  return [...all.values()].sort((a, b) => startOf(a) - startOf(b));
}

function startOf({ order }: Fill): number {
  return order.start_at === undefined ? -Infinity : Date.parse(order.start_at);
}
