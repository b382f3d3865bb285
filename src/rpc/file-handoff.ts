// Bytes of a file that is open, on their way out. A stream is sent in chunks and nobody learns how long it will be;
// a file is sent with its length, and by the system instead of through here. The file is not named, since what has
// its name may be another one by then, but lent: a path leads to what is open for a few seconds, also for the
// process next door that passes a daemon's reply on, which then need not pass on the bytes.

/** Where to find bytes `first` to `last`, inclusive, of a file of `size` bytes. */
export interface FileHandoff {
  readonly path: string;
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

/** One of both is used, once. */
export class FileBytes {
  readonly stream: ReadableStream<Uint8Array>;
  /** Undefined where it cannot be lent just now. */
  readonly handOff: () => FileHandoff | undefined;

  constructor(stream: ReadableStream<Uint8Array>, handOff: () => FileHandoff | undefined) {
    this.stream = stream;
    this.handOff = handOff;
  }
}

export function handedOffBlob({ path, first, last, size }: FileHandoff): Blob {
  const file = Bun.file(path);
  return first === 0 && last === size - 1 ? file : file.slice(first, last + 1);
}

/** A request header of a neighbour on this host that takes a path for the bytes, and the reply header that has it. */
export const FILE_HEADER = "x-lakehouse-file";

export function printHandoff(handoff: FileHandoff): string {
  return JSON.stringify(handoff);
}

export function parseHandoff(text: string): FileHandoff {
  return JSON.parse(text) as FileHandoff;
}
