// The surface that functions are written with.
export type { Context, FailedRun, FailureContext, FailureHandler, Handler, RunError } from './context.js';
export type { Duration } from './duration.js';
export { NonRetriableError, RetryAfterError, StepError } from './errors.js';
export type { FailedError, FunctionFailed, NewEvent, StepwellEvent } from './event.js';
export type { FetchInit, FetchResponse } from './fetch.js';
export { createFunction, referenceFunction, Stepwell, StepwellFunction, type FunctionOptions } from './function.js';
export type { Logger } from './logger.js';
export type { Concurrency, Options, Trigger } from './options.js';
export type { Attempt } from './pass.js';
export { plugin, Plugin } from './plugin.js';
export type { Backoff, Retries } from './retry.js';
export type { FunctionReference, Invoke, Jsonify, Step, StepId, WaitForEvent, WaitForSignal } from './step.js';
