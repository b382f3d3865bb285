// A large staffing file for the benches: rows like those of the demo's workers, of which a few thousand are drawn
// and the numbers of each row are drawn again, because a million whole draws would take longer than what is
// measured. The same plan gives the same bytes.

import { type FileHandle, open } from "node:fs/promises";
import { generateWorkers } from "#cli/demo/sample/sample";
import { writeAll } from "#lib/durable";
import { type Random, seeded } from "#lib/random";

export interface StaffingPlan {
  readonly rows: number;
  /** Rows in which a number is spelled in words, spread over the file. */
  readonly misfits?: number;
}

const TODAY = "2026-11-21";
const WORKERS = 4000;
const WRITE_CHARS = 4 * 1024 * 1024;
const HEADER =
  "worker_id,name,role,city,state,lat,lon,pay_floor,reliability,shifts_completed,phone,available_from";

/** Writes the file and gives its size in bytes. */
export async function writeStaffingCsv(path: string, plan: StaffingPlan): Promise<number> {
  const file = await open(path, "w");
  try {
    return await fill(file, plan);
  } finally {
    await file.close();
  }
}

async function fill(file: FileHandle, { rows, misfits = 0 }: StaffingPlan): Promise<number> {
  const random = seeded(1);
  const people = [...generateWorkers({ seed: 1, count: WORKERS, today: TODAY })].map((worker) => ({
    who: `,${worker.name},${worker.role},${worker.city},${worker.state},${worker.lat},${worker.lon},`,
    phone: worker.phone,
  }));
  const every = misfits === 0 ? Infinity : Math.floor(rows / misfits);
  let bytes = 0;
  let text = `${HEADER}\n`;
  for (let row = 1; row <= rows; row += 1) {
    const { who, phone } = random.pick(people);
    const shifts = row % every === Math.floor(every / 2) ? "a dozen" : random.below(400);
    text += `w-${row}${who}${14 + random.below(3000) / 100},${random.below(1001) / 1000},${shifts},${phone},${dayText(random)}\n`;
    if (text.length >= WRITE_CHARS || row === rows) {
      const piece = Buffer.from(text);
      await writeAll(file, piece);
      bytes += piece.byteLength;
      text = "";
    }
  }
  return bytes;
}

function dayText(random: Random): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  return `2026-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;
}
