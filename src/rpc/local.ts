// Contract + handlers -> implementation, and from it the in-process Service. The one place where input is parsed,
// deadlines are enforced and bugs become faults: HTTP routes call the same implementation, so both topologies behave
// alike because they run the same lines.

import { z } from "zod";
import { onAbort } from "#lib/abort";
import { deadline } from "#lib/coarse-timer";
import { CallState, cancellation, deadlineOf, type CallInit, type IncomingCall } from "./call.ts";
import {
  type AnyOp,
  type Contract,
  Encoded,
  type Handlers,
  type Service,
  type Raw,
  type RawReply,
  servedOps,
  timeoutMsOf,
} from "./contract.ts";
import { Fault, toFault } from "./fault.ts";
import { parseInput } from "./input/invalid-input.ts";
import { FileBytes } from "./file-handoff.ts";

export interface Implementation<C extends Contract = Contract> {
  readonly contract: C;
  /** The service: the origin of its faults. */
  readonly origin: string;
  readonly invocations: Readonly<Record<string, Invocation>>;
}

export interface Invocation {
  readonly operation: AnyOp;
  /** JSON and raw operations: the output, or a promise of it that rejects with nothing but a Fault. */
  call(input: unknown, init: CallInit | IncomingCall | undefined): unknown;
  /** Event operations. Throws a Fault for input that is not valid; the iterable throws nothing but a Fault. */
  events(input: unknown, init: CallInit | IncomingCall | undefined): AsyncIterable<unknown>;
}

export interface ImplementOptions {
  /** Parse every output too and fail when a handler breaks its own contract: for tests. */
  readonly checkOutputs?: boolean;
  /** Called with everything that was thrown and is not a Fault. */
  readonly onBug?: (bug: unknown, where: { operation: string; requestId: string }) => void;
}

type Handler = (input: unknown, call: CallState) => unknown;

const IDLE: CallInit = {};

export function implement<C extends Contract>(
  contract: C,
  origin: string,
  handlers: Handlers<C>,
  options: ImplementOptions = {},
): Implementation<C> {
  const invocations: Record<string, Invocation> = {};
  for (const [name, operation] of servedOps(contract)) {
    const handler = (handlers as Record<string, unknown>)[name] as Handler;
    invocations[name] = invocation(name, operation, origin, handler, options);
  }
  return { contract, origin, invocations };
}

/** The in-process Service of an implementation. */
export function local<C extends Contract>(implementation: Implementation<C>): Service<C> {
  const service: Record<string, unknown> = {};
  for (const [name, invoked] of Object.entries(implementation.invocations)) {
    service[name] =
      invoked.operation.reply === "events"
        ? (input: unknown, init?: CallInit) => ({
            [Symbol.asyncIterator]: () => invoked.events(input, init)[Symbol.asyncIterator](),
          })
        : async (input: unknown, init?: CallInit) => {
            const output = await invoked.call(input, init);
            if (output instanceof Encoded) return output.value() as unknown;
            return invoked.operation.reply === "raw" ? streamed(output as RawReply) : output;
          };
  }
  return service as Service<C>;
}

function streamed(reply: RawReply): Raw {
  const { body } = reply;
  if (body === null || body instanceof ReadableStream) return { ...reply, body };
  if (body instanceof FileBytes) return { ...reply, body: body.stream };
  return { ...reply, body: new Response(body).body };
}

function invocation(
  name: string,
  operation: AnyOp,
  origin: string,
  handler: Handler,
  options: ImplementOptions,
): Invocation {
  const timeoutMs = timeoutMsOf(operation);
  const place = `${origin}.${name}`;

  const failed = (thrown: unknown, call: CallState): Fault => {
    const fault = toFault(thrown);
    fault.origin ??= origin;
    if (fault.code === "internal" && fault.cause !== undefined) {
      options.onBug?.(fault.cause, { operation: place, requestId: call.requestId });
    }
    return fault;
  };

  const parse = (input: unknown): unknown => {
    const schema = operation.input as z.core.$ZodType;
    if (operation.body !== "raw") return parseInput(schema, input);
    const { body, ...fields } = input as Record<string, unknown>;
    return { ...(parseInput(schema, fields) as object), body };
  };

  const check = (output: unknown): unknown => {
    checkOutput(operation, place, output);
    return output;
  };
  const checks = options.checkOutputs === true && operation.reply === "json";

  /** The handler's output, or a promise of it where the handler gave one. Whatever is thrown rejects as a Fault. */
  const begin = (input: unknown, call: CallState): unknown => {
    try {
      const output = handler(parse(input), call);
      if (!(output instanceof Promise)) return checks ? check(output) : output;
      return (checks ? output.then(check) : output).catch((thrown: unknown) => {
        throw failed(thrown, call);
      });
    } catch (thrown) {
      return Promise.reject(failed(thrown, call));
    }
  };

  return {
    operation,
    call: (input, start = IDLE) => {
      const at = deadlineOf(start, timeoutMs);
      // A call that is passed on is cancelled by its first caller; deadline and signal need no second watch.
      if (start instanceof CallState && start.deadline <= at) return begin(input, start);
      const signal = signalOf(start);
      if (signal?.aborted === true) return Promise.reject(cancellation(signal.reason));
      const call = new CallState(start, at);
      const begun = begin(input, call);
      // A synchronous output needs no watch.
      if (!(begun instanceof Promise)) return begun;
      return untilEnded(begun, call, signal, () => timedOut(operation, origin));
    },
    events: (input, start = IDLE) => {
      // Before the stream begins, so that over HTTP it is an answer of its own and no event in a stream.
      const parsed = parsedOrFault(() => parse(input), origin);
      const begun = (call: CallState): AsyncIterable<unknown> =>
        handler(parsed, call) as AsyncIterable<unknown>;
      return cancellableEvents(start, operation, origin, begun, failed);
    },
  };
}

