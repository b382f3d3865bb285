// What a writer under test is; see `../writers.ts`. Each has a file of its own, so that its process loads no other one's
// services.

export interface OpenWriter {
  step(n: number): Promise<void>;
  close(): Promise<void>;
}

export interface Writer {
  open(folder: string): Promise<OpenWriter>;
  /** What is wrong in a folder where `acked` were acknowledged and steps below `tried` were begun. */
  check(folder: string, acked: readonly number[], tried: number): Promise<string[]>;
}

/** A bug is told by the fault that it becomes. */
export const onBug = (): void => undefined;

/** What object `n` holds: its number in every line, so that a piece of another one shows. */
export function contentOf(n: number): string {
  return `line of ${n}\n`.repeat(3000 + (n % 7));
}
