// Structured logs, the same in every process: one JSON object a line on stderr, or one readable line where a person
// looks. Values that may hold secrets never come here; callers log names, counts and codes.

export type LogLevel = "debug" | "info" | "warn" | "error";

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log, with more fields on each line. */
  with(fields: LogFields): Log;
  /** Writes a line of another process's log in this one's format; what is no such line is logged as an error. */
  relay(line: string): void;
}

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface LogOptions {
  readonly level: LogLevel;
  /** For a person; else JSON. */
  readonly readable: boolean;
  readonly write?: (line: string) => void;
  readonly fields?: LogFields;
}

export function createLog(options: LogOptions): Log {
  const { level, readable, fields = {} } = options;
  const write = options.write ?? ((line: string): void => void process.stderr.write(line));
  const line =
    (at: LogLevel) =>
    (message: string, more?: LogFields): void => {
      if (ORDER[at] < ORDER[level]) return;
      const all = { ...fields, ...more };
      write(
        readable
          ? readableLine(now(), at, message, flat(all))
          : `${JSON.stringify({ at: now(), level: at, message, ...flat(all) })}\n`,
      );
    };
  const error = line("error");
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error,
    relay: (text) => {
      const entry = entryOf(text);
      if (entry === undefined) return error(text);
      const { at, level, message, ...rest } = entry;
      write(readable ? readableLine(at, level, message, rest) : `${text}\n`);
    },
    with: (more) => createLog({ ...options, fields: { ...fields, ...more } }),
  };
}

function now(): string {
  return new Date().toISOString();
}

interface LogEntry extends LogFields {
  readonly at: string;
  readonly level: LogLevel;
  readonly message: string;
}

function entryOf(text: string): LogEntry | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const entry = JSON.parse(text) as Partial<LogEntry>;
    const known = typeof entry.at === "string" && typeof entry.message === "string";
    return known && entry.level !== undefined && entry.level in ORDER ? (entry as LogEntry) : undefined;
  } catch {
    return undefined;
  }
}

/** `at` is a time as `now` gives it. */
function readableLine(at: string, level: LogLevel, message: string, fields: LogFields): string {
  const rest = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return ` ${name}=${text}`;
  });
  return `${at.slice(11, 23)} ${level.padEnd(5)} ${message}${rest.join("")}\n`;
}

function flat(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? stackOf(value) : value]),
  );
}

/** Errors as text: their stack is what a log is for. What could not be parsed is quoted in the message, and left out. */
function stackOf(error: Error): string {
  const stack = error.stack ?? error.message;
  return error instanceof SyntaxError ? stack.replace(error.message, "what was read is malformed") : stack;
}

/** Logs what nothing caught and ends the process: what it holds in memory cannot be trusted from then on. */
export function exitOnUncaught(log: Log): void {
  const exit = (error: unknown): void => {
    log.error("uncaught", { error });
    process.exit(1);
  };
  process.on("uncaughtException", exit);
  process.on("unhandledRejection", exit);
}