function parsedOrFault(parse: () => unknown, origin: string): unknown {
  try {
    return parse();
  } catch (thrown) {
    const fault = toFault(thrown);
    fault.origin ??= origin;
    throw fault;
  }
}

/** Waits for `work` until it ends, the call's deadline passes or its caller's own signal fires, whichever is first. */
function untilEnded(
  work: Promise<unknown>,
  call: CallState,
  signal: AbortSignal | undefined,
  tooLate: () => Fault,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let forget = (): void => undefined;
    const settle = (): void => {
      limit.clear();
      forget();
    };
    const stop = (fault: Fault): void => {
      settle();
      call.end(fault);
      reject(fault);
    };
    const limit = deadline(call.deadline, () => stop(tooLate()));
    forget = onAbort(signal, (reason) => stop(cancellation(reason)));
    work.then(
      (output) => {
        settle();
        resolve(output);
      },
      (thrown: unknown) => {
        settle();
        reject(thrown);
      },
    );
  });
}

/**
 * The handler's events: a consumer that stops, or whose signal fires, ends the handler's generator and fires the call's
 * signal at once, even while the generator waits for something. There is no deadline unless the caller set one: a stream
 * ends when its work does.
 */
function cancellableEvents(
  start: CallInit | IncomingCall,
  operation: AnyOp,
  origin: string,
  open: (call: CallState) => AsyncIterable<unknown>,
  failed: (thrown: unknown, call: CallState) => Fault,
): AsyncIterable<unknown> {
  const at = start.deadline ?? (start.timeoutMs === undefined ? Infinity : Date.now() + start.timeoutMs);
  const call = new CallState(start, at);
  const steps = cancellableSteps(call, () => timedOut(operation, origin), open, failed);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => steps.next(),
      return: () => {
        // A generator answers `return` only between its steps; ending the call ends the step.
        call.end(new Fault("cancelled", "The caller stopped listening."));
        return steps.return(undefined);
      },
    }),
  };
}

async function* cancellableSteps(
  call: CallState,
  tooLate: () => Fault,
  open: (call: CallState) => AsyncIterable<unknown>,
  failed: (thrown: unknown, call: CallState) => Fault,
): AsyncGenerator {
  const { signal } = call;
  // Rejects the current step. One promise for all steps would keep the value of each until the end.
  let stop: (reason: unknown) => void = () => undefined;
  onAbort(signal, (reason) => stop(reason));
  const limit = call.deadline === Infinity ? undefined : deadline(call.deadline, () => call.end(tooLate()));
  let source: AsyncIterator<unknown> | undefined;
  try {
    source = open(call)[Symbol.asyncIterator]();
    for (;;) {
      const stepping = source.next();
      const step = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
        stop = reject;
        if (signal.aborted) reject(signal.reason as Fault);
        stepping.then(resolve, reject);
      });
      if (step.done === true) {
        source = undefined;
        return;
      }
      yield step.value;
    }
  } catch (thrown) {
    throw failed(thrown, call);
  } finally {
    limit?.clear();
    call.end(new Fault("cancelled", "The stream ended."));
    // The handler's generator may be waiting too: it is asked to end, and not awaited.
    void source?.return?.().then(undefined, () => undefined);
  }
}

function signalOf(start: CallInit | IncomingCall): AbortSignal | undefined {
  return start instanceof CallState || !("signal" in start) ? undefined : start.signal;
}

function timedOut(operation: AnyOp, origin: string): Fault {
  return new Fault("timeout", `${operation.method} ${operation.path} did not end in time.`, { origin });
}

function checkOutput(operation: AnyOp, place: string, output: unknown): void {
  const value: unknown =
    output instanceof Encoded ? JSON.parse(Buffer.from(output.json()).toString()) : output;
  const outcome = z.core.safeParse(operation.output as z.core.$ZodType, JSON.parse(JSON.stringify(value)));
  if (!outcome.success) {
    throw new TypeError(
      `${place} broke its contract: ${JSON.stringify(outcome.error.issues).slice(0, 2000)}`,
    );
  }
}
