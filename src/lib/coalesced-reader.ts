// Reads a stream so that it costs by its bytes and not by its chunks. The platform hands a chunk that arrives while a
// read waits to that read alone, however small it is, but joins all that arrive while nobody reads. So after a small chunk
// the event loop gets a turn before the next read: a body of three million chunks of one byte then takes a dozen reads
// and a tenth of the time, and holds nobody else up.

/** A full TCP segment or so; what is smaller is worth waiting a turn for more. */
const SMALL_BYTES = 4096;

/** What is used of a stream's reader. */
export interface ByteReader {
  read(): Promise<{ readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

export function coalescedReader(reader: ByteReader): ByteReader {
  let small = false;
  return {
    read: async () => {
      if (small) await new Promise((resolve) => setImmediate(resolve));
      const step = await reader.read();
      small = step.value !== undefined && step.value.byteLength < SMALL_BYTES;
      return step;
    },
    cancel: (reason) => reader.cancel(reason),
  };
}
