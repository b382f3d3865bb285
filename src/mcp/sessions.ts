// Sessions of the 2025 protocol: a server that lives from `initialize` until the client ends it, so that a request to the
// client can be answered by a later one of its own. Tools need none; requests without a session are served without one.
//
// A session belongs to the key that opened it. There is no stream beside those of the replies: nothing is pushed.

import { type Server, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { LRUCache } from "lru-cache";

type Handle = (
  request: Request,
  options: NonNullable<Parameters<WebStandardStreamableHTTPServerTransport["handleRequest"]>[1]>,
) => Promise<Response>;

export interface Sessions {
  /** The session of that id, where this caller opened it. */
  find(id: string, caller: string): Handle | undefined;
  open(caller: string): Promise<Handle>;
  close(): Promise<void>;
}

/** Some hundred kilobytes each; the one that was unused for longest goes first. Its client is told 404, and begins again. */
const SESSIONS_MAX = 256;
const IDLE_MS_MAX = 1_800_000;

interface Session {
  readonly caller: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
}

export function createSessions(make: () => Server, failed: (error: unknown) => void): Sessions {
  const sessions = new LRUCache<string, Session>({
    max: SESSIONS_MAX,
    ttl: IDLE_MS_MAX,
    updateAgeOnGet: true,
    dispose: ({ transport }) => void transport.close().catch(failed),
  });
  const handle =
    ({ transport }: Session): Handle =>
    (request, options) =>
      transport.handleRequest(request, options);
  return {
    find: (id, caller) => {
      const session = sessions.get(id);
      return session?.caller === caller ? handle(session) : undefined;
    },
    open: async (caller) => {
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (id) => void sessions.set(id, { caller, transport }),
        onsessionclosed: (id) => void sessions.delete(id),
      });
      await make().connect(transport);
      return handle({ caller, transport });
    },
    close: async () => {
      const open = [...sessions.values()];
      sessions.clear();
      await Promise.all(open.map(({ transport }) => transport.close()));
    },
  };
}
