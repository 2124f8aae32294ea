// The contexts that handlers are called with.
import type { Failure, Host, RunContext } from './contract.js';
import { StepError } from './errors.js';
import type { FunctionFailed, StepwellEvent } from './event.js';
import { loggerOf, type Logger } from './logger.js';
import type { Pass } from './pass.js';
import { errorOf } from './rebuild.js';
import { Step } from './step.js';

/** The context of a function's handler. `Data` is the type of its events' data. */
export interface Context<Data = Record<string, unknown>> {
  /** The event that started the run; the first, if it was a batch. */
  event: StepwellEvent<Data>;
  /** All events that started the run. */
  events: StepwellEvent<Data>[];
  step: Step;
  runId: string;
  /**
   * The attempt, counted from 0. While a step is retried, in its closure and on the way to it, the step's own; else the
   * body's, which counts its failures since the last new result.
   */
  attempt: number;
  /** How many attempts the body and each step have. */
  maxAttempts: number;
  logger: Logger;
}

/** The context of a failure handler. Its run is one of its own. */
export interface FailureContext<Data = Record<string, unknown>> extends Context<FunctionFailed<Data>> {
  /** The error that the run failed with, rebuilt. */
  error: RunError;
  failed: FailedRun;
}

/** The error of a failed run: custom fields are its properties again, built-in classes are theirs. */
export interface RunError extends Error {
  code?: string;
  /** `application`, or what befell the run: `trap`, `timeout`, `limit` … */
  readonly kind: string;
  /** The step it came from. */
  readonly stepId: string | undefined;
  /** The attempt it happened in (0-based). */
  readonly attempt: number;
  readonly [field: string]: unknown;
}

/** A failed run, as its failure handler sees it. */
export interface FailedRun {
  runId: string;
  /** The result of a step of it, at the n-th use (from 0) of its id, or undefined. Throws the step's error. */
  step<T = unknown>(id: string, n?: number): T | undefined;
}

export type Handler<Data = Record<string, unknown>> = (context: Context<Data>) => unknown;

export type FailureHandler<Data = Record<string, unknown>> = (context: FailureContext<Data>) => unknown;

/** An entry into a function: calls its handler. */
export type Body = (host: Host, pass: Pass, run: RunContext) => unknown;

export type FailureBody = (host: Host, pass: Pass, run: RunContext, failure: Failure) => unknown;

export function bodyOf<Data>(handler: Handler<Data>): Body {
  return (host, pass, run) => handler(contextOf<Data>(host, pass, run));
}

export function failureBodyOf<Data>(handler: FailureHandler<Data>): FailureBody {
  return (host, pass, run, failure) => {
    const context = contextOf<FunctionFailed<Data>>(host, pass, run);
    return handler({ ...context, error: runError(failure), failed: failedRun(host, context.event.data.run_id) });
  };
}

function contextOf<Data>(host: Host, pass: Pass, run: RunContext): Context<Data> {
  const events: StepwellEvent<Data>[] = run.events.map((event) => JSON.parse(event));
  const [event] = events;
  if (!event) throw new Error('the run has no event');
  const { runId, attempt, maxAttempts } = run;
  return { event, events, step: new Step(pass), runId, attempt, maxAttempts, logger: loggerOf(host) };
}

/** The error that a run failed with. */
export function runError(failure: Failure): RunError {
  const error = errorOf(failure, failure.causes);
  Object.defineProperty(error, 'kind', { value: failure.kind });
  Object.defineProperty(error, 'stepId', { value: failure.step?.id });
  Object.defineProperty(error, 'attempt', { value: failure.attempt });
  return error as RunError;
}

function failedRun(host: Host, runId: string): FailedRun {
  return {
    runId,
    step<T>(id: string, n = 0): T | undefined {
      const answer = host.failedStep({ id, n });
      if (answer?.tag === 'err') throw new StepError(id, answer.val);
      return answer && JSON.parse(answer.val);
    },
  };
}
