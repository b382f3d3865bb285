// Parses the XML of S3's responses, and no more of XML than that: elements, text, the five named entities and numeric
// ones. Attributes are skipped; a document type, CDATA and anything that does not nest is refused, so that no response can
// make this read files, expand entities or nest deeply.

import { Fault } from "#rpc/fault";

export interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/** A listing has four levels. */
const DEPTH_MAX = 16;

const TOKEN =
  /<\?xml[^>]*\?>|<!--(?:[^-]|-(?!->))*-->|<(\/?)([A-Za-z_][\w:.-]*)((?:\s[^<>]*?)?)(\/?)>|([^<]+)/gy;
const ENTITY = /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-z]{2,4}));|&/g;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The root element. Throws `upstream` for what is not such a document. */
export function parseXml(text: string): Element {
  const top: Element = { name: "", children: [], text: "" };
  const open = [top];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    const current = open.at(-1);
    if (match === null || current === undefined) throw notXml();
    const [, closing, name, , empty, characters] = match;
    if (characters !== undefined) current.text += unescaped(characters);
    else if (name !== undefined && closing === "/") {
      if (current.name !== name || open.length === 1) throw notXml();
      open.pop();
    } else if (name !== undefined) {
      const element: Element = { name, children: [], text: "" };
      current.children.push(element);
      if (empty === "") open.push(element);
      if (open.length > DEPTH_MAX) throw notXml();
    }
  }
  const [root, ...others] = top.children;
  if (root === undefined || others.length > 0 || open.length !== 1 || top.text.trim() !== "") throw notXml();
  return root;
}

/** The text of a child, when there is one. */
export function textOf(element: Element, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

export function escapedXml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function unescaped(text: string): string {
  return text.replaceAll(ENTITY, (_, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined && Object.hasOwn(NAMED, name)) return NAMED[name] ?? "";
    const code = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal ?? Number.NaN);
    if (!(code <= 0x10ffff)) throw notXml();
    return String.fromCodePoint(code);
  });
}

function notXml(): Fault {
  return new Fault(
    "upstream",
    "The object store sent XML that cannot be read. Check that LAKEHOUSE_S3_ENDPOINT is the address of an S3 server.",
  );
}
