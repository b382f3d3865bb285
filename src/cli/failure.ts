// From whatever was thrown to what a person reads and what a script sees: one or two lines that say what, why and
// what to do, never a stack, and an exit code that follows from the kind of failure alone.

import { ConfigProblems } from "#config";
import { Fault, type FaultCode } from "#rpc/fault";
import { UNREACHABLE } from "#rpc/remote";

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  rejected: 3,
  notFound: 4,
  upstream: 5,
  interrupted: 130,
} as const;

/** The command line itself is wrong: an unknown flag, a missing argument, text that is not JSON. */
export class UsageProblem extends Error {
  override readonly name = "UsageProblem";
}

const EXIT_OF: Readonly<Record<FaultCode, number>> = {
  invalid: EXIT.usage,
  unauthorized: EXIT.failure,
  forbidden: EXIT.failure,
  not_found: EXIT.notFound,
  conflict: EXIT.failure,
  too_large: EXIT.failure,
  rejected: EXIT.rejected,
  rate_limited: EXIT.failure,
  cancelled: EXIT.interrupted,
  internal: EXIT.failure,
  upstream: EXIT.upstream,
  unavailable: EXIT.upstream,
  timeout: EXIT.failure,
};

export interface Failure {
  readonly exitCode: number;
  /** What to print after `lakehouse: `, the first line being the failure itself. */
  readonly lines: readonly string[];
}

/** Details beyond these would push what matters off the screen. */
const DETAILS_SHOWN = 5;

/** What to do next, where the message of the house cannot know that it is read at a prompt. */
const NEXT: Partial<Record<FaultCode, string>> = {
  unauthorized:
    "Put a key of this house into LAKEHOUSE_KEY. Make one with: lakehouse config add-key NAME --scope write",
  internal: "The log of the house says more; `lakehouse doctor` looks for a cause.",
};

const WHO_ANSWERS =
  "Is it the right address? Without --url and LAKEHOUSE_URL the house of this machine is asked; `lakehouse status` says how it is.";

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof ConfigProblems) {
    return {
      exitCode: EXIT.usage,
      lines: [
        `${thrown.message}:`,
        ...thrown.problems.map((problem) => `  ${problem}`),
        "See: lakehouse config list",
      ],
    };
  }
  if (thrown instanceof Fault) return { exitCode: EXIT_OF[thrown.code], lines: faultLines(thrown) };
  if (thrown instanceof UsageProblem) return { exitCode: EXIT.usage, lines: thrown.message.split("\n") };
  const message = thrown instanceof Error && thrown.message !== "" ? thrown.message : String(thrown);
  return {
    exitCode: EXIT.failure,
    lines: [
      `Something went wrong here that should not: ${message}`,
      "Run it again with LAKEHOUSE_LOG=debug to see where.",
    ],
  };
}

function faultLines(fault: Fault): string[] {
  if (fault.code === "cancelled") return ["Interrupted."];
  const { details = [] } = fault;
  // A message that names the only place already is not said twice.
  const told = details.filter(({ message }) => !fault.message.includes(message));
  const shown = told
    .slice(0, DETAILS_SHOWN)
    .map(({ path, message }) => `  ${path === "" ? "" : `${path}: `}${message}`);
  const more = told.length - shown.length;
  const next = fault.reason === UNREACHABLE ? WHO_ANSWERS : NEXT[fault.code];
  return [
    // DuckDB sets its lists in with tabs.
    ...fault.message.replaceAll("\t", "    ").split("\n"),
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...(next === undefined ? [] : [next]),
  ];
}
