// Drafts as files: CSV for a spreadsheet or a bulk sender, mbox (RFC 4155) for mail programs. Nothing is sent by the house.

import type { Message } from "#contracts/fill";

const COLUMNS = [
  "message_id",
  "worker_id",
  "channel",
  "purpose",
  "language",
  "to",
  "subject",
  "body",
] as const;

export function csvOf(messages: readonly Message[]): string {
  const rows = messages.map((message) => COLUMNS.map((column) => cell(message[column] ?? "")).join(","));
  return [COLUMNS.join(","), ...rows, ""].join("\r\n");
}

/** A cell that a spreadsheet would take for a formula is led by an apostrophe. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^\+\d[\d ().-]*$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** E-mails alone: a text message is not one. */
export function mboxOf(messages: readonly Message[]): string {
  return messages
    .filter(({ channel, to }) => channel === "email" && to !== undefined)
    .map(({ message_id, to = "", subject = "", body, drafted_at }) => {
      const date = new Date(drafted_at).toUTCString().replace("GMT", "+0000");
      const head = [
        `From MAILER-DAEMON ${new Date(drafted_at).toUTCString()}`,
        `Message-ID: <${message_id}@lakehouse.invalid>`,
        `Date: ${date}`,
        `To: ${oneLine(to)}`,
        `Subject: ${encodedWord(oneLine(subject))}`,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "X-Unsent: 1",
      ];
      const lines = body.split("\n").map((line) => (/^>*From /.test(line) ? `>${line}` : line));
      return `${head.join("\n")}\n\n${lines.join("\n")}\n\n`;
    })
    .join("");
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}

/** RFC 2047: a header with other than ASCII is base64 of UTF-8, 45 bytes a word. */
function encodedWord(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  const words: string[] = [];
  let word = "";
  for (const character of text) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word);
      word = "";
    }
    word += character;
  }
  return [...words, word].map((one) => `=?utf-8?B?${Buffer.from(one).toString("base64")}?=`).join("\n ");
}
