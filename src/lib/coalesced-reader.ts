// Reads a stream so that it costs by its bytes and not by its chunks. The platform hands a chunk that arrives while a
// read waits to that read alone, however small it is, but joins all that arrive while nobody reads. So once a body has
// shown to come in small chunks, the event loop gets a turn before each read that follows one: three million chunks of
// one byte then take some dozens of reads and a tenth of the time, and hold nobody else up.

/** A full TCP segment or so; what is smaller is worth waiting a turn for more. */
const SMALL_BYTES = 4096;
/** So many may come at once: the usual body is whole before its first turn is over. */
const SMALL_CHUNKS_MAX = 16;

/** What is used of a stream's reader. */
export interface ByteReader {
  read(): Promise<{ readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

export function coalescedReader(reader: ByteReader): ByteReader {
  let small = 0;
  let wait = false;
  return {
    read: async () => {
      if (wait) await new Promise((resolve) => setImmediate(resolve));
      const step = await reader.read();
      wait =
        step.value !== undefined && step.value.byteLength < SMALL_BYTES && (small += 1) > SMALL_CHUNKS_MAX;
      return step;
    },
    cancel: (reason) => reader.cancel(reason),
  };
}
