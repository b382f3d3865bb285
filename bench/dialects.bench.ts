// The same cached embedding through the native wire, through a dialect, through one whose upstream stands by for what fails here, and
// passed through to an older side, with and without a comparison behind it: what a codec costs, what it costs to be able to try again,
// and what the caller of an upstream pays for the shadow.

import { startOlderSide } from "../test/cutover/older-side.ts";
import { type LoadRequest, type LoadResult, measure } from "./load/load.ts";
import { tailRow, throughputRow } from "./report/figures.ts";
import { inTurns } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { startHouse } from "./servers/house.ts";

const CLIENTS = 10;
const DIALECT_RATE_MIN = 0.9;
const DIALECT_P99_MAX = 1.2;
const SHADOW_P99_MAX = 1.1;

const ROLES = ["Forklift", "CNC", "Warehouse", "Picker", "Loader", "Shipping"];
const bodies = (path: string, field: string): LoadRequest[] =>
  ROLES.map((role) => ({ path, body: JSON.stringify({ [field]: [`${role} operator`] }) }));

export const bench: Bench = {
  name: "dialects",
  summary: `cached embedding through a dialect and through an upstream, ${CLIENTS} clients, against the native wire`,
  rows,
};

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  const older = await startOlderSide("rust");
  const flip = (route: string, to: string): Promise<unknown> =>
    house.call("POST", "/v1/cutover/flip", { route, to, why: "bench", force: true });
  const load = async (path: string, field = "texts"): Promise<LoadResult> =>
    sound(
      await measure({
        target: { url: house.url },
        clients: CLIENTS,
        seconds,
        bodies: bodies(path, field),
        pids: house.pids(),
      }),
    );
  try {
    await flip("go:*", "primary");
    await house.call("POST", "/v1/cutover/upstreams", { name: "older", url: older.url, dialect: "rust" });
    const native = (): Promise<LoadResult> => load("/v1/embed");
    const dialects = await inTurns(rounds, {
      go: () => load("/_go/v1/embed"),
      openai: () => load("/v1/embeddings", "input"),
      native,
    });
    const upstream = await inTurns(rounds, {
      shadow: async () => {
        await flip("rust:*", "shadow");
        return load("/api/ai/embed");
      },
      plain: async () => {
        await flip("rust:*", "pass-through");
        return load("/api/ai/embed");
      },
    });
    const primary = await inTurns(rounds, {
      backed: async () => {
        await flip("rust:*", "primary");
        return load("/api/ai/embed");
      },
      native,
    });
    const rate = { of: "ratio", is: ">=", limit: DIALECT_RATE_MIN } as const;
    const tail = { of: "ratio", is: "<=", limit: DIALECT_P99_MAX } as const;
    const beside = { reference: dialects.native, referenceName: "the native wire" };
    return [
      throughputRow({ ...beside, name: "go", subject: dialects.go, bar: rate }),
      tailRow({ ...beside, name: "go, p99", subject: dialects.go, bar: tail }),
      throughputRow({ ...beside, name: "OpenAI", subject: dialects.openai, bar: rate }),
      tailRow({ ...beside, name: "OpenAI, p99", subject: dialects.openai, bar: tail }),
      throughputRow({
        name: "primary with an upstream",
        subject: primary.backed,
        reference: primary.native,
        referenceName: "the native wire",
        bar: rate,
      }),
      tailRow({
        name: "pass-through with shadow, p99",
        subject: upstream.shadow,
        reference: upstream.plain,
        referenceName: "pass-through",
        bar: { of: "ratio", is: "<=", limit: SHADOW_P99_MAX },
      }),
    ];
  } finally {
    await house.stop();
    await older.stop();
  }
}
