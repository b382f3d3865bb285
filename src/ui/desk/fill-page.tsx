// One order, from what was read of it to its outcome. The order is on top, the people stand in rank order on the left, and
// the places that they fill on the right.

import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Fill, Shortlist } from "#contracts/fill";
import { Empty, Loading, Notice, Problem } from "../parts/notice.tsx";
import { counted, timeOf } from "../parts/words.ts";
import { useCommands } from "../shell/commands.ts";
import { filld } from "../wire/client.ts";
import { CloseOrder } from "./close-order.tsx";
import { Findings, Unfilled } from "./findings.tsx";
import { History } from "./history.tsx";
import { KeptOut } from "./kept-out.tsx";
import { Messages } from "./messages.tsx";
import { CorrectOrder, OrderBar } from "./order-bar.tsx";
import { eventWords, orderTitle } from "./order-words.ts";
import { People } from "./people.tsx";
import { Places } from "./places.tsx";
import { RosterReading } from "./roster-reading.tsx";
import { type FillEvent, type FillWork, PEOPLE_SHOWN, type Refused, useFill } from "./use-fill.ts";

export function FillPage({ fillId }: { readonly fillId: string }): ReactNode {
  const work = useFill(fillId);
  const { data, fault, refresh } = work.fill;
  const title = data === undefined ? fillId : orderTitle(data);
  useEffect(() => {
    document.title = `${title} · Lakehouse`;
  }, [title]);
  if (data !== undefined) return <Workspace fill={data} work={work} />;
  if (fault === undefined) return <Loading rows={8} what="the order" />;
  if (fault.code === "not_found") {
    return (
      <Empty title="There is no such order">
        <p>
          {fault.message} <a href="/ui/board">Look on the board</a>
        </p>
      </Empty>
    );
  }
  return <Problem fault={fault} again={refresh} />;
}

const LIVE: ReadonlySet<string> = new Set(["proposed", "contacted", "confirmed", "completed"]);

function Workspace({ fill, work }: { readonly fill: Fill; readonly work: FillWork }): ReactNode {
  const { list, events, write, busy } = work;
  const fillId = fill.fill_id;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [field, setField] = useState<string>();
  const [closing, setClosing] = useState(false);
  const [drafting, setDrafting] = useState(false);
  const shortlist = list.data?.shortlist ?? [];
  const nameOf = useNames(fill, list.data);
  const seated = useMemo(
    () => new Set(fill.seats.filter(({ status }) => LIVE.has(status)).map(({ worker_id }) => worker_id)),
    [fill.seats],
  );
  const proposedIds = useMemo(() => lastProposed(events), [events]);
  const held = fill.seats.filter(({ status }) => status === "proposed" || status === "contacted");
  const ended = fill.closed !== undefined || fill.status === "completed";
  const ready = !ended && fill.missing.length === 0 && busy === undefined;

  const propose = async (workerIds: readonly string[] | "auto"): Promise<void> => {
    const what =
      workerIds === "auto"
        ? "Proposing the best"
        : `Proposing ${counted(workerIds.length, "person", "people")}`;
    const done = await write(what, (version) =>
      filld.propose({
        fill_id: fillId,
        version,
        ...(workerIds === "auto" ? { auto: true as const } : { worker_ids: [...workerIds] }),
      }),
    );
    if (done) setChosen(new Set());
  };
  const correct = (order: Record<string, unknown>): Promise<boolean> =>
    write("Correcting the order", (version) => filld.correct({ fill_id: fillId, version, order }));
  const backfill = (): void =>
    void write("Opening the missing places again", (version) =>
      filld.backfill({ fill_id: fillId, version, k: PEOPLE_SHOWN }),
    );
  const proposeNow = (): void => {
    if (ready) void propose(chosen.size > 0 ? [...chosen] : "auto");
  };

  useCommands([
    { name: "Propose those chosen, or the best", keys: "p", run: proposeNow },
    {
      name: "Open missing places again (backfill)",
      keys: "b",
      run: () => ready && fill.short > 0 && backfill(),
    },
    { name: "Draft messages", keys: "m", run: () => setDrafting(true) },
    { name: "Correct the order", keys: "e", run: () => setField("role") },
    { name: "Rank people again", keys: "r", run: list.refresh },
    { name: "Close the order as cancelled or lost", run: () => setClosing(true) },
  ]);

  return (
    <div className="fill">
      <OrderBar
        fill={fill}
        live={work.live}
        onCorrect={ended ? undefined : setField}
        onClose={() => setClosing(true)}
      />
      <News news={work.news} refused={work.refused} nameOf={nameOf} dismiss={work.dismiss} />
      <div className="fill-columns">
        <section aria-labelledby="people" className="people-column">
          <header className="section-head">
            <h2 id="people">
              People{" "}
              <span className="muted">
                {list.data === undefined
                  ? ""
                  : `${shortlist.length} ${shortlist.length === 1 ? "fits" : "fit"}`}
              </span>
            </h2>
            <div className="row">
              {chosen.size > 0 && (
                <button type="button" className="quiet" onClick={() => setChosen(new Set())}>
                  Choose none
                </button>
              )}
              <button type="button" className="primary" disabled={!ready} onClick={proposeNow}>
                {chosen.size > 0
                  ? `Propose the ${chosen.size} chosen`
                  : `Propose the best${fill.short > 1 ? ` ${fill.short}` : ""}`}{" "}
                <kbd>P</kbd>
              </button>
            </div>
          </header>
          {list.fault !== undefined && <Problem fault={list.fault} again={list.refresh} />}
          {list.data === undefined ? (
            list.fault === undefined && (
              <>
                <RosterReading />
                <Loading rows={8} what="people" />
              </>
            )
          ) : (
            <>
              <People
                candidates={shortlist}
                order={fill.order}
                seated={seated}
                chosen={chosen}
                onChoose={setChosen}
                ranksBefore={work.ranksBefore}
              />
              <KeptOut
                excluded={list.data.excluded}
                ofOrder={list.data.order_findings}
                unchecked={list.data.unchecked}
                chosen={chosen}
                onChoose={setChosen}
              />
            </>
          )}
        </section>
        <aside aria-label="Places of this order">
          <Places
            fill={fill}
            nameOf={nameOf}
            work={work}
            onBackfill={ready && fill.short > 0 ? backfill : undefined}
          />
          {fill.proposal !== undefined && (
            <Findings
              proposal={fill.proposal}
              proposedIds={proposedIds}
              nameOf={nameOf}
              nextBest={shortlist.filter(
                ({ worker_id }) => !seated.has(worker_id) && !proposedIds.includes(worker_id),
              )}
              onPropose={ready ? (ids) => void propose(ids) : undefined}
              onCorrect={ready ? (order) => void correct(order) : undefined}
            />
          )}
          {fill.proposal?.unfilled !== undefined && <Unfilled unfilled={fill.proposal.unfilled} />}
          <Messages
            fill={fill}
            held={held}
            nameOf={nameOf}
            open={drafting}
            onOpen={setDrafting}
            onDrafted={work.drafted}
          />
          <History events={events} nameOf={nameOf} />
        </aside>
      </div>
      {field !== undefined && (
        <CorrectOrder
          fill={fill}
          field={field}
          onClose={() => setField(undefined)}
          onSave={async (order) => {
            if (await correct(order)) setField(undefined);
          }}
          busy={busy !== undefined}
          refused={work.refused?.fault}
        />
      )}
      {closing && (
        <CloseOrder
          onClose={() => setClosing(false)}
          onSave={async (result, reason) => {
            const done = await write("Closing the order", (version) =>
              filld.close({ fill_id: fillId, version, result, ...(reason === "" ? {} : { reason }) }),
            );
            if (done) setClosing(false);
          }}
          refused={work.refused?.fault}
        />
      )}
      <p className="visually-hidden" role="status">
        {busy ?? ""}
      </p>
    </div>
  );
}

