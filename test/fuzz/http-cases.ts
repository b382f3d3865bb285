// Requests as they come over a raw socket from a careless or hostile client, and the statuses of the replies
// that are right, in order. Two replies to one request would mean that a part of it was taken for another request.
// The sources are RFC 9110 and RFC 9112. Where the server's own parser decides and is not as the RFC wishes, `note` says so.

export interface HttpCase {
  readonly name: string;
  /** Latin-1; `@` at the end of a line of headers is the usual Host. */
  readonly raw: string;
  /** Of all replies, in order; none when the connection is closed without one. */
  readonly replies: readonly number[];
  readonly note?: string;
}

const HOST = "Host: 127.0.0.1:3110\r\n";
const BODY = '{"texts":["cook"]}';
const LENGTH = `Content-Length: ${BODY.length}\r\n`;
const SECOND = `GET /v1/smuggled HTTP/1.1\r\n${HOST}\r\n`;

const get = (target: string, headers = HOST): string => `GET ${target} HTTP/1.1\r\n${headers}\r\n`;
const post = (headers: string, body: string): string =>
  `POST /v1/embed HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;
const chunked = (chunks: string): string => post("Transfer-Encoding: chunked\r\n", chunks);
const host = (header: string): string => get("/health", header);
const CHUNK = `${BODY.length.toString(16)}\r\n${BODY}\r\n`;

const cases = (
  group: string,
  rows: readonly (readonly [string, string, readonly number[], string?])[],
): HttpCase[] =>
  rows.map(([name, raw, replies, note]) => ({
    name: `${group}: ${name}`,
    raw,
    replies,
    ...(note === undefined ? {} : { note }),
  }));

export const HTTP_CASES: readonly HttpCase[] = [
  ...cases("well formed", [
    ["a GET", get("/health"), [200]],
    ["a POST with a length", post(LENGTH, BODY), [200]],
    ["a POST in chunks", chunked(`${CHUNK}0\r\n\r\n`), [200]],
    ["a chunk extension", chunked(`${BODY.length.toString(16)};a=b\r\n${BODY}\r\n0\r\n\r\n`), [200]],
    ["two requests one after the other", get("/health") + get("/health"), [200, 200]],
    ["a header name in another case", get("/health", "hOsT: localhost\r\n"), [200]],
    ["blanks around a value", get("/health", "Host: \t localhost \t \r\n"), [200]],
    [
      "an empty line before the request",
      `\r\n${get("/health")}`,
      [400],
      "RFC 9112 lets a server pass over it; this one asks for a clean beginning",
    ],
    ["a body that a GET does not need", `GET /health HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\n{}`, [200]],
    ["HEAD", `HEAD /health HTTP/1.1\r\n${HOST}\r\n`, [200]],
    ["Expect: 100-continue", post(`${LENGTH}Expect: 100-continue\r\n`, BODY), [100, 200]],
  ]),
  ...cases("Host", [
    ["none", host(""), [400]],
    ["none in HTTP/1.0", "GET /health HTTP/1.0\r\n\r\n", [400]],
    ["empty", host("Host:\r\n"), [400]],
    ["twice, the same", host("Host: localhost\r\nHost: localhost\r\n"), [400]],
    ["twice, another", host("Host: localhost\r\nHost: evil.example\r\n"), [400]],
    ["two in one", host("Host: localhost, evil.example\r\n"), [400]],
    ["a blank within", host("Host: local host\r\n"), [400]],
    ["a path", host("Host: localhost/x\r\n"), [400]],
    ["a user", host("Host: me@localhost\r\n"), [400]],
    ["a port that is none", host("Host: localhost:port\r\n"), [400]],
    ["a port beyond 65535", host("Host: localhost:70000\r\n"), [400]],
    ["an address that is not closed", host("Host: [::1\r\n"), [400]],
    ["a foreign name", host("Host: evil.example\r\n"), [403]],
    ["a name that begins as ours", host("Host: localhost.evil.example\r\n"), [403]],
    ["another in the target, which the server does not hear", get("http://evil.example/health"), [200]],
    ["letters beyond ASCII", host("Host: l\u00f6calhost\r\n"), [400]],
    ["NUL", host("Host: local\0host\r\n"), [400]],
  ]),
  ...cases("length", [
    ["two that differ", post("Content-Length: 18\r\nContent-Length: 5\r\n", BODY), [400]],
    ["a list that differs", post("Content-Length: 18, 5\r\n", BODY), [400]],
    ["with a plus", post("Content-Length: +18\r\n", BODY), [400]],
    ["negative", post("Content-Length: -1\r\n", BODY), [400]],
    ["hexadecimal", post("Content-Length: 0x12\r\n", BODY), [400]],
    ["empty", post("Content-Length:\r\n", BODY), [400]],
    ["a word", post("Content-Length: many\r\n", BODY), [400]],
    ["a blank within", post("Content-Length: 1 8\r\n", BODY), [400]],
    ["a fraction", post("Content-Length: 18.0\r\n", BODY), [400]],
    ["beyond 64 bits", post("Content-Length: 99999999999999999999999\r\n", BODY), [400]],
    ["larger than is taken", post("Content-Length: 99999999999\r\n", ""), [413]],
    [
      "shorter than the body, the rest of which is no request",
      post("Content-Length: 2\r\n", `{}${BODY}`),
      [400, 400],
    ],
    ["nothing at all", post("", ""), [400]],
  ]),
  ...cases("chunks", [
    ["beside a length", post(`${LENGTH}Transfer-Encoding: chunked\r\n`, `0\r\n\r\n${SECOND}`), [400]],
    ["a length beside chunks", post(`Transfer-Encoding: chunked\r\n${LENGTH}`, `${CHUNK}0\r\n\r\n`), [400]],
    ["chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", `${CHUNK}0\r\n\r\n`), [400]],
    [
      "chunked and something else",
      post("Transfer-Encoding: chunked, identity\r\n", `${CHUNK}0\r\n\r\n`),
      [400],
    ],
    ["an unknown coding", post("Transfer-Encoding: cow\r\n", BODY), [400]],
    ["identity", post(`Transfer-Encoding: identity\r\n${LENGTH}`, BODY), [400]],
    ["a blank before the colon", post("Transfer-Encoding : chunked\r\n", `${CHUNK}0\r\n\r\n`), [400]],
    ["a vertical tab", post("Transfer-Encoding: \x0bchunked\r\n", `${CHUNK}0\r\n\r\n`), [400]],
    [
      "two headers",
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n", `${CHUNK}0\r\n\r\n`),
      [400],
    ],
    ["a size that is none", chunked(`zz\r\n${BODY}\r\n0\r\n\r\n`), [400]],
    ["a negative size", chunked(`-1\r\n${BODY}\r\n0\r\n\r\n`), [400]],
    ["a size with 0x", chunked(`0x12\r\n${BODY}\r\n0\r\n\r\n`), [400]],
    ["a size beyond 64 bits", chunked(`fffffffffffffffff\r\n${BODY}\r\n0\r\n\r\n`), [400]],
    ["a size that is too small", chunked(`2\r\n${BODY}\r\n0\r\n\r\n`), [400]],
    ["bare line feeds", chunked(`${CHUNK}0\r\n\r\n`.replaceAll("\r\n", "\n")), [400]],
    ["an endless extension", chunked(`12;${"a".repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n`), [413]],
    [
      "in HTTP/1.0",
      `POST /v1/embed HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${CHUNK}0\r\n\r\n`,
      [400],
    ],
    [
      "trailers",
      chunked(`${CHUNK}0\r\nX-Sum: 1\r\n\r\n`),
      [200, 400],
      "the server closes after the reply; what came behind the trailers is not taken for a request",
    ],
    ["trailers and a second request", chunked(`${CHUNK}0\r\nX-Sum: 1\r\n\r\n${SECOND}`), [200, 400]],
  ]),
  ...cases("line", [
    ["no version", "GET /health\r\n\r\n", [505]],
    ["HTTP/2.0", `GET /health HTTP/2.0\r\n${HOST}\r\n`, [505]],
    ["HTTP/1.2", `GET /health HTTP/1.2\r\n${HOST}\r\n`, [505]],
    ["a version in lower case", `GET /health http/1.1\r\n${HOST}\r\n`, [505]],
    ["two blanks", `GET  /health HTTP/1.1\r\n${HOST}\r\n`, [400]],
    ["more than three parts", `GET /health x HTTP/1.1\r\n${HOST}\r\n`, [505]],
    ["bare line feeds", `GET /health HTTP/1.1\n${HOST.replace("\r\n", "\n")}\n`, [505]],
    ["a bare carriage return", `GET /health HTTP/1.1\r${HOST}\r\n`, [505]],
    ["no target", `GET HTTP/1.1\r\n${HOST}\r\n`, [400]],
    ["TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400]],
    ["nonsense", "hello there\r\n\r\n", [400]],
  ]),
  ...cases("method", [
    ["TRACE of a page", `TRACE /health HTTP/1.1\r\n${HOST}\r\n`, [400]],
    ["TRACE of an operation", `TRACE /v1/embed HTTP/1.1\r\n${HOST}\r\n`, [400]],
    ["CONNECT", `CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n`, [400]],
    ["one that the operation has not", `DELETE /v1/embed HTTP/1.1\r\n${HOST}\r\n`, [404]],
    ["in lower case", `get /health HTTP/1.1\r\n${HOST}\r\n`, []],
    ["one that nobody knows", `BREW /health HTTP/1.1\r\n${HOST}\r\n`, []],
    ["a very long one", `${"G".repeat(5000)} /health HTTP/1.1\r\n${HOST}\r\n`, []],
  ]),
  ...cases("target", [
    ["an encoded slash in a key", get("/v1/storage/a%2Fb"), [400]],
    ["an encoded slash in a name", get("/v1/vectors/a%2fb"), [400]],
    ["an encoded slash in the route", get("/v1%2Fsql"), [404]],
    ["an encoded NUL", get("/v1/storage/a%00b"), [400]],
    ["an encoded line feed", get("/v1/storage/a%0Ab"), [400]],
    ["a percent sign alone", get("/v1/storage/a%zz"), [400]],
    ["what is no UTF-8", get("/v1/storage/a%ff"), [400]],
    ["dots that leave the route", get("/v1/storage/../../etc/passwd"), [400]],
    ["encoded dots that leave the route", get("/v1/storage/%2e%2e/%2e%2e/etc/passwd"), [400]],
    ["dots within a name", get("/v1/storage/a/../b"), [400]],
    ["encoded dots within a name", get("/v1/storage/a/%2e%2E/b"), [400]],
    ["a dot within a name", get("/v1/storage/a/./b"), [400]],
    ["dots behind an empty segment", get("/v1/storage/a//../b"), [400]],
    ["a backslash within a name", get("/v1/storage/a\\b"), [400]],
    ["dots that are encoded twice, which are a name", get("/v1/storage/a/%252e%252e/b"), [404]],
    ["dots with an encoded slash", get("/v1/storage/..%2f..%2fetc"), [400]],
    ["a double slash", get("//evil.example/health"), [404]],
    ["a backslash", get("/v1\\storage/x"), [404]],
    ["a fragment", get("/health#top"), [200], "a fragment is not for servers; it is left out"],
    ["an asterisk", get("*"), [400]],
    ["another scheme", get("file:///etc/passwd"), [400]],
    ["a control character", get("/v1/storage/\x01"), [505]],
    ["a blank", get("/v1/storage/a b"), [505]],
    ["20,000 letters", get(`/v1/storage/${"a".repeat(20_000)}`), [400]],
    ["40,000 letters", get(`/v1/storage/${"a".repeat(40_000)}`), [413]],
    ["70,000 letters", get(`/v1/storage/${"a".repeat(70_000)}`), [431]],
    ["2,000 letters", get(`/v1/storage/${"a".repeat(2000)}`), [400]],
  ]),
  ...cases("header", [
    ["a folded line", get("/health", `${HOST}X-A: 1\r\n 2\r\n`), [400]],
    ["no colon", get("/health", `${HOST}X-A\r\n`), [400]],
    ["an empty name", get("/health", `${HOST}: 1\r\n`), [400]],
    ["a blank in a name", get("/health", `${HOST}X A: 1\r\n`), [400]],
    ["NUL in a value", get("/health", `${HOST}X-A: a\0b\r\n`), [400]],
    ["a bare carriage return in a value", get("/health", `${HOST}X-A: a\rb\r\n`), [400]],
    ["70,000 letters", get("/health", `${HOST}X-A: ${"a".repeat(70_000)}\r\n`), [431]],
    ["300 headers", get("/health", HOST + "X-A: 1\r\n".repeat(300)), [431]],
    [
      "an Upgrade that nobody offers",
      get("/health", `${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n`),
      [200],
    ],
    [
      "HTTP/2 by upgrade",
      get("/health", `${HOST}Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\n`),
      [200],
    ],
    ["a request id that is no token", get("/v1/nothing", `${HOST}X-Request-Id: <script>\r\n`), [404]],
    ["a key with a line feed", get("/v1/embed/models", `${HOST}Authorization: Bearer a\nX: b\r\n`), [400]],
  ]),
];
