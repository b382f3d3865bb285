// Objects: written, read, listed and removed on both sides, byte by byte. Keys stand below `parity/`, each run has its own,
// and what was written is removed.

import { askBoth } from "../http-probe.ts";
import type { HttpCase, Probe, ProbeContext } from "../probe.ts";

const NAMES = ["a.json", "b c.txt", "é.csv", "日本.bin", "deep/er/x", "q?&=.txt", "100%.txt"] as const;
const BYTES_MAX = 20_000;

export const storage: Probe = {
  name: "storage",
  summary: "Objects written, read, listed and removed, byte by byte; writes below parity/ on both sides",
  writes: true,
  run: (context) => askBoth(cases(context), context, { ignored: ["etag"], repeats: false }),
};

function* cases({ dialect, random, count }: ProbeContext): Generator<HttpCase> {
  const base = dialect === "go" ? "/v1/storage" : "/storage";
  const folder = `parity/${random.below(1_000_000_000).toString(36)}`;
  const about = (method: string): string => `${method} ${base}/{key}`;
  for (let at = 0; at < Math.max(NAMES.length, count); at += 1) {
    const name = NAMES[at];
    const key = `${folder}/${at}-${name ?? random.pick(NAMES)}`;
    const target = `${base}/${key.split("/").map(encodeURIComponent).join("/")}`;
    const seed = name === undefined ? {} : { seed: name };
    const bytes = Uint8Array.from({ length: at === 0 ? 0 : random.below(BYTES_MAX) }, () =>
      random.below(256),
    );
    const headers = { "content-type": "application/octet-stream" };
    const input = `${key}, ${bytes.byteLength} bytes`;
    yield {
      endpoint: about("PUT"),
      ...seed,
      input,
      request: { method: "PUT", target, headers, body: bytes },
    };
    yield { endpoint: about("GET"), ...seed, input, request: { method: "GET", target } };
    if (at % 3 === 0) {
      const query = new URLSearchParams({ prefix: `${folder}/` }).toString();
      yield {
        endpoint: `GET ${base}`,
        input: folder,
        request: { method: "GET", target: `${base}?${query}` },
      };
    }
    yield { endpoint: about("DELETE"), ...seed, input, request: { method: "DELETE", target } };
    yield {
      endpoint: `GET ${base}/{key}, removed`,
      refusable: true,
      input,
      request: { method: "GET", target },
    };
  }
}
