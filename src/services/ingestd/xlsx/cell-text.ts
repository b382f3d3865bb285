// A cell as text, in one way of writing for each kind of value: dates as ISO 8601, numbers to their last digit and
// without an exponent, TRUE and FALSE, an error as Excel shows it. What a column is, is decided further on by its
// texts, as for a file that was text from the start.

import { dateText } from "./serial-date.ts";
import { fillTemplate, PLAIN } from "./number-format.ts";
import { numberText } from "./number-text.ts";
import type { SharedStrings } from "./shared-strings.ts";
import type { Cell } from "./sheet.ts";
import type { Workbook } from "./workbook.ts";

export type CellText = (cell: Cell) => string;

export function cellTexts({ formats, since1904 }: Workbook, strings: SharedStrings): CellText {
  return ({ type, style, text }) => {
    switch (type) {
      case "shared":
        return strings.at(Number(text));
      case "boolean":
        return text === "1" || text === "true" ? "TRUE" : "FALSE";
      case "date":
        return text.replace(/T00:00:00(?:\.0+)?Z?$/, "").replace("T", " ");
      case "number": {
        const value = Number(text);
        // Not a number to us, though its writer says so: shown as it stands.
        if (text.trim() === "" || !Number.isFinite(value)) return text;
        const { kind, template } = formats[style] ?? PLAIN;
        if (kind === "number") return numberText(value);
        if (kind !== "digits") return dateText(value, kind, since1904) ?? numberText(value);
        const whole = Number.isSafeInteger(value) && value >= 0;
        return whole && template !== undefined ? fillTemplate(template, value) : numberText(value);
      }
      case "text":
      case "error":
        return text;
      default:
        return type satisfies never;
    }
  };
}
