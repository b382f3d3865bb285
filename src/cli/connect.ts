// Finds the house that a command sends its requests to: the one named by --url or LAKEHOUSE_URL, else the one that runs
// over the data folder, whose pidfile has its address. Commands use its HTTP API like any other program.

import type { Settings } from "#config";
import { wire, type Wire } from "#contracts/house";
import type { Contract } from "#rpc/contract";
import { Fault, faultFromBody } from "#rpc/fault";
import { remote, UNREACHABLE } from "#rpc/remote";
import { readPidfile } from "#topology/pidfile";
import { quoted } from "./program.ts";

export interface Connection {
  readonly url: string;
  readonly house: Wire;
  /** A GET outside the contracts, such as `/v1/health`. */
  readonly get: (path: string) => Promise<unknown>;
  /** Any call outside the contracts; its JSON, or its text where it is none. */
  readonly send: (method: string, path: string, body?: unknown) => Promise<unknown>;
}

/** A local house responds in milliseconds, a remote one within a second. */
const GET_MS_MAX = 5000;

export async function connect(settings: Settings): Promise<Connection> {
  return connectTo(await findUrl(settings), settings.key);
}

export function connectTo(url: string, key: string): Connection {
  const headers: Record<string, string> = key === "" ? {} : { authorization: `Bearer ${key}` };
  const peer = `The house at ${url}`;
  const clients = Object.entries(wire).map(([name, contract]) => [
    name,
    remote(contract as Contract, { url }, { origin: peer, headers }),
  ]);
  const send = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(url + path, {
      method,
      headers,
      signal: AbortSignal.timeout(GET_MS_MAX),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new Fault("unavailable", `${peer} cannot be reached.`, { cause: error, reason: UNREACHABLE });
    });
    const text = await response.text();
    const answer = jsonOr(text);
    const isText = response.headers.get("content-type")?.startsWith("text/markdown") === true;
    if (response.ok && (answer !== null || isText)) return answer ?? text;
    throw (
      faultFromBody(answer) ??
      new Fault(
        "upstream",
        `The server at ${url} is not a Lakehouse gateway (status ${response.status}). Check the address in --url or LAKEHOUSE_URL.`,
      )
    );
  };
  return {
    url,
    house: Object.fromEntries(clients) as Wire,
    get: (path) => send("GET", path),
    send,
  };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function findUrl({ url, data }: Settings): Promise<string> {
  if (url !== "") return url;
  const other = await readPidfile(data);
  if (other?.url !== undefined) return other.url;
  if (other !== undefined) {
    throw new Fault(
      "unavailable",
      `The house over ${data} (process ${other.pid}) is still starting. Try again in a moment.`,
    );
  }
  throw new Fault(
    "unavailable",
    `No house runs over ${data}.\nStart one with: lakehouse up --data ${quoted(data)} -- or name one with --url or --data.`,
  );
}

/** No list for a person is longer; more pages mean that the cursor does not advance. */
const PAGES_MAX = 100;

/** All items of a paged list. */
export async function allPages<Page extends { next_cursor?: string | undefined }, Item>(
  fetchPage: (cursor: { cursor?: string }) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: { cursor?: string } = {};
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await fetchPage(cursor);
    items.push(...itemsOf(page));
    if (page.next_cursor === undefined) break;
    cursor = { cursor: page.next_cursor };
  }
  return items;
}
