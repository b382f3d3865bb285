// File hand-off: the bytes of an open file in a reply. A stream is sent in chunks and without a length; a file is sent
// with its length, by the system and not through this process. What is handed off is not the file's name, which may
// belong to another file by then, but a path that leads to the open descriptor for a few seconds. A neighbour that
// forwards the reply takes the path too, and need not forward the bytes.

/** Where to find bytes `first` to `last`, inclusive, of a file of `size` bytes. */
export interface FileHandoff {
  readonly path: string;
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

/** Exactly one of the two is used, once. */
export class FileBytes {
  readonly stream: ReadableStream<Uint8Array>;
  /** Undefined where the file cannot be handed off just now. */
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

/** On a request: the neighbour is on this host and takes a path for the bytes. On the reply: that path. */
export const FILE_HEADER = "x-lakehouse-file";

export function printHandoff(handoff: FileHandoff): string {
  return JSON.stringify(handoff);
}

export function parseHandoff(text: string): FileHandoff {
  return JSON.parse(text) as FileHandoff;
}
