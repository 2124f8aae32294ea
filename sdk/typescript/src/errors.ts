// Errors that say how what threw them is to be retried, and the error of a step.
import type { Failure } from './contract.js';
import { instant, milliseconds, type Duration } from './duration.js';
import { rebuild } from './rebuild.js';

/** An error that no retry mends. */
export class NonRetriableError extends Error {
  override name = 'NonRetriableError';
}

/** An error after which to try again at a time of one's own: after a duration, or at a date. */
export class RetryAfterError extends Error {
  override name = 'RetryAfterError';
  readonly #delayMs: number;

  constructor(message: string, retryAfter: Duration | Date, options?: ErrorOptions) {
    super(message, options);
    // What is past, as what is negative, is as soon as may be.
    const delay = retryAfter instanceof Date ? instant(retryAfter, 'retryAfter') - Date.now() : retryAfter;
    this.#delayMs = milliseconds(typeof delay === 'number' ? Math.max(delay, 0) : delay, 'retryAfter');
  }

  /** For the SDK: of any error, the delay it asks for. */
  static delayMsOf(error: unknown): number | undefined {
    return typeof error === 'object' && error !== null && #delayMs in error ? error.#delayMs : undefined;
  }
}

/**
 * How a step ended that failed for good: what awaiting it rejects with.
 *
 * Its name, message, stack, cause and own fields are those of the error that the step threw. Where it is *the* error
 * that ends the body, the run fails at once; a body that throws another one, which has it as its cause, is retried.
 */
export class StepError extends Error {
  /** The id of the step. */
  readonly stepId: string;
  declare readonly code?: string;
  readonly #failure: Failure;

  constructor(stepId: string, failure: Failure) {
    super(failure.message);
    this.stepId = stepId;
    this.#failure = failure;
    rebuild(this, failure, failure.causes);
  }

  /** For the SDK: what was recorded for the step. */
  static failureOf(error: unknown): Failure | undefined {
    return typeof error === 'object' && error !== null && #failure in error ? error.#failure : undefined;
  }
}
