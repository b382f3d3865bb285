// A body as a form sends it (multipart/form-data, RFC 7578): the file in its field `file` is taken out of it while
// it streams, so that what is hashed and loaded is the file; its other fields are the load's options. Nothing is
// held but the piece that is passing. A part that is neither is refused, never dropped: two files are two loads.

import { once } from "node:events";
import type { Readable } from "node:stream";
import { Busboy, type BusboyConfig, type BusboyHeaders, type BusboyInstance } from "@fastify/busboy";
import type { Bytes } from "#rpc/contract";
import { Fault } from "#rpc/fault";

/** The file and every option. */
const PARTS_MAX = 100;
/** Types of ten thousand columns. */
const FIELD_BYTES_MAX = 1024 * 1024;
const FILE_NAME_CHARS_MAX = 1024;
/** The field whose text is a JSON object of options. */
export const OPTIONS_FIELD = "options";

export interface Sent {
  readonly body: AsyncIterable<Uint8Array>;
  /** As the form calls the file. */
  readonly name?: string;
  /** The form's other fields, in their order; all are there once the body was read to its end. */
  readonly fields: readonly (readonly [name: string, text: string])[];
}

/** The file that a body carries: itself, unless the content type says that it is a form. */
export async function fileIn(body: Bytes, contentType: string | undefined): Promise<Sent> {
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType.trim()))
    return { body, fields: [] };
  const form = formOf(contentType);
  const found = Promise.withResolvers<{ stream: Readable; name: string }>();
  const fields: [string, string][] = [];
  let taken: string | undefined;
  let refusal: Fault | undefined;
  const refuse = (fault: Fault): void => {
    refusal ??= fault;
  };
  form.on("file", (field, stream, name) => {
    // Its errors are those of the form.
    stream.on("error", () => undefined);
    if (field !== "file") {
      refuse(strayFile(field, name));
    } else if (taken !== undefined) {
      refuse(secondFile(taken, name));
    } else {
      taken = name;
      found.resolve({ stream, name });
      return;
    }
    stream.resume();
  });
  form.on("field", (name, text, _nameCut, cut) => {
    if (cut) refuse(tooLong(name));
    else if (name === "file") refuse(noFileName());
    else fields.push([name, text]);
  });
  form.on("partsLimit", () => refuse(tooManyParts()));
  const read = pump(body, form, () => refusal).catch((error: unknown) => {
    throw error instanceof Fault ? error : broken(error);
  });
  read.then(
    () => found.reject(noFile()),
    (error: unknown) => found.reject(error),
  );
  const { stream, name } = await found.promise;
  return { body: during(stream, read), name: name.slice(0, FILE_NAME_CHARS_MAX), fields };
}

function noFile(): Fault {
  return new Fault("invalid", 'The form has no file in a field "file": curl -F file=@x.csv sends one.');
}

function noFileName(): Fault {
  return new Fault(
    "invalid",
    'The field "file" is a text and no file: give it a filename, as curl -F file=@x.csv does.',
  );
}

function strayFile(field: string, name: string): Fault {
  return new Fault(
    "invalid",
    `The form has the file ${quoted(name)} in a field ${quoted(field)}: send the file to load in the field "file".`,
  );
}

function secondFile(first: string, second: string): Fault {
  return new Fault(
    "invalid",
    `The form has two files, ${quoted(first)} and ${quoted(second)}: send each in a request of its own. Nothing was loaded.`,
  );
}

function tooLong(field: string): Fault {
  return new Fault(
    "too_large",
    `The field ${quoted(field)} is longer than the ${FIELD_BYTES_MAX} bytes that one may have.`,
  );
}

function tooManyParts(): Fault {
  return new Fault(
    "invalid",
    `The form has more than ${PARTS_MAX} parts: send the file and its options alone.`,
  );
}

/** Names are a client's, and no longer than a person reads. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

function formOf(contentType: string): BusboyInstance {
  try {
    const headers: BusboyHeaders = { "content-type": contentType };
    const config: BusboyConfig = {
      headers,
      limits: { parts: PARTS_MAX, fieldSize: FIELD_BYTES_MAX },
      // Options may come from a file: curl -F options=@options.json.
      isPartAFile: (field, type, name) =>
        field !== OPTIONS_FIELD && (type === "application/octet-stream" || name !== undefined),
    };
    return new Busboy(config);
  } catch (error) {
    throw broken(error);
  }
}

function broken(cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault("invalid", `The form cannot be read: ${why.replace(/\.$/, "")}. Send it again.`, {
    cause,
  });
}

/** Ends when the form does; fails when it is broken or refused, or the sender is gone. */
async function pump(body: Bytes, form: BusboyInstance, refused: () => Fault | undefined): Promise<void> {
  const finished = once(form, "finish");
  finished.catch(() => undefined);
  let failed: unknown;
  form.once("error", (error: unknown) => (failed = error ?? new Error("unknown error")));
  const stopRefused = (): void => {
    const refusal = refused();
    if (refusal !== undefined) throw refusal;
  };
  for await (const chunk of body) {
    if (failed !== undefined) break;
    stopRefused();
    if (!form.write(chunk)) await Promise.race([once(form, "drain"), finished]);
  }
  form.end();
  await finished;
  stopRefused();
}

/** The file's bytes; the rest of the form must be sound, too. */
async function* during(stream: Readable, read: Promise<void>): AsyncGenerator<Uint8Array> {
  const failed = read.then(() => undefined);
  failed.catch((error: unknown) => stream.destroy(error as Error));
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    throw error instanceof Fault ? error : broken(error);
  } finally {
    // Whoever reads no further lets the sender end: what still comes is dropped.
    stream.resume();
  }
  await read;
}
