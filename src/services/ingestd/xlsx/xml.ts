// XML as it streams in: elements by local name and texts, in pieces of whatever size. Nothing outside of the
// text is looked up, and no entity but XML's own five and characters by number means anything.

import { Parser } from "saxen";
import { Fault } from "#rpc/fault";

/** A sheet's cell has 32,767 characters at most; what goes on longer without an end would be held, and read again. */
const TOKEN_CHARS_MAX = 8 * 1024 * 1024;

export interface XmlHandlers {
  open(name: string, attribute: (name: string) => string | undefined): void;
  text?(text: string): void;
  close?(name: string): void;
}

export class XmlReader {
  readonly #parser = new Parser();
  readonly #part: string;
  /** Characters since the last piece that was whole. */
  #waiting = 0;
  #failure: Error | undefined;

  /** `part` names the document in messages. */
  constructor(part: string, handlers: XmlHandlers) {
    this.#part = part;
    this.#parser
      .on("openTag", (name, attributes, decode) => {
        this.#waiting = 0;
        let found: Record<string, string> | undefined;
        handlers.open(localName(name), (wanted) => {
          const value = (found ??= attributes())[wanted];
          return value === undefined ? undefined : decode(value);
        });
      })
      .on("closeTag", (name) => {
        this.#waiting = 0;
        handlers.close?.(localName(name));
      })
      .on("error", (error) => (this.#failure = error));
    const { text } = handlers;
    if (text === undefined) return;
    this.#parser.on("text", (piece, decode) => text(decode(piece))).on("cdata", (piece) => text(piece));
  }

  write(xml: string): void {
    this.#waiting += xml.length;
    this.#parser.write(xml);
    this.#check();
    if (this.#waiting > TOKEN_CHARS_MAX)
      throw new Fault("rejected", `${this.#part} holds a text longer than ${TOKEN_CHARS_MAX} characters.`);
  }

  end(): void {
    this.#failure ??= this.#parser.end() ?? undefined;
    this.#check();
  }

  #check(): void {
    if (this.#failure === undefined) return;
    throw new Fault(
      "rejected",
      `The workbook is damaged: ${this.#part} is not valid XML (${this.#failure.message}). Save it again in Excel.`,
    );
  }
}

export async function readXml(
  part: string,
  texts: AsyncIterable<string>,
  handlers: XmlHandlers,
): Promise<void> {
  const reader = new XmlReader(part, handlers);
  for await (const text of texts) reader.write(text);
  reader.end();
}

/** Some writers give every element a prefix. */
function localName(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 ? name : name.slice(colon + 1);
}
