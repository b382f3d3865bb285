// A server under load, in a process of its own: an entry module that listens and reports its port with
// `reportPort`. It ends with the process that started it.

import { fileURLToPath } from "node:url";
import { assert } from "#lib/assert";

/** A server that loads an index may take a moment; one that takes longer will not come. */
const READY_MS_MAX = 20_000;

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts `entry`, a file URL as `import.meta.resolve` gives it; `handed` arrives as its arguments. */
export async function startServer(entry: string, ...handed: readonly string[]): Promise<ServerProcess> {
  const ready = Promise.withResolvers<number>();
  const child = Bun.spawn([process.execPath, "--no-env-file", fileURLToPath(entry), ...handed], {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: (port) => ready.resolve(port as number),
    onExit: (_, code) => ready.reject(new Error(`${entry} ended with code ${code} before it listened`)),
  });
  const late = setTimeout(() => ready.reject(new Error(`${entry} does not listen`)), READY_MS_MAX);
  try {
    const port = await ready.promise;
    return {
      url: `http://127.0.0.1:${port}`,
      pid: child.pid,
      stop: async () => {
        child.kill("SIGKILL");
        await child.exited;
      },
    };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(late);
  }
}

/** Sends JSON; throws unless the reply is a success. */
export async function callServer(
  { url }: ServerProcess,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert(response.ok, `${method} ${path} answers ${response.status}`);
  return response.json();
}

/** For the entry module: sends the port, and exits with the parent. */
export function reportPort(port: number | undefined): void {
  process.on("disconnect", () => process.exit(0));
  process.send?.(port);
}
