// Loaded before every test file: property tests draw from one seed, so that the same code gives the same result, wherever and
// whenever it is tested. `PROPERTY_SEED=random npm test` draws anew each time, to look for what no run has seen, and a number
// in its place repeats such a run.

import fc from "fast-check";

const SEED = 20_261_130;

const wanted = Bun.env["PROPERTY_SEED"] ?? "";
if (wanted !== "random") fc.configureGlobal({ seed: wanted === "" ? SEED : Number(wanted) });
