import { expect, test } from "bun:test";
import fc from "fast-check";
import { eventsIn } from "./upload.ts";

const TEXT = `: begun\n\nevent: progress\ndata: {"phase":"read","rows":1}\n\nevent: done\ndata: {"rows_in":\ndata: 3}\n\n`;

test("events are read once and whole, however the text arrives", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(TEXT.length), { maxLength: 8 }), (cuts) => {
      const found: unknown[] = [];
      let next = 0;
      for (const cut of [...cuts.sort((a, b) => a - b), TEXT.length]) {
        const read = eventsIn(TEXT.slice(0, cut), next);
        found.push(...read.events);
        ({ next } = read);
      }
      expect(found).toEqual([
        { name: "progress", data: { phase: "read", rows: 1 } },
        { name: "done", data: { rows_in: 3 } },
      ]);
    }),
  );
});
