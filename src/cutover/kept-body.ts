// A request that may have to be made once more. Its body is not copied beforehand, which would cost every call for the sake of the
// few that fail: what is read of it is kept where it is read.

/** Bodies that are held until this house has answered. */
const KEPT_BYTES_MAX = 256 * 1024;

/**
 * Gives the same request again once it was answered: undefined when its body is gone, because it was read in pieces. Undefined from the
 * start where the body is too large, or of unknown length.
 */
export function repeatable(request: Request): (() => Request | undefined) | undefined {
  const { url, method, headers, signal } = request;
  if (method === "GET" || method === "HEAD") return () => new Request(url, { method, headers, signal });
  if (!(Number(headers.get("content-length") ?? Infinity) <= KEPT_BYTES_MAX)) return undefined;
  let kept: string | ArrayBuffer | undefined;
  const keeping =
    <B extends string | ArrayBuffer>(read: () => Promise<B>) =>
    async (): Promise<B> => {
      const body = await read();
      kept = body;
      return body;
    };
  // Whoever reads it has the platform's request, and calls one of these.
  Object.assign(request, {
    text: keeping(request.text.bind(request)),
    arrayBuffer: keeping(request.arrayBuffer.bind(request)),
  });
  return () => {
    if (kept !== undefined) return new Request(url, { method, headers, signal, body: kept });
    return request.bodyUsed ? undefined : request;
  };
}
