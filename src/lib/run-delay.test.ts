import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { runDelayMs } from "./run-delay.ts";

const BUSY = "for (;;);";

test.skipIf(process.platform !== "linux")(
  "processes that share the processors wait for them, a stopped one does not (needs Linux)",
  async () => {
    const busy = Array.from({ length: 3 * availableParallelism() }, () =>
      Bun.spawn([process.execPath, "-e", BUSY], { stdio: ["ignore", "ignore", "ignore"] }),
    );
    try {
      const waited = (): number => busy.reduce((sum, { pid }) => sum + (runDelayMs(pid) ?? 0), 0);
      const before = waited();
      while (waited() < before + 300) await Bun.sleep(20);
      const stopped = busy[0]?.pid ?? 0;
      process.kill(stopped, "SIGSTOP");
      while (!readFileSync(`/proc/${stopped}/stat`, "latin1").includes(") T ")) await Bun.sleep(5);
      const since = runDelayMs(stopped);
      await Bun.sleep(200);
      expect(runDelayMs(stopped)).toBe(since);
    } finally {
      for (const one of busy) one.kill("SIGKILL");
      await Promise.all(busy.map(({ exited }) => exited));
    }
  },
  30_000,
);

test("nothing is told of a process that is not there", () => {
  expect(runDelayMs(2 ** 30)).toBeUndefined();
});
