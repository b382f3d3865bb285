// What went wrong with a request, as the house said it, or because it said nothing.

export interface Detail {
  readonly path: string;
  readonly message: string;
}

export class WireFault extends Error {
  readonly code: string;
  readonly requestId: string | undefined;
  /** The service that said it. */
  readonly origin: string | undefined;
  readonly details: readonly Detail[];
  /** The house or a part of it was away: the same request may succeed in a moment. */
  readonly away: boolean;

  constructor(
    code: string,
    message: string,
    more: {
      requestId?: string | undefined;
      origin?: string | undefined;
      details?: readonly Detail[];
      away?: boolean;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.requestId = more.requestId;
    this.origin = more.origin;
    this.details = more.details ?? [];
    this.away = more.away ?? false;
  }
}

const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

export async function faultOf(reply: Response): Promise<WireFault> {
  const text = await reply.text();
  const requestId = reply.headers.get("x-request-id") ?? undefined;
  const away = AWAY.has(reply.status);
  try {
    return faultFrom(JSON.parse(text), { requestId, away });
  } catch {
    return new WireFault("internal", `The house replied with status ${reply.status} and no reason.`, {
      requestId,
      away,
    });
  }
}

/** The fault that a body carries: of a reply, or of an event in mid-stream. Throws where it is none. */
export function faultFrom(
  body: unknown,
  { requestId, away = false }: { requestId?: string | undefined; away?: boolean } = {},
): WireFault {
  const { error } = body as {
    error: { code: string; message: string; origin?: string; request_id?: string; details?: Detail[] };
  };
  return new WireFault(error.code, error.message, {
    requestId: error.request_id ?? requestId,
    origin: error.origin,
    details: error.details ?? [],
    away,
  });
}

export function toWireFault(thrown: unknown): WireFault {
  if (thrown instanceof WireFault) return thrown;
  return new WireFault("unreachable", "The house does not answer.", { away: true });
}
