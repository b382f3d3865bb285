import { describe, expect, test } from "bun:test";
import { catalog } from "#contracts/catalog";
import { chat } from "#contracts/chat";
import { distill } from "#contracts/distill";
import { fills } from "#contracts/fill";
import { gateway } from "#contracts/gateway";
import { ingest } from "#contracts/ingest";
import { journal } from "#contracts/journal";
import { matrix } from "#contracts/matrix";
import { observe } from "#contracts/observe";
import { pathway } from "#contracts/pathway";
import { query } from "#contracts/query";
import { truth } from "#contracts/truth";
import { validate } from "#contracts/validate";
import { vector } from "#contracts/vector";
import type { AnyOp } from "#rpc/contract";
import {
  CATALOG,
  CHAT,
  CHAT_STREAMS,
  DISTILL,
  DISTILL_RAW,
  DISTILL_STREAMS,
  FILLS,
  GATEWAY,
  INGEST,
  JOURNAL,
  JOURNAL_RAW,
  JOURNAL_STREAMS,
  MATRIX,
  OBSERVER,
  OBSERVER_STREAMS,
  type Operation,
  PATHWAY,
  QUERY,
  STREAMS,
  TRUTH,
  VALIDATE,
  VECTORS,
} from "./operations.ts";

const TABLES: readonly (readonly [Readonly<Record<string, Operation>>, Readonly<Record<string, AnyOp>>])[] = [
  [FILLS, fills],
  [GATEWAY, gateway],
  [VALIDATE, validate],
  [STREAMS, fills],
  [MATRIX, matrix],
  [CATALOG, catalog],
  [INGEST, ingest],
  [QUERY, query],
  [VECTORS, vector],
  [JOURNAL, journal],
  [JOURNAL_RAW, journal],
  [JOURNAL_STREAMS, journal],
  [OBSERVER, observe],
  [OBSERVER_STREAMS, observe],
  [CHAT, chat],
  [CHAT_STREAMS, chat],
  [PATHWAY, pathway],
  [DISTILL, distill],
  [DISTILL_RAW, distill],
  [DISTILL_STREAMS, distill],
  [TRUTH, truth],
];

describe("the console's operations", () => {
  test("have the method and the path of their contracts, and are served to everybody", () => {
    for (const [rows, contract] of TABLES) {
      for (const [name, { method, path, body }] of Object.entries(rows)) {
        const operation = contract[name];
        expect([name, operation?.method, operation?.path]).toEqual([name, method, path]);
        expect([name, operation?.body ?? "json"]).toEqual([name, body === "file" ? "raw" : "json"]);
        expect(operation?.internal ?? false).toBe(false);
      }
    }
  });
  test("that are streams are streams in their contracts, and no others", () => {
    expect(Object.keys(STREAMS).every((name) => fills[name as keyof typeof STREAMS].reply === "events")).toBe(
      true,
    );
    expect(Object.keys(FILLS).every((name) => fills[name as keyof typeof FILLS].reply === "json")).toBe(true);
  });
});
