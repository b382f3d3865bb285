// Routes as people write them: services go by their nouns, so `go:matrixd.search` is `go:matrix.search`.

const NOUNS: Readonly<Record<string, string>> = {
  storaged: "storage",
  catalogd: "catalog",
  ingestd: "ingest",
  queryd: "query",
  embedd: "embed",
  vectord: "vector",
  matrixd: "matrix",
  pathwayd: "pathway",
  observerd: "observe",
  chatd: "chat",
  validatord: "validate",
  journald: "journal",
  truthd: "truth",
  filld: "fill",
};

export function routeName(mounted: string): string {
  const [dialect = "", rest = ""] = mounted.split(":");
  const [service = "", ...operation] = rest.split(".");
  const noun = NOUNS[service];
  return noun === undefined ? mounted : `${dialect}:${[noun, ...operation].join(".")}`;
}