/** What others did, and why a write of one's own was refused. */
function News({
  news,
  refused,
  nameOf,
  dismiss,
}: {
  readonly news: readonly FillEvent[];
  readonly refused: Refused | undefined;
  readonly nameOf: (workerId: string) => string;
  readonly dismiss: () => void;
}): ReactNode {
  if (refused?.unseen === true) {
    return (
      <Notice tone="warn">
        <p>
          <b>Somebody else changed this order first, so nothing of yours was saved yet.</b> {refused.what} can
          be done again on top of:
        </p>
        <EventList events={refused.meanwhile} nameOf={nameOf} />
        <p className="notice-foot">
          <button type="button" className="primary" onClick={refused.again}>
            Do mine on top of it
          </button>
          <button type="button" onClick={dismiss}>
            Leave it as it is now
          </button>
        </p>
      </Notice>
    );
  }
  if (refused !== undefined) return <Problem fault={refused.fault} again={refused.again} />;
  if (news.length === 0) return null;
  return (
    <Notice tone="info">
      <p>
        <b>Changed while you were here</b>
      </p>
      <EventList events={news} nameOf={nameOf} />
      <p className="notice-foot">
        <button type="button" onClick={dismiss}>
          Seen
        </button>
      </p>
    </Notice>
  );
}

function EventList({
  events,
  nameOf,
}: {
  readonly events: readonly FillEvent[];
  readonly nameOf: (id: string) => string;
}): ReactNode {
  return (
    <ul className="event-list">
      {events.map((event) => (
        <li key={event.id}>
          {eventWords(event, nameOf)}{" "}
          <span className="muted">
            {timeOf(event.at)}
            {event.actor === undefined || event.actor === "local" ? "" : `, by ${event.actor}`}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Who had a name in any ranking that this page showed keeps it: those with a place are in no further one. */
function useNames(fill: Fill, list: Shortlist | undefined): (workerId: string) => string {
  const known = useRef({ fillId: fill.fill_id, names: new Map<string, string>() });
  return useMemo(() => {
    if (known.current.fillId !== fill.fill_id)
      known.current = { fillId: fill.fill_id, names: new Map<string, string>() };
    const { names } = known.current;
    for (const { worker_id, name } of [
      ...(list?.excluded ?? []),
      ...(list?.shortlist ?? []),
      ...fill.seats,
    ]) {
      if (name !== undefined) names.set(worker_id, name);
    }
    return (workerId) => names.get(workerId) ?? workerId;
  }, [fill.fill_id, fill.seats, list]);
}

/** The people of the last proposal, in its order: findings name them by their place in it. */
function lastProposed(events: readonly FillEvent[]): readonly string[] {
  const last = events.findLast(({ type }) => type === "fill.proposed");
  const places = last?.data["places"];
  if (!Array.isArray(places)) return [];
  return places.flatMap((place: unknown) => {
    const { worker_id } = (place ?? {}) as { worker_id?: unknown };
    return typeof worker_id === "string" ? [worker_id] : [];
  });
}
