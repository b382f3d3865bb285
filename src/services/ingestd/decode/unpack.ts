// gzip and zstd, told by their first bytes, unpacked in a stream with a limit on what comes out.

import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Fault } from "#rpc/fault";
import { diskFault, readHead } from "./files.ts";

/** What an hour's ingest could still read. */
export const UNPACKED_BYTES_MAX = 64 * 1024 ** 3;
/** Tables pack to a fifth or a twentieth, the emptiest to a hundredth; a bomb to a thousandth. */
const RATIO_MAX = 200;
/** Below this any ratio is harmless. */
const RATIO_BYTES_MIN = 64 * 1024 ** 2;

const PACKERS: readonly [name: string, magic: readonly number[], unpack: () => Transform][] = [
  ["gzip", [0x1f, 0x8b], createGunzip],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd], createZstdDecompress],
];

/** Unpacks gzip and zstd, told by their first bytes; `name` is null for what is not packed. */
export async function unpack(
  path: string,
  to: string,
  bytesMax = UNPACKED_BYTES_MAX,
): Promise<{ path: string; name: string | null }> {
  const head = await readHead(path, 4);
  const packer = PACKERS.find(([, magic]) => magic.every((byte, index) => head[index] === byte));
  if (packer === undefined) return { path, name: null };
  const [name, , make] = packer;
  const { size } = await stat(path);
  const likelyMax = Math.max(RATIO_BYTES_MIN, size * RATIO_MAX);
  let bytes = 0;
  const cap = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.byteLength;
      if (bytes > bytesMax)
        done(new Fault("too_large", `The file unpacks to more than ${bytesMax} bytes: send it in parts.`));
      else if (bytes > likelyMax)
        done(
          new Fault(
            "too_large",
            `The file unpacks to more than ${RATIO_MAX} times its size, which no table does: send it unpacked.`,
          ),
        );
      else done(null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(path), make(), cap, createWriteStream(to));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw (
      diskFault(error) ??
      new Fault(
        "rejected",
        `The file looks like ${name} and cannot be unpacked: ${(error as Error).message}.`,
      )
    );
  }
  return { path: to, name };
}
