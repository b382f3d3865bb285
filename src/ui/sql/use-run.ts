// One statement at a time: runs it, can cancel it, keeps the result while the next one is on its way.

import { useCallback, useEffect, useRef, useState } from "react";
import type { SqlResult } from "#contracts/query";
import { queryd } from "../wire/client.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { recordRun } from "./kept-queries.ts";
import type { Parameter } from "./statement.ts";

export interface Statement {
  readonly sql: string;
  readonly params: readonly Parameter[];
  readonly at: Readonly<Record<string, string>>;
  readonly limit: number;
}

export interface RunState {
  /** Set while a statement is on its way: when it was sent. */
  readonly since: number | undefined;
  readonly result: SqlResult | undefined;
  readonly fault: WireFault | undefined;
  /** The statement that the result or the fault is of. */
  readonly of: Statement | undefined;
  readonly cancelled: boolean;
}

const NOTHING: RunState = {
  since: undefined,
  result: undefined,
  fault: undefined,
  of: undefined,
  cancelled: false,
};

export function requestOf({ sql, params, at, limit }: Statement): Parameters<typeof queryd.sql>[0] {
  return {
    sql,
    limit,
    ...(params.length === 0 ? {} : { params: params as never }),
    ...(Object.keys(at).length === 0 ? {} : { at }),
  };
}

export function useRun(): RunState & { run: (statement: Statement) => void; cancel: () => void } {
  const [state, setState] = useState(NOTHING);
  const running = useRef<AbortController>(undefined);
  const cancel = useCallback(() => running.current?.abort(), []);
  const run = useCallback((statement: Statement) => {
    running.current?.abort();
    const mine = new AbortController();
    running.current = mine;
    const began = Date.now();
    setState((before) => ({ ...before, since: began, cancelled: false }));
    queryd.sql(requestOf(statement), { signal: mine.signal }).then(
      (result) => {
        if (mine.signal.aborted) return;
        recordRun({
          sql: statement.sql,
          at: new Date(began).toISOString(),
          took_ms: result.took_ms,
          rows: result.row_count,
        });
        setState({ ...NOTHING, result, of: statement });
      },
      (thrown: unknown) => {
        // Another statement took its place, or the page is left.
        if (running.current !== mine) return;
        if (mine.signal.aborted) {
          setState((before) => ({ ...before, since: undefined, cancelled: true }));
          return;
        }
        recordRun({ sql: statement.sql, at: new Date(began).toISOString(), took_ms: Date.now() - began });
        setState({ ...NOTHING, fault: toWireFault(thrown), of: statement });
      },
    );
  }, []);
  useEffect(() => () => running.current?.abort(), []);
  return { ...state, run, cancel };
}
