// A progress line on stderr, printed in a terminal only and not in a pipe or a log.

import { cut } from "./table.ts";
import { columnsOf, paintTalk, stderrIsTty } from "./terminal.ts";

export interface Progress {
  /** `part` from 0 to 1, or undefined when the end is not known. */
  show(text: string, part?: number): void;
  /** Clears the line. */
  end(): void;
}

/** More updates are not visible, and would load a terminal over a slow connection. */
const REDRAW_MS = 80;
const BAR_WIDTH = 24;

export function createProgress(): Progress {
  let drawnAt = 0;
  let drawn = false;
  return {
    show: (text, part) => {
      const now = performance.now();
      if (!stderrIsTty || (drawn && now - drawnAt < REDRAW_MS)) return;
      drawnAt = now;
      drawn = true;
      const bar = part === undefined ? "" : `${barOf(part)} `;
      process.stderr.write(`\r\u001B[2K${bar}${cut(text, columnsOf(process.stderr) - BAR_WIDTH - 2)}`);
    },
    end: () => {
      if (drawn) process.stderr.write("\r\u001B[2K");
      drawn = false;
    },
  };
}

function barOf(part: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, part)) * BAR_WIDTH);
  return paintTalk("cyan", "█".repeat(filled)) + paintTalk("dim", "░".repeat(BAR_WIDTH - filled));
}
