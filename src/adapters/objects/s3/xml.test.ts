import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "#rpc/fault";
import { escapedXml, parseXml, textOf } from "./xml.ts";

test("elements, text, entities and empty elements", () => {
  const root = parseXml(
    '<?xml version="1.0" encoding="UTF-8"?>\n<R xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><K>a&amp;b&#x20;&lt;&#233;</K><P/>\n<C a="1"><D>x</D></C></R>\n',
  );
  expect([root.name, textOf(root, "K"), textOf(root, "P"), textOf(root, "none")]).toEqual([
    "R",
    "a&b <é",
    "",
    undefined,
  ]);
  expect(root.children.map(({ name }) => name)).toEqual(["K", "P", "C"]);
});

test.each([
  "",
  "text",
  "<a>",
  "<a></b>",
  "</a>",
  "<a/><b/>",
  "<a>&unknown;</a>",
  "<a>&#x110000;</a>",
  "<a>& </a>",
  '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
  "<a><![CDATA[x]]></a>",
  "<a".repeat(1000),
  "<a>".repeat(40) + "</a>".repeat(40),
])("%p is refused", (text) => {
  expect(() => parseXml(text)).toThrow(Fault);
});

test("any text survives being written and read", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(textOf(parseXml(`<a><b>${escapedXml(text)}</b></a>`), "b")).toBe(text);
    }),
  );
});

test("whatever is read, it is an element or a fault, and soon", () => {
  const pieces = fc.constantFrom(
    "<a>",
    "</a>",
    "<b/>",
    "&amp;",
    "&",
    "<",
    ">",
    "<!--",
    "-->",
    "<?xml ?>",
    " ",
    "x",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      try {
        expect(parseXml(parts.join("")).name).not.toBe("");
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
      }
    }),
    { numRuns: 500 },
  );
});
