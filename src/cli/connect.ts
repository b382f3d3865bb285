// Finds the house that a command asks: the one named by --url or LAKEHOUSE_URL, else the one that runs over the data
// folder, which has written down where it answers. Commands talk to it over HTTP like any other program.

import type { Settings } from "#config";
import { house, type House } from "#contracts/house";
import type { Contract } from "#rpc/contract";
import { Fault, faultFromBody } from "#rpc/fault";
import { remote } from "#rpc/remote";
import { readPidfile } from "#topology/data-lock";

export interface Connection {
  readonly url: string;
  readonly house: House;
  /** A GET outside the contracts, such as `/v1/health`. */
  readonly get: (path: string) => Promise<unknown>;
}

/** A house on this machine answers in some milliseconds, one far away within a second. */
const GET_MS_MAX = 5000;

export async function connect(settings: Settings): Promise<Connection> {
  return connectTo(await findUrl(settings), settings.key);
}

export function connectTo(url: string, key: string): Connection {
  const headers: Record<string, string> = key === "" ? {} : { authorization: `Bearer ${key}` };
  const origin = `The house at ${url}`;
  const clients = Object.entries(house).map(([name, contract]) => [
    name,
    remote(contract as Contract, { url }, { origin, headers }),
  ]);
  return {
    url,
    house: Object.fromEntries(clients) as House,
    get: async (path) => {
      const response = await fetch(url + path, { headers, signal: AbortSignal.timeout(GET_MS_MAX) }).catch(
        (error: unknown) => {
          throw new Fault(
            "unavailable",
            `${origin} cannot be reached. Is it the right address? \`lakehouse status\` without --url looks on this machine.`,
            {
              cause: error,
            },
          );
        },
      );
      const body: unknown = await response.json().catch(() => null);
      if (response.ok && body !== null) return body;
      throw (
        faultFromBody(body) ??
        new Fault(
          "upstream",
          `${url} answers, but not as a house does (status ${response.status}). Is it the right address?`,
        )
      );
    },
  };
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

/** As one word of a shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** No list that a person asks for is longer; more than this many pages means that something goes round. */
const PAGES_MAX = 100;

/** All items of a list that comes in pages. */
export async function allPages<Page extends { next_cursor?: string | undefined }, Item>(
  ask: (cursor: { cursor?: string }) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: { cursor?: string } = {};
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await ask(cursor);
    items.push(...itemsOf(page));
    if (page.next_cursor === undefined) break;
    cursor = { cursor: page.next_cursor };
  }
  return items;
}
