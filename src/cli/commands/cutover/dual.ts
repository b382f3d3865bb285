// `lakehouse cutover dual` and `reconcile`: writes that go to both sides, and what both then hold.

import type { Written } from "#cutover/dual/dual-write";
import type { DualStatus } from "#cutover/dual/dual-writes";
import { reconcile, type Waiting } from "#cutover/dual/reconcile";
import { reconcileMarkdown, reconcileReport } from "#cutover/dual/reconcile-report";
import { REPORTS_FOLDER, writeReport } from "#cutover/report-files";
import { houseSide } from "#cutover/side";
import { SURFACE_PREFIXES } from "#topology/fronts";
import { CLIENT_ARGS, DATA_ARG, REPORT_ARGS, settingsOf } from "../../args.ts";
import { command, group } from "../../command.ts";
import { connect, type Connection } from "../../connect.ts";
import { EXIT } from "../../failure.ts";
import { reportsFolder } from "../../reports-folder.ts";
import { emit, type Field, formatOf } from "../../terminal/output.ts";
import { counted, moment } from "../../terminal/plain-text.ts";
import { createProgress } from "../../terminal/progress.ts";
import { say, write } from "../../terminal/terminal.ts";

const DUAL = "/v1/cutover/dual-writes";

interface DualRoute {
  readonly route: string;
  readonly at: string;
  readonly actor: string;
  readonly reason: string;
}
type Status = DualStatus & { readonly routes: readonly DualRoute[] };

const FIELDS: readonly Field<DualRoute>[] = [
  { name: "route", value: ({ route }) => route },
  { name: "since", value: ({ at }) => at, show: ({ at }) => moment(at) },
  { name: "actor", value: ({ actor }) => actor },
  { name: "reason", value: ({ reason }) => reason },
];

const status = command({
  name: "cutover dual status",
  summary: "Which routes are written twice, and how the second side keeps up",
  args: CLIENT_ARGS,
  examples: ["lakehouse cutover dual"],
  run: async (args) => {
    const { get } = await connect(settingsOf({ data: args.data, url: args.url }));
    const all = (await get(DUAL)) as Status;
    await emit(formatOf(args.output), {
      fields: FIELDS,
      rows: all.routes,
      json: all,
      empty: "No route is written twice.",
    });
    const { written, waiting, problem, lost, unflushed, damaged } = all;
    say(
      `${counted(waiting, "write")} waiting; ${written.done} made, ${written.failed} failed, ${written.unclear} unclear, ${written.lost} lost.`,
    );
    for (const [why, count] of Object.entries(lost)) if (count > 0) say(`Lost: ${count}, ${why}.`);
    if (damaged > 0) {
      say(
        `${counted(damaged, "line")} of the queue were damaged on the disk: each may be a write that is on one side alone. They are kept in the data folder, cutover/dual-writes.damaged. After lakehouse cutover reconcile: lakehouse cutover dual note-damage.`,
      );
    }
    if (problem !== null && waiting > 0) say(`Waiting, because ${problem}`);
    if (unflushed !== null) say(`A power cut may take what waits: the disk fails. ${unflushed}`);
  },
});

function setting(on: boolean) {
  const word = on ? "on" : "off";
  return command({
    name: `cutover dual ${word}`,
    summary: on
      ? "Write the calls of a route to both sides"
      : "Write the calls of a route to one side alone again",
    details:
      "The caller's answer is that of the side that answers by the ledger, and never waits for the other. The other side gets the same write from a queue on disk, with the same idempotency key at each try.",
    args: {
      route: { type: "positional", required: true, description: "go:storage.put, rust:*, ..." },
      why: { type: "string", valueHint: "TEXT", description: "The reason, kept in the journal" },
      actor: { type: "string", valueHint: "NAME", description: "Who does it; `operator` unless given" },
      ...DATA_ARG,
      url: CLIENT_ARGS.url,
    },
    examples: [`lakehouse cutover dual ${word} go:storage.put --why 'before reads move'`],
    run: async (args) => {
      const { send } = await connect(settingsOf({ data: args.data, url: args.url }));
      await send("PUT", DUAL, { route: args.route, on, why: args.why, actor: args.actor ?? "operator" });
      say(on ? `Writes of ${args.route} go to both sides.` : `Writes of ${args.route} go to one side.`);
    },
  });
}

