// The program that is let die or fail at a system call: a writer, a folder and a number of steps.

import { runWriter, type WriterName } from "./writers.ts";

const [writer = "", folder = "", steps = "0"] = process.argv.slice(2);
await runWriter(writer as WriterName, folder, Number(steps));
process.exit(0);
