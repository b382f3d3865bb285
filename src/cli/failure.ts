// Turns a thrown error into the output of a command: one or two lines that say what failed, why and what to do, never a
// stack trace, and an exit code that follows from the kind of failure alone.

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

/** More details would scroll the message off the screen. */
const DETAILS_SHOWN = 5;

/** What to do next at a prompt, which the service's message cannot know. */
const NEXT: Partial<Record<FaultCode, string>> = {
  unauthorized:
    "Set LAKEHOUSE_KEY to an API key of this house. Create one with: lakehouse config add-key NAME --scope write",
  internal: "The log of the house has details; `lakehouse doctor` looks for the cause.",
};

const CHECK_ADDRESS =
  "Check the address in --url or LAKEHOUSE_URL. Without either, commands use the house that runs over --data. Start one with: lakehouse up";

/** Calls that messages of services name for programs, and the commands that make them; more exact ones first. */
const COMMANDS: readonly (readonly [call: RegExp, command: string])[] = [
  [/GET \/v1\/catalog\/datasets\/([\w$]+)\/snapshots/, "lakehouse datasets $1"],
  [/GET \/v1\/catalog\/datasets/, "lakehouse datasets"],
  [/GET \/v1\/vectors\/([\w.-]+)\/snapshots/, "lakehouse vectors snapshots $1"],
  [/GET \/v1\/fill-blocks/, "lakehouse fill blocks"],
  [/GET \/v1\/matrix\/playbooks/, "lakehouse playbook list"],
  [/GET \/v1\/observer\/rules/, "lakehouse observe alerts"],
  [/GET \/v1\/pathway\/traces/, "lakehouse trace ls"],
  [/POST \/v1\/ingest/, "lakehouse ingest"],
];

function atPrompt(message: string): string {
  return COMMANDS.reduce((text, [call, command]) => text.replace(call, command), message);
}

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
    lines: [`Unexpected error: ${message}`, "Run it again with LAKEHOUSE_LOG=debug for a stack trace."],
  };
}

function faultLines(fault: Fault): string[] {
  if (fault.code === "cancelled") return ["Interrupted."];
  const { details = [] } = fault;
  // A detail that the message contains already is not repeated.
  const further = details.filter(({ message }) => !fault.message.includes(message));
  const shown = further
    .slice(0, DETAILS_SHOWN)
    .map(({ path, message }) => `  ${path === "" ? "" : `${path}: `}${message}`);
  const more = further.length - shown.length;
  const next = fault.reason === UNREACHABLE ? CHECK_ADDRESS : NEXT[fault.code];
  return [
    // DuckDB indents its lists with tabs.
    ...atPrompt(fault.message).replaceAll("\t", "    ").split("\n"),
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...(next === undefined ? [] : [next]),
  ];
}
