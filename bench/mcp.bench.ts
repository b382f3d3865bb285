// Tools over MCP beside the operations that they call, through the same gateway: an order that is read, which costs least of
// all, and SQL over a dataset, which is what agents mostly send; in both eras of the protocol.

import { type LoadRequest, type LoadResult, measure } from "./load/load.ts";
import { cpuRow, tailRow, throughputRow } from "./report/figures.ts";
import { inTurns } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { startHouse } from "./servers/house.ts";

const CLIENTS = 16;
const SHARE_MIN = 0.9;
const P99_MAX = 1.2;

export const bench: Bench = {
  name: "mcp",
  summary: "Tools over MCP beside the operations that they call, through the same gateway",
  rows,
};

const CASES = [
  {
    name: "an order is read",
    tool: "parse_order",
    args: { text: "Need 2 forklift operators in Springfield, IL Friday 6a-2p $30" },
    path: "/v1/matrix/role",
  },
  {
    name: "SQL over 10,000 rows",
    tool: "query_sql",
    args: { sql: "SELECT city, count(*) AS n FROM people GROUP BY city ORDER BY n DESC LIMIT 10" },
    path: "/v1/sql",
  },
] as const;

const ERAS = { "2026": "2026-07-28", "2025": "2025-11-25" } as const;

function toolCall(version: string, name: string, args: object): LoadRequest {
  const envelope = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const isOf2026 = version === ERAS["2026"];
  const params = { name, arguments: args, ...(isOf2026 ? { _meta: envelope } : {}) };
  return {
    path: "/mcp",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": version,
      ...(isOf2026 ? { "mcp-method": "tools/call", "mcp-name": name } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  };
}

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  const load = async (body: LoadRequest): Promise<LoadResult> =>
    sound(
      await measure({
        target: { url: house.url },
        clients: CLIENTS,
        seconds,
        bodies: [body],
        pids: house.pids(),
      }),
    );
  try {
    const people = Array.from({ length: 10_000 }, (_, row) => `${row},City ${row % 97}`);
    await house.call("POST", "/v1/ingest?dataset=people", `id,city\n${people.join("\n")}\n`);
    const found: Row[] = [];
    for (const { name, tool, args, path } of CASES) {
      const results = await inTurns(rounds, {
        "2026": () => load(toolCall(ERAS["2026"], tool, args)),
        "2025": () => load(toolCall(ERAS["2025"], tool, args)),
        direct: () => load({ path, body: JSON.stringify(args) }),
      });
      for (const era of ["2026", "2025"] as const) {
        const compared = { subject: results[era], reference: results.direct, referenceName: `POST ${path}` };
        const of = `${name}, ${era}`;
        found.push(
          throughputRow({ ...compared, name: of, bar: { of: "ratio", is: ">=", limit: SHARE_MIN } }),
          tailRow({ ...compared, name: `${of}: p99`, bar: { of: "ratio", is: "<=", limit: P99_MAX } }),
          cpuRow({ ...compared, name: `${of}: CPU`, bar: { of: "ratio", is: "<=", limit: 1 / SHARE_MIN } }),
        );
      }
    }
    return found;
  } finally {
    await house.stop();
  }
}
