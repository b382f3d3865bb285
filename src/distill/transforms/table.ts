// Which transform takes the lines of which source log: by the log's name. A log that is not in the table has none, and its
// lines go to quarantine.

import type { Transform } from "./transform.ts";
import { chat } from "./chat.ts";
import { fill } from "./fill.ts";
import { iterate } from "./iterate.ts";
import { journal } from "./journal.ts";
import { message } from "./message.ts";
import { pathway } from "./pathway.ts";
import { playbook } from "./playbook.ts";
import { replay } from "./replay.ts";
import { review } from "./review.ts";
import { search } from "./search.ts";
import { truth } from "./truth.ts";
import { validation } from "./validation.ts";

export const TRANSFORMS: Readonly<Record<string, Transform>> = {
  chat,
  iterate,
  validation,
  fill,
  message,
  search,
  playbook,
  pathway,
  journal,
  truth,
  review,
  replay_runs: replay,
};
