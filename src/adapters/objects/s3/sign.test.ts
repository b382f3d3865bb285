// The examples of the S3 API reference, "Signature Calculations for the Authorization Header".

import { expect, test } from "bun:test";
import { queryText, SHA256_OF_NOTHING, sha256Of, signed, type Unsigned } from "./sign.ts";

const CREDENTIALS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const AT = new Date("2013-05-24T00:00:00Z");
const BASE = { method: "GET", host: "examplebucket.s3.amazonaws.com", path: "/", query: {}, headers: {} };

function signature(request: Partial<Unsigned>): string {
  const whole = { ...BASE, sha256: SHA256_OF_NOTHING, ...request };
  const { authorization = "" } = signed(whole, CREDENTIALS, "us-east-1", AT);
  return authorization.split("Signature=")[1] ?? "";
}

test.each<[string, Partial<Unsigned>, string]>([
  [
    "an object with a range",
    { path: "/test.txt", headers: { range: "bytes=0-9" } },
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  [
    "an object that is put",
    {
      method: "PUT",
      path: "/test%24file.text",
      headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
      sha256: sha256Of("Welcome to Amazon S3."),
    },
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  ],
  [
    "a query with no value",
    { query: { lifecycle: "" } },
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  ],
  [
    "a list",
    { query: { prefix: "J", "max-keys": "2" } },
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
])("the published signature of %s", (_, request, expected) => {
  expect(signature(request)).toBe(expected);
});

test("temporary credentials send their token, signed", () => {
  const request = { ...BASE, sha256: SHA256_OF_NOTHING };
  const sent = signed(request, { ...CREDENTIALS, sessionToken: "token" }, "us-east-1", AT);
  expect(sent["x-amz-security-token"]).toBe("token");
  expect(sent["authorization"]).toContain("x-amz-date;x-amz-security-token,");
  expect(JSON.stringify(sent)).not.toContain(CREDENTIALS.secretAccessKey);
});

test("queries are in order and encoded as RFC 3986 has it", () => {
  expect(queryText({ b: "a b+c", a: "(!*')~/é" })).toBe("a=%28%21%2A%27%29~%2F%C3%A9&b=a%20b%2Bc");
});
