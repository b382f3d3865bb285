// A body as a form sends it (multipart/form-data, RFC 7578): the file in its field `file` is taken out of it while
// it streams, so that what is hashed and loaded is the file. Memory holds one piece at a time.

import { once } from "node:events";
import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders, type BusboyInstance } from "@fastify/busboy";
import type { Bytes } from "#rpc/contract";
import { Fault } from "#rpc/fault";

/** A form for one file has a handful; each has to be read past. */
const PARTS_MAX = 100;
const FIELD_BYTES_MAX = 64 * 1024;
const FILE_NAME_CHARS_MAX = 1024;

export interface Sent {
  readonly body: AsyncIterable<Uint8Array>;
  /** As the form calls the file. */
  readonly name?: string;
}

/** The file that a body carries: itself, unless the content type says that it is a form. */
export async function fileIn(body: Bytes, contentType: string | undefined): Promise<Sent> {
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType.trim())) return { body };
  const form = formOf(contentType);
  let taken = false;
  const found = Promise.withResolvers<{ stream: Readable; name: string }>();
  form.on("file", (field, stream, name) => {
    // Its errors are those of the form.
    stream.on("error", () => undefined);
    if (field === "file" && !taken) {
      taken = true;
      found.resolve({ stream, name });
    } else stream.resume();
  });
  const read = pump(body, form).catch((error: unknown) => {
    throw error instanceof Fault ? error : broken(error);
  });
  read.then(
    () =>
      found.reject(
        new Fault("invalid", 'The form has no file in a field "file": curl -F file=@x.csv sends one.'),
      ),
    (error: unknown) => found.reject(error),
  );
  const { stream, name } = await found.promise;
  return { body: during(stream, read), name: name.slice(0, FILE_NAME_CHARS_MAX) };
}

function formOf(contentType: string): BusboyInstance {
  try {
    const headers: BusboyHeaders = { "content-type": contentType };
    return new Busboy({ headers, limits: { parts: PARTS_MAX, fieldSize: FIELD_BYTES_MAX } });
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

/** Ends when the form does; fails when it is broken or the sender is gone. */
async function pump(body: Bytes, form: BusboyInstance): Promise<void> {
  const finished = once(form, "finish");
  finished.catch(() => undefined);
  let failed: unknown;
  form.once("error", (error: unknown) => (failed = error ?? new Error("unknown error")));
  for await (const chunk of body) {
    if (failed !== undefined) break;
    if (!form.write(chunk)) await Promise.race([once(form, "drain"), finished]);
  }
  form.end();
  await finished;
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
    // When reading stops early, the rest of the body is received and dropped.
    stream.resume();
  }
  await read;
}
