// Portkey's gateway (npm `@portkey-ai/gateway`), installed into a folder of its own that is kept for the next time, and run
// on Bun as a process: the peer of chat calls. Where it cannot be installed, why.

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerProcess } from "./server-process.ts";

const PACKAGE = "@portkey-ai/gateway@1.15.2";
const INSTALL_MS_MAX = 120_000;
const READY_MS_MAX = 20_000;

export async function startPortkey(): Promise<ServerProcess | { readonly absent: string }> {
  const folder = join(tmpdir(), "lakehouse-bench-portkey");
  const entry = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
  if (!existsSync(entry)) {
    await mkdir(folder, { recursive: true });
    const install = Bun.spawn(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE], {
      cwd: folder,
      stdio: ["ignore", "ignore", "ignore"],
      timeout: INSTALL_MS_MAX,
    });
    if ((await install.exited) !== 0) return { absent: `npm could not install ${PACKAGE}` };
  }
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = probe;
  probe.stop(true);
  const child = Bun.spawn([process.execPath, "--no-env-file", entry, `--port=${port}`, "--headless"], {
    cwd: folder,
    env: { ...Bun.env, NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "ignore"],
  });
  const url = `http://127.0.0.1:${port}`;
  const until = performance.now() + READY_MS_MAX;
  while (performance.now() < until) {
    const answered = await fetch(url, { keepalive: false }).then(
      () => true,
      () => false,
    );
    if (answered) {
      return {
        url,
        pid: child.pid,
        stop: async () => {
          child.kill("SIGKILL");
          await child.exited;
        },
      };
    }
    await Bun.sleep(50);
  }
  child.kill("SIGKILL");
  return { absent: `${PACKAGE} does not listen` };
}
