// Errors as the contract's data, and back.
import type { Cause, Failure, OperationKey } from 'stepwell:plugin/types@0.1.0';

const CAUSES_MAX = 64;

/** The error that awaiting a step yields which has failed for good. */
export class StepError extends Error {
  readonly step: OperationKey;
  readonly failure: Failure;

  constructor(step: OperationKey, failure: Failure) {
    super(failure.message, { cause: errorOf(failure.causes) });
    this.name = failure.name;
    if (failure.stack !== undefined) this.stack = failure.stack;
    this.step = step;
    this.failure = failure;
  }
}

/** Whatever was thrown. A step's error that ends the body ends the run; inside another step it is but an error. */
export function failureOf(thrown: unknown, where: 'body' | 'step'): Failure {
  if (thrown instanceof StepError && where === 'body') {
    return { ...thrown.failure, step: thrown.step, advice: { tag: 'never' } };
  }
  const { details, ...rest } = causeOf(thrown);
  const failure: Failure = { kind: 'application', ...rest, causes: [], attempt: 0, advice: { tag: 'by-policy' } };
  failure.name ||= 'Error';
  if (details !== undefined) failure.details = thrown instanceof Error ? details : `{"value":${details}}`;
  const seen = new Set<unknown>([thrown]);
  for (let e = next(thrown); e != null && !seen.has(e) && failure.causes.length < CAUSES_MAX; e = next(e)) {
    seen.add(e);
    failure.causes.push(causeOf(e));
  }
  return failure;
}

const next = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);

function causeOf(thrown: unknown): Cause {
  if (!(thrown instanceof Error)) {
    const details = json(thrown);
    const message = typeof thrown === 'object' ? (details ?? String(thrown)) : String(thrown);
    return typeof thrown === 'object' && details !== undefined ? { name: '', message, details } : { name: '', message };
  }
  const { name, message, stack, code, cause: _, step: _step, failure: _failure, ...fields } = thrown as any;
  const cause: Cause = { name: String(name || 'Error'), message: String(message) };
  if (typeof stack === 'string') cause.stack = stack;
  if (typeof code === 'string' || typeof code === 'number') cause.code = String(code);
  const details = Object.keys(fields).length > 0 ? json(fields) : undefined;
  if (details !== undefined) cause.details = details;
  return cause;
}

function errorOf([first, ...rest]: Cause[]): unknown {
  if (!first) return undefined;
  if (first.name === '') return first.details === undefined ? first.message : JSON.parse(first.details);
  const error = new Error(first.message, { cause: errorOf(rest) });
  Object.assign(error, first.details === undefined ? {} : JSON.parse(first.details), { name: first.name });
  if (first.stack !== undefined) error.stack = first.stack;
  if (first.code !== undefined) Object.assign(error, { code: first.code });
  return error;
}

function json(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
