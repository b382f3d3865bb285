// Structured logs: one JSON object a line on stderr, or one readable line where a person looks. Values of
// fields that may hold secrets never come here; callers log names, counts and codes.

export type LogLevel = "debug" | "info" | "warn" | "error";

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log, with more fields on each line. */
  with(fields: LogFields): Log;
}

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface LogOptions {
  readonly level: LogLevel;
  /** A person reads it. */
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
          ? readableLine(at, message, all)
          : `${JSON.stringify({ at: now(), level: at, message, ...flat(all) })}\n`,
      );
    };
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    with: (more) => createLog({ ...options, fields: { ...fields, ...more } }),
  };
}

function now(): string {
  return new Date().toISOString();
}

function readableLine(level: LogLevel, message: string, fields: LogFields): string {
  const rest = Object.entries(flat(fields)).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return ` ${name}=${text}`;
  });
  return `${now().slice(11, 23)} ${level.padEnd(5)} ${message}${rest.join("")}\n`;
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
