import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Fault } from "#rpc/fault";
import { hashedModel } from "./hashed.ts";

const model = hashedModel();

async function vectorOf(text: string): Promise<Float32Array> {
  const [vector] = await model.embed([text]);
  if (vector === undefined) throw new Error("no vector");
  return vector;
}

async function cosine(left: string, right: string): Promise<number> {
  const [a, b] = await Promise.all([vectorOf(left), vectorOf(right)]);
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

const length = (vector: Float32Array): number => Math.hypot(...vector);

const digestOf = (vector: Float32Array): string =>
  new Bun.CryptoHasher("sha256").update(new Uint8Array(vector.buffer)).digest("hex").slice(0, 16);

describe("hashed-v1", () => {
  // When one of these fails, the model has changed: give it another name, do not correct the digest.
  test.each([
    ["Need 3 forklift operators in Springfield, IL Monday 6am", "752fec16bafeac49"],
    ["Zażółć gęślą jaźń: Straße, naïve, 東京, Ωμέγα", "6e612d602b2b6e98"],
    ["", "bc70c3d896fdd987"],
  ])("the vector of %p never changes, to the bit", async (text, digest) => {
    expect(digestOf(await vectorOf(text))).toBe(digest);
  });

  test("says what it is", () => {
    expect(model).toMatchObject({ name: "hashed-v1", provider: "hashed", dimension: 768 });
    expect(hashedModel({ dimension: 128 }).dimension).toBe(128);
  });

  test("a width that is no width is refused", () => {
    for (const dimension of [0, 63, 4097, 100.5, Number.NaN])
      expect(() => hashedModel({ dimension })).toThrow(Fault);
  });

  test("any text gives a finite vector of unit length, the same alone and in a batch", async () => {
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.lorem({ maxCount: 30 }));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (texts) => {
        const vectors = await model.embed(texts);
        expect(vectors.length).toBe(texts.length);
        for (const [i, vector] of vectors.entries()) {
          expect(vector.length).toBe(768);
          expect(Math.abs(length(vector) - 1)).toBeLessThan(1e-5);
          expect(digestOf(await vectorOf(texts[i] ?? ""))).toBe(digestOf(vector));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a text without words is one vector of its own, near to nothing", async () => {
    const empty = digestOf(await vectorOf(""));
    for (const text of [" ", "!!! ... ---", "\u0000\n"]) expect(digestOf(await vectorOf(text))).toBe(empty);
    expect(Math.abs(await cosine("", "forklift operator"))).toBeLessThan(0.15);
  });

  test("case, composed or decomposed accents and word ends in plural do not matter", async () => {
    expect(
      await cosine("Crème Brûlée Cook".normalize("NFC"), "crème brûlée cook".normalize("NFD")),
    ).toBeCloseTo(1, 5);
    expect(await cosine("STRASSE", "straße")).toBeCloseTo(1, 5);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 30 }), async (text) => {
        const [composed, decomposed] = [text.normalize("NFC"), text.normalize("NFD")];
        expect(digestOf(await vectorOf(composed))).toBe(digestOf(await vectorOf(decomposed)));
      }),
    );
    expect(await cosine("forklift operator", "Forklift Operators")).toBeCloseTo(1, 5);
  });

  // What is near must be nearer than what is not; each row names the text, the nearer one and the farther one.
  test.each([
    ["forklift operator", "forklift driver", "cnc operator"],
    ["forklift operator", "forklift operators", "cnc operator"],
    ["forklift operator", "forklfit operator", "cnc operator"],
    ["lift truck operator", "forklift driver", "truck driver"],
    ["maid", "room attendant", "medical assistant"],
    ["groundskeeper", "landscape laborer", "housekeeper"],
    ["CNA", "certified nursing assistant", "cnc machinist"],
    ["waitress", "banquet server", "web server administrator"],
    ["cook in Memphis, Tennessee", "cook, Memphis TN", "cook, Denver CO"],
    [
      "which tea does she like",
      "She prefers green tea over coffee",
      "The certificate of the server has expired",
    ],
  ])("%p is nearer to %p than to %p", async (text, nearer, farther) => {
    expect(await cosine(text, nearer)).toBeGreaterThan((await cosine(text, farther)) + 0.05);
  });

  test("a slip of the fingers hardly moves a word of the trade, and makes no other words alike", async () => {
    for (const slip of ["forklfit operator", "forkllift operator", "forklif operator"]) {
      expect(await cosine("forklift operator", slip)).toBeGreaterThan(0.9);
    }
    expect(await cosine("pointer", "painter")).toBeLessThan(0.5);
    expect(await cosine("farmer", "framer")).toBeLessThan(0.5);
  });

  test("how an order is phrased matters less than what it needs", async () => {
    const order = "Who can cover 8 housekeeper shifts in Aspen, CO at $9.94/hr?";
    expect(await cosine(order, "Housekeeper. Aspen, CO. Seasonal work, $10/hour")).toBeGreaterThan(
      await cosine(order, "Who can cover 8 welder shifts in Tampa, FL at $9.94/hr?"),
    );
  });

  test("a text of a million characters is read in its beginning, at once", async () => {
    const started = performance.now();
    await model.embed(["x".repeat(1_000_000), "a b ".repeat(250_000)]);
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test("a cancelled call gets no vectors", async () => {
    const rejected = await model.embed(["a"], AbortSignal.abort()).catch((thrown: unknown) => thrown);
    expect(rejected).toMatchObject({ code: "cancelled" });
  });
});
