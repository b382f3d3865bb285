import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "#rpc/fault";
import { faultAfter, frame, lastFrame, unframing } from "./frames.ts";

const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });

test("a framed stream cut anywhere gives its bytes and its end", () => {
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 8 }),
      fc.integer({ min: 1, max: 20 }),
      fc.boolean(),
      (all, step, fails) => {
        const fault = fails ? new Fault("invalid", "as told") : undefined;
        const stream = Buffer.concat([...all.map((body) => frame(body)), lastFrame(fault)]);
        const unframe = unframing();
        const got: Uint8Array[] = [];
        let rest: Uint8Array | null = null;
        for (let at = 0; at < stream.length; at += step) {
          const piece = stream.subarray(at, at + step);
          if (rest !== null) {
            rest = Buffer.concat([rest, piece]);
            continue;
          }
          const unframed = unframe(piece);
          got.push(...unframed.bodies);
          rest = unframed.rest;
        }
        expect(Buffer.concat(got).equals(Buffer.concat(all))).toBe(true);
        expect(rest).not.toBeNull();
        expect(faultAfter(rest ?? new Uint8Array(0))?.message).toBe(fault?.message);
      },
    ),
  );
});

test("a stream that stops short has no end", () => {
  const stream = Buffer.concat([frame(Buffer.from("rows")), lastFrame(undefined)]);
  for (let length = 0; length < stream.length; length += 1) {
    expect(unframing()(stream.subarray(0, length)).rest).toBeNull();
  }
});