const noteDamage = command({
  name: "cutover dual note-damage",
  summary: "Stop telling of lines of the queue that were damaged on the disk",
  details: "The lines themselves stay in the data folder, cutover/dual-writes.damaged.",
  args: { ...DATA_ARG, url: CLIENT_ARGS.url },
  examples: ["lakehouse cutover dual note-damage"],
  run: async (args) => {
    const { get, send } = await connect(settingsOf({ data: args.data, url: args.url }));
    const { damaged } = (await get(DUAL)) as Status;
    await send("POST", `${DUAL}/damaged/note`, {});
    say(damaged === 0 ? "No line is damaged." : `${counted(damaged, "damaged line")} noted.`);
  },
});

export const dual = group({
  name: "cutover dual",
  summary: "Writes that go to both sides; off unless set",
  examples: ["lakehouse cutover dual on go:storage.put --why 'before reads move'", "lakehouse cutover dual"],
  commands: { status, on: setting(true), off: setting(false), "note-damage": noteDamage },
  fallback: "status",
});

async function allWritten({ get }: Connection): Promise<Written[]> {
  const all: Written[] = [];
  for (let after = ""; ;) {
    const page = (await get(`${DUAL}/written${after === "" ? "" : `?after=${after}`}`)) as {
      written: Written[];
      next_after?: string;
    };
    all.push(...page.written);
    if (page.next_after === undefined) return all;
    after = page.next_after;
  }
}

export const reconcileCommand = command({
  name: "cutover reconcile",
  summary: "Compare what both sides hold for the keys that were written twice",
  details:
    "Objects are read from both sides and compared byte by byte; of other writes the replies are compared. Exit code 3 when something differs, is on one side alone, or was lost. The report goes to reports/cutover.",
  args: {
    route: { type: "string", valueHint: "R", description: "One route, or DIALECT:*; all unless given" },
    ...REPORT_ARGS,
    ...DATA_ARG,
    url: CLIENT_ARGS.url,
  },
  examples: ["lakehouse cutover reconcile", "lakehouse cutover reconcile --route go:storage.put"],
  run: async (args) => {
    const folder = await reportsFolder("--report", args.report ?? REPORTS_FOLDER);
    const settings = settingsOf({ data: args.data, url: args.url });
    const connection = await connect(settings);
    const { get, url } = connection;
    const { waiting } = (await get(`${DUAL}/waiting`)) as { waiting: Waiting[] };
    const written = await allWritten(connection);
    const all = (await get(DUAL)) as Status;
    const side = (backend: "native" | "upstream") =>
      houseSide({ url, key: settings.key, backend, name: backend, prefixes: SURFACE_PREFIXES });
    const progress = createProgress();
    const routes = await reconcile({
      written,
      waiting,
      upstream: side("upstream"),
      native: side("native"),
      prefixes: SURFACE_PREFIXES,
      route: args.route,
      progress: (keys) => progress.show(counted(keys, "key")),
    }).finally(() => progress.end());
    const now = Date.now();
    const total = Object.values(all.written).reduce((sum, count) => sum + count, 0);
    const report = reconcileReport(routes, {
      now,
      upstream: "upstream",
      forgotten: Math.max(0, total - written.length),
      damaged: all.damaged,
    });
    const markdown = reconcileMarkdown(report);
    const paths = await writeReport(folder, "reconcile", now, {
      markdown,
      json: report,
    });
    await write(args.json === true ? `${JSON.stringify(report, null, 2)}\n` : markdown);
    say(`${paths.markdown} and ${paths.json}`);
    if (report.verdict === "not read") return EXIT.upstream;
    return report.verdict === "different" ? EXIT.rejected : EXIT.ok;
  },
});
