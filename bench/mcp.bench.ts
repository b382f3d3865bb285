// Tools over MCP beside the operations that they call, through the same gateway: an order that is read, which costs least of
// all, and SQL over a dataset, which is what agents mostly send.

import { measure } from "./load/load.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { startHouse } from "./servers/house.ts";

const CLIENTS = 16;
const SHARE_MIN = 0.9;

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

function toolCall(name: string, args: object): { headers: Record<string, string>; body: string } {
  return {
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": name,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name,
        arguments: args,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    }),
  };
}

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  try {
    const people = Array.from({ length: 10_000 }, (_, row) => `${row},City ${row % 97}`);
    await house.call("POST", "/v1/ingest?dataset=people", `id,city\n${people.join("\n")}\n`);
    const found: Row[] = [];
    for (const { name, tool, args, path } of CASES) {
      const plan = { target: { url: house.url }, clients: CLIENTS, seconds };
      const { mcp, direct } = await inTurns(rounds, {
        mcp: () => measure({ ...plan, bodies: [{ path: "/mcp", ...toolCall(tool, args) }] }),
        direct: () => measure({ ...plan, bodies: [{ path, body: JSON.stringify(args) }] }),
      });
      const rates = (results: typeof mcp): number[] => results.map(({ per_second }) => per_second);
      found.push({
        name,
        unit: "calls/s",
        subject: spreadOf(rates(mcp)),
        reference: { name: `POST ${path}`, figure: medianOf(rates(direct)) },
        ratio: ratioOf(mcp, direct, ({ per_second }) => per_second),
        bar: { of: "ratio", is: ">=", limit: SHARE_MIN },
        figures: {
          p99_ms: medianOf(mcp.map(({ p99_ms }) => p99_ms)),
          direct_p99_ms: medianOf(direct.map(({ p99_ms }) => p99_ms)),
        },
      });
    }
    return found;
  } finally {
    await house.stop();
  }
}
