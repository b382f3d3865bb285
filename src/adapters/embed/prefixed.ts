// Asymmetric embedding models: trained with one prefix before what is searched for and another before what is found, as in
// "search_query: " and "search_document: ". The prefixes are part of a model's identity, because vectors made with others
// cannot be compared with its own: they show in its name, and so in cache keys, corpora and indexes.

import { createHash } from "node:crypto";
import type { EmbedModel, Prefixes } from "./embed-model.ts";

/** Of the digest: enough for the handful of models that a house has. */
const MARK_LENGTH = 8;

/**
 * The model under a name of its own, such as "nomic-embed-text#1f0c2a9b", with the prefixes for its caller to put before
 * texts. A model with two empty prefixes is the model itself.
 */
export function prefixed(model: EmbedModel, prefixes: Prefixes): EmbedModel {
  const { query, document } = prefixes;
  if (query === "" && document === "") return model;
  const digest = createHash("sha256").update(JSON.stringify([query, document]));
  const name = `${model.name}#${digest.digest("hex").slice(0, MARK_LENGTH)}`;
  return { ...model, name, prefixes: { query, document } };
}
