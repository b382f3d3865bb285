// The second half of the demo: one order from its text to its outcome. A proposal by hand that the rules refuse, one by a
// model that makes a person up and is corrected, a message with the wrong weekday that is corrected, what became of the two
// people, and the same order a week later, ranked by what was learnt.
//
// Without a model of the user's own, a scripted one plays (model-script.json). Each run takes the next two weeks, so that
// people whom an earlier run has booked are free again.

import type { Candidate, Message, RefusedDraft } from "#contracts/fill";
import type { House } from "#contracts/house";
import type { Finding } from "#contracts/validate";
import { present } from "#lib/assert";
import { orderLines } from "../commands/fill/view.ts";
import { counted, safe } from "../terminal/plain-text.ts";
import { cut, tableLines } from "../terminal/table.ts";
import { wrapped } from "../terminal/wrap.ts";
import { fillUrl } from "../run-house.ts";
import { INDENT, type Stage, type Step, type StepDetail } from "./stage.ts";

export const SCRIPTED_MODEL = "scripted/demo";

const TEXT = "Need 2 forklift operators in Springfield, IL Monday 6a-2p, $24/hr, forklift certified";
const CLIENT = "demo-client";
const WEEK_MS = 7 * 24 * 3_600_000;
const WEEKS_A_RUN = 2;
const PEOPLE_SHOWN = 4;
const EXCLUDED_SHOWN = 4;

interface Written {
  readonly detail: StepDetail;
  readonly title: string;
  readonly lines: readonly string[];
}

/** The story is told of the sample, whose people are known; one's own people are not booked for it. */
function onSample(tell: (stage: Stage, house: House) => Promise<Written>): Step {
  return async (stage) => {
    const [{ kind }] = present(stage.files, "the files");
    if (kind !== "sample") {
      const reason = "Orders of your own: lakehouse fill open 'TEXT OF THE ORDER'";
      return {
        detail: { skipped: reason },
        report: { title: "Left out: it is shown with the sample alone", lines: [reason] },
      };
    }
    const { detail, title, lines } = await tell(stage, present(stage.clients, "the clients"));
    return { detail, report: { title, lines } };
  };
}

const modelOf = ({ settings }: Stage): string =>
  settings.chat_model === "" ? SCRIPTED_MODEL : settings.chat_model;

export const order = onSample(async (stage, { filld }) => {
  const { signal } = stage;
  const earlier = await filld.list({ client: CLIENT, limit: 1000 }, { signal });
  const now = new Date(Date.now() + earlier.fills.length * (WEEKS_A_RUN / 2) * WEEK_MS).toISOString();
  const opened = await filld.open(
    { order_text: TEXT, order: { client_id: CLIENT }, now, actor: "demo" },
    { signal },
  );
  stage.story = { opened, now, current: opened };
  const out = opened.excluded.slice(0, EXCLUDED_SHOWN);
  return {
    detail: { text: TEXT, fill: opened },
    title: "Read an order and ranked people for it",
    lines: [
      `"${TEXT}"`,
      "",
      ...orderLines(opened),
      "",
      ...peopleLines(opened.shortlist, stage),
      "",
      `Kept out by a rule, of the people of the role nearby: ${opened.excluded.length}`,
      ...out.flatMap(({ worker_id, name = "", code, message }) =>
        textLines(stage, `${worker_id} ${name}: ${message} (${code})`),
      ),
    ],
  };
});

export const proposal = onSample(async (stage, { filld }) => {
  const { signal } = stage;
  const story = present(stage.story, "the order");
  const { opened } = story;
  const { fill_id } = opened;
  // Somebody whose certificate has run out, and somebody who must not be sent: as a person in a hurry might pick them.
  const codes = [/cert_expired/, /dnr|status/];
  const wrong = codes.flatMap((code) => opened.excluded.find((one) => code.test(one.code)) ?? []);
  const lines: string[] = [];
  const details: Record<string, unknown> = {};
  if (wrong.length > 0) {
    const worker_ids = wrong.map(({ worker_id }) => worker_id);
    story.current = await filld.propose(
      { fill_id, version: story.current.version, worker_ids, actor: "demo" },
      { signal },
    );
    const refused = present(story.current.proposal, "the proposal");
    details["by_hand"] = { worker_ids, proposal: refused };
    lines.push(`By hand, ${worker_ids.join(" and ")}: ${refused.ok ? "taken" : "refused"}`);
    lines.push(...findingLines(stage, refused.findings), "");
  }
  const model = modelOf(stage);
  story.current = await filld.propose(
    { fill_id, version: story.current.version, model, actor: "demo" },
    { signal },
  );
  const drafted = present(story.current.proposal, "the proposal");
  details["by_model"] = { model, proposal: drafted };
  lines.push(...draftLines(stage, `By the model ${model}`, drafted));
  if (!drafted.ok) {
    story.current = await filld.propose(
      { fill_id, version: story.current.version, auto: true, actor: "demo" },
      { signal },
    );
    lines.push("By rank instead: taken");
  }
  const held = story.current.seats.filter(({ status }) => status === "proposed");
  lines.push(
    `Held for this order until ${held[0]?.held_until ?? "it is decided"}: ${held.map(({ worker_id }) => worker_id).join(", ")}`,
  );
  return { detail: { ...details, fill: story.current }, title: "Proposed people, under all rules", lines };
});

