// What the writer does: each recording is one transaction with a time of its own, later than all before it and than every
// answer that was given. So what was recorded until some time never changes afterwards.

import { type State, type Statement, sqliteState } from "#adapters/state";
import type { Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { checksum, type ClaimTuple, claimRow } from "../store/rows.ts";
import { createTables } from "../store/schema.ts";
import { recordedText } from "../store/time.ts";
import type { truthWriter } from "./contract.ts";
import { importedClaims } from "./import-lines.ts";

/** A commit costs a flush of the disk, whatever is in it; so many claims take some 20 ms. */
const BATCH_CLAIMS = 4000;

const INSERT_CLAIMS = `insert into claims
  (entity, attribute, source, observed_ms, value, confidence, evidence, id, sum, recorded_us)
  select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    value ->> 8, $2 from json_each($1) where true on conflict do nothing`;

/** Of the pairs in a batch those about which different things were claimed by now. */
const INSERT_CONTESTED = `insert into contested (attribute, entity)
  select c.attribute, c.entity from (select distinct value ->> 0 as e, value ->> 1 as a from json_each($1)) as b
  join claims as c on c.entity = b.e and c.attribute = b.a
  group by c.entity, c.attribute having min(c.value) <> max(c.value) on conflict do nothing`;

const SET_LAST = `insert into last_recording (one, recorded_us) values (1, $1)
  on conflict (one) do update set recorded_us = excluded.recorded_us`;

interface Store {
  readonly state: State;
  /** Of the last recording, in microseconds. */
  lastUs: number;
}

export function writerHandlers(file: string, spool: string): Handlers<typeof truthWriter> {
  let opening: Promise<Store> | undefined;
  const open = async (): Promise<Store> => {
    try {
      return await (opening ??= openStore(file));
    } catch (error) {
      // A disk that failed may work again.
      opening = undefined;
      throw error;
    }
  };

  /** One transaction after the other: times of recording are in the order of commits. */
  let turn: Promise<unknown> = Promise.resolve();
  const recording = async (
    floorUs: number,
    statements: (recordedUs: number) => readonly Statement[],
  ): Promise<{ readonly recordedUs: number; readonly changes: readonly number[] }> => {
    const store = await open();
    const mine = turn.then(async () => {
      const recordedUs = Math.max(Date.now() * 1000, store.lastUs + 1, floorUs + 1);
      const last = { sql: SET_LAST, values: [recordedUs] };
      const changes = await store.state.transact([...statements(recordedUs), last]);
      store.lastUs = recordedUs;
      return { recordedUs, changes };
    });
    turn = mine.catch(() => undefined);
    return mine;
  };

  const append = async (
    claims: readonly ClaimTuple[],
    floorUs: number,
  ): Promise<{ accepted: number; recorded_us: number }> => {
    const { recordedUs, changes } = await recording(floorUs, (at) => {
      const rows = JSON.stringify(claims.map((claim) => claimRow(claim, at)));
      return [
        { sql: INSERT_CLAIMS, values: [rows, at] },
        { sql: INSERT_CONTESTED, values: [rows] },
      ];
    });
    return { accepted: changes[0] ?? 0, recorded_us: recordedUs };
  };

  /** One import at a time; its caller sees to that. */
  let current: { stopped: boolean; readonly ended: Promise<void> } | undefined;

  return {
    open: async () => ({ recorded_us: (await open()).lastUs }),
    settle: async ({ imports }) => {
      if (imports && current !== undefined) {
        current.stopped = true;
        await current.ended;
      }
      await turn;
      return { recorded_us: (await open()).lastUs };
    },
    append: ({ claims, floor }) => append(claims, floor),
    import: async function* ({ plan, floor, body }) {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      const mine = (current = { stopped: false, ended });
      const counts = { rows: 0, accepted: 0, duplicates: 0, empty: 0, skipped: 0 };
      try {
        let recorded_us = (await open()).lastUs;
        for await (const batch of importedClaims(body, spool, plan, BATCH_CLAIMS)) {
          if (mine.stopped) throw new Fault("cancelled", "The import was stopped.");
          counts.rows += batch.rows;
          counts.empty += batch.empty;
          counts.skipped += batch.skipped;
          if (batch.claims.length > 0) {
            const appended = await append(batch.claims, floor);
            recorded_us = appended.recorded_us;
            counts.accepted += appended.accepted;
            counts.duplicates += batch.claims.length - appended.accepted;
          }
          yield { event: "progress" as const, ...counts, recorded_us };
        }
        yield { event: "done" as const, ...counts, recorded_us };
      } finally {
        if (current === mine) current = undefined;
        end();
      }
    },
    putRule: async ({ attribute, rule, floor }) => {
      const { recordedUs } = await recording(floor, (at) => [
        {
          sql: "insert into rules (attribute, recorded_us, rule, sum) values ($1, $2, $3, $4)",
          values: [attribute, at, rule, checksum(rule)],
        },
      ]);
      return { recorded_us: recordedUs };
    },
    decide: async ({ entity, attribute, decision, floor }) => {
      let text = "";
      const { recordedUs } = await recording(floor, (at) => {
        text = JSON.stringify({ ...decision, at: recordedText(at) });
        return [
          {
            sql: `insert into decisions (entity, recorded_us, decision_id, attribute, decision, sum)
              values ($1, $2, $3, $4, $5, $6)`,
            values: [entity, at, String(decision["decision_id"]), attribute, text, checksum(text)],
          },
          {
            sql: "insert into contested (attribute, entity) values ($1, $2) on conflict do nothing",
            values: [attribute, entity],
          },
        ];
      });
      return { recorded_us: recordedUs, decision: text };
    },
    putImport: async ({ key, result }) => {
      const { state } = await open();
      await state.run(
        `insert into imports (key, result, sum) values ($1, $2, $3)
         on conflict (key) do update set result = excluded.result, sum = excluded.sum`,
        [key, result, checksum(result)],
      );
      return {};
    },
  };
}

async function openStore(file: string): Promise<Store> {
  const state = sqliteState(file);
  await createTables(state);
  const [row] = await state.all("select recorded_us from last_recording");
  return { state, lastUs: Number(row?.["recorded_us"] ?? 0) };
}
