// Provocations of embeddings, vectors and search over corpora. The fixture has an index `here` of 2 dimensions and a
// corpus `people` of one worker, w-1, with a playbook that has as many versions as one may have.

import { erase, get, ofLength, post, type Provocations, put } from "./provocation.ts";

const SEARCH = { query_text: "cook", corpora: ["nobody"] };
const CORPUS = { dataset: "nobody", id: "id", text: "{id}" };
const JUDGEMENT = { query_text: "cook", id: "w-1", grade: 1 };
const CODES = { dataset: "nobody", title: "title", soc: "soc" };
/** What the fixture records so often. */
export const PLAYBOOK = {
  query_text: "cook in Reno, NV",
  answer_id: "w-1",
  answer_corpus: "people",
} as const;

export const SEARCHES: Provocations = {
  "embedd.embed": { not_found: post("/v1/embed", { texts: ["a"], model: "nobody" }) },
  "vectord.create": { conflict: { method: "PUT", path: "/v1/vectors/here", body: { dimension: 3 } } },
  "vectord.index": { not_found: get("/v1/vectors/nobody") },
  "vectord.drop": { not_found: erase("/v1/vectors/nobody") },
  "vectord.upsert": {
    not_found: post("/v1/vectors/nobody/upsert", { items: [{ id: "a", vector: [1, 2] }] }),
    conflict: post("/v1/vectors/here/upsert", { model: "another", items: [{ id: "a", vector: [1, 2] }] }),
  },
  "vectord.import": {
    not_found: { method: "POST", path: "/v1/vectors/nobody/import", body: "" },
    conflict: { method: "POST", path: "/v1/vectors/here/import?model=another", body: "" },
  },
  "vectord.repair": { not_found: post("/v1/vectors/nobody/repair") },
  "vectord.delete": { not_found: post("/v1/vectors/nobody/delete", { ids: ["a"] }) },
  "vectord.search": {
    not_found: post("/v1/vectors/nobody/search", { vector: [1, 2] }),
    conflict: post("/v1/vectors/here/search", { vector: [1, 2], model: "another" }),
  },
  "vectord.fetch": { not_found: post("/v1/vectors/nobody/fetch", { ids: ["a"] }) },
  "vectord.recall": { not_found: post("/v1/vectors/nobody/recall") },
  "vectord.snapshot": {
    not_found: post("/v1/vectors/nobody/snapshot"),
    conflict: post("/v1/vectors/here/snapshot", { name: "first" }),
  },
  "vectord.snapshots": { not_found: get("/v1/vectors/nobody/snapshots") },
  "vectord.dropSnapshot": { not_found: erase("/v1/vectors/here/snapshots/nobody") },
  "vectord.restore": { not_found: post("/v1/vectors/here/restore", { name: "nobody" }) },
  "vectord.versions": { not_found: get("/v1/vectors/nobody/versions") },
  "matrixd.search": { not_found: post("/v1/matrix/search", SEARCH) },
  "matrixd.retrieve": { not_found: post("/v1/matrix/retrieve", SEARCH) },
  "matrixd.putCorpus": {
    not_found: { method: "PUT", path: "/v1/matrix/corpora/c", body: CORPUS },
  },
  "matrixd.corpus": { not_found: get("/v1/matrix/corpora/nobody") },
  "matrixd.corpusEvents": {
    not_found: { ...get("/v1/matrix/corpora/nobody"), headers: { accept: "text/event-stream" } },
  },
  "matrixd.dropCorpus": { not_found: erase("/v1/matrix/corpora/nobody") },
  "matrixd.tuneCorpus": {
    not_found: post("/v1/matrix/corpora/nobody/tune", { judgements: [JUDGEMENT] }),
  },
  "matrixd.corpusWeights": { not_found: get("/v1/matrix/corpora/nobody/weights") },
  "matrixd.setWeights": { not_found: put("/v1/matrix/corpora/nobody/weights") },
  "matrixd.learnTitles": { too_large: ofLength(33, "POST", "/v1/matrix/taxonomy/learn") },
  "matrixd.learnDataset": { not_found: post("/v1/matrix/taxonomy/learn-dataset", CODES) },
  "matrixd.resetTaxonomy": { conflict: erase("/v1/matrix/taxonomy") },
  "matrixd.importPlaces": { too_large: ofLength(9, "POST", "/v1/matrix/places") },
  "matrixd.forgetPlaces": { not_found: erase("/v1/matrix/places/sources/nobody") },
  "matrixd.forgetTitles": { not_found: erase("/v1/matrix/taxonomy/sources/nobody") },
  "matrixd.recordPlaybook": {
    not_found: post("/v1/matrix/playbooks/record", { ...PLAYBOOK, answer_id: "nobody", score: 1 }),
    rejected: post("/v1/matrix/playbooks/record", { ...PLAYBOOK, role: "qxzv", score: 1 }),
    conflict: post("/v1/matrix/playbooks/record", { ...PLAYBOOK, score: 1 }),
  },
  "matrixd.importPlaybooks": {
    too_large: { method: "POST", path: "/v1/matrix/playbooks/import", body: "x".repeat(65 * 1024) },
  },
  "matrixd.playbook": { not_found: get("/v1/matrix/playbooks/nobody") },
  "matrixd.dropPlaybook": { not_found: erase("/v1/matrix/playbooks/nobody") },
  "matrixd.disablePlaybook": { not_found: post("/v1/matrix/playbooks/nobody/disable") },
  "matrixd.enablePlaybook": { not_found: post("/v1/matrix/playbooks/nobody/enable") },
};