export const message = onSample(async (stage, { filld }) => {
  const { signal } = stage;
  const story = present(stage.story, "the order");
  const held = story.current.seats.filter(({ status }) => status === "proposed");
  const model = modelOf(stage);
  // At ten in the morning of the shift's zone or near it: a text message at night would be refused for that.
  const send_at = `${story.now.slice(0, 10)}T16:00:00Z`;
  const request = {
    fill_id: story.opened.fill_id,
    channel: "sms",
    purpose: "offer",
    send_at,
    actor: "demo",
  } as const;
  const [first, ...others] = held.map(({ worker_id }) => worker_id);
  const byModel = await filld.draft(
    { ...request, worker_ids: [present(first, "somebody who is held")], model },
    { signal },
  );
  const byTemplate =
    others.length === 0
      ? { messages: [] }
      : await filld.draft({ ...request, worker_ids: others }, { signal });
  const messages: Message[] = [...byModel.messages, ...byTemplate.messages];
  const [drafted] = byModel.messages;
  story.current = await filld.state({ fill_id: story.opened.fill_id }, { signal });
  return {
    detail: { model, messages },
    title: "Drafted messages, each checked against the order; nothing is sent",
    lines: [
      ...(drafted === undefined ? [] : draftLines(stage, `By the model ${model}`, drafted)),
      ...(drafted === undefined || !drafted.ok
        ? []
        : textLines(stage, `"${drafted.body.replaceAll("\n", " ")}"`)),
      ...byTemplate.messages.map(
        ({ worker_id, ok }) => `By template, to ${worker_id}: ${ok ? "ready" : "refused"}`,
      ),
    ],
  };
});

export const outcome = onSample(async (stage, { filld }) => {
  const { signal } = stage;
  const story = present(stage.story, "the order");
  const { opened, now } = story;
  const { fill_id } = opened;
  const seats = story.current.seats.filter(({ status }) => status === "proposed" || status === "contacted");
  const [absent, good] = seats.map(({ worker_id }) => worker_id);
  const record = async (
    worker_id: string | undefined,
    result: "confirmed" | "completed" | "no_show",
    rating?: number,
  ) => {
    if (worker_id === undefined) return;
    const { version } = story.current;
    story.current = await filld.outcome(
      { fill_id, version, worker_id, result, actor: "demo", ...(rating === undefined ? {} : { rating }) },
      { signal },
    );
  };
  await record(absent, "confirmed");
  await record(good, "confirmed");
  await record(absent, "no_show");
  await record(good, "completed", 5);
  // What was learnt is there once this is through.
  await filld.publish({}, { signal });
  const again = await filld.open(
    {
      order_text: TEXT,
      order: { client_id: CLIENT },
      now: new Date(Date.parse(now) + WEEK_MS).toISOString(),
      actor: "demo",
    },
    { signal },
  );
  stage.fillPage = fillUrl(present(stage.house, "the house").url, again.fill_id);
  const moved = again.shortlist.filter(({ worker_id }) => worker_id === absent || worker_id === good);
  return {
    detail: { fill: story.current, again, moved },
    title: "Recorded what became of it; the same order ranks otherwise",
    lines: [
      ...(absent === undefined ? [] : [`${absent} confirmed and did not come`]),
      ...(good === undefined ? [] : [`${good} worked the shift, rated 5 of 5`]),
      `The order is ${story.current.status.replaceAll("_", " ")}: ${counted(story.current.short, "place")} open. Next: lakehouse fill backfill ${fill_id}`,
      "",
      `The same text, for the week after (${again.fill_id}):`,
      ...peopleLines(again.shortlist, stage),
      ...moved.flatMap(({ worker_id, rank, base_rank, boost, why }) =>
        textLines(
          stage,
          `${worker_id} ranks ${rank + 1}, and ${base_rank + 1} without what was learnt (${boost === undefined ? "no record" : `distance x ${boost.factor.toFixed(2)}`}): ${why}`,
        ),
      ),
    ],
  };
});

function peopleLines(people: readonly Candidate[], { width, paint }: Stage): string[] {
  return tableLines(
    [
      { name: "rank", align: "right" },
      { name: "id" },
      { name: "name" },
      { name: "miles", align: "right" },
      { name: "why" },
    ],
    people
      .slice(0, PEOPLE_SHOWN)
      .map(({ rank, worker_id, name = "", miles, why }) => [
        rank + 1,
        worker_id,
        name,
        miles?.toFixed(1) ?? "",
        why,
      ]),
    { width: width - INDENT, header: (text) => paint("bold", text) },
  ).map((line) => cut(line, width - INDENT));
}

function draftLines(
  stage: Stage,
  title: string,
  {
    ok,
    findings,
    refused = [],
  }: { ok: boolean; findings: readonly Finding[]; refused?: readonly RefusedDraft[] | undefined },
): string[] {
  return [
    ...refused.flatMap(({ findings: wrong }, index) => [
      `${title}, draft ${index + 1}: refused`,
      ...findingLines(stage, wrong),
    ]),
    `${title}, draft ${refused.length + 1}: ${ok ? "taken" : "refused"}`,
    ...(ok ? [] : findingLines(stage, findings)),
  ];
}

function findingLines(stage: Stage, findings: readonly Finding[]): string[] {
  return findings
    .filter(({ severity }) => severity === "error")
    .flatMap(({ code, message: text, hint }) =>
      textLines(stage, `${code}: ${text}.${hint === undefined ? "" : ` ${hint}`}`.replaceAll("..", ".")),
    );
}

function textLines({ width }: Stage, text: string): string[] {
  return wrapped(safe(text), width - INDENT - 2).map((line) => `  ${line}`);
}
