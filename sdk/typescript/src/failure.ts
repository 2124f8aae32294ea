// Whatever was thrown, as the contract's data.
import type { Cause, Failure, RetryAdvice } from './contract.js';
import { NonRetriableError, RetryAfterError, StepError } from './errors.js';
import { OWN_FIELDS, registerClass } from './rebuild.js';
import { readableStack } from './stack.js';
import { safeJson } from './values.js';

registerClass('NonRetriableError', NonRetriableError);

/** More than the host keeps, which marks what it cuts. */
const CAUSES_MAX = 100;

const CIRCLE: Cause = { name: 'Error', message: '[circular cause left out]' };

/** The failure that ended the body. The error of a step that comes through as it is ends the run. */
export const bodyFailure = (thrown: unknown): Failure => readable(thrown, ofBody);

/** The failure that ended a step. The error of *another* step is no more than an error here. */
export const stepFailure = (thrown: unknown): Failure => readable(thrown, ofStep);

/** Reads what was thrown. Its getters are the user's code: whatever they do, there is a failure. */
function readable(thrown: unknown, read: (thrown: unknown) => Failure): Failure {
  try {
    return read(thrown);
  } catch (error) {
    const message = `what was thrown cannot be read: ${text(error)}`;
    return { kind: 'application', name: 'Error', message, causes: [], attempt: 0, advice: { tag: 'by-policy' } };
  }
}

function ofBody(thrown: unknown): Failure {
  const recorded = StepError.failureOf(thrown);
  if (recorded) return { ...recorded, advice: { tag: 'never' } };
  if (isError(thrown)) return failure(thrown, thrown);
  // It has no stack; its first line is what Inngest tells of it.
  const told = failure(thrown, { message: text(thrown) });
  return { ...told, stack: `${told.name}: ${told.message}` };
}

/** The failure that ended a step. The error of *another* step is this step's own then, and as final as it was there. */
function ofStep(thrown: unknown): Failure {
  return isErrorLike(thrown) ? failure(thrown, thrown) : failure(thrown, { message: text(thrown) });
}

function failure(thrown: unknown, shown: object): Failure {
  const { details, ...described } = describe(shown);
  const fields = details ?? (isErrorLike(shown) ? undefined : plainFields(thrown));
  return {
    kind: 'application',
    ...described,
    ...(fields === undefined ? {} : { details: fields }),
    causes: causes(thrown),
    attempt: 0,
    advice: adviceOf(thrown),
  };
}

/** Only the error itself is asked, never what is behind it. */
function adviceOf(thrown: unknown): RetryAdvice {
  if (!isError(thrown)) return { tag: 'by-policy' };
  const isFinal = thrown instanceof NonRetriableError || thrown instanceof StepError;
  if (isFinal || read(thrown, 'name') === 'NonRetriableError') return { tag: 'never' };
  const delay = RetryAfterError.delayMsOf(thrown);
  return delay === undefined ? { tag: 'by-policy' } : { tag: 'after', val: delay };
}

/** The chain behind an error, outermost first. */
function causes(thrown: unknown): Cause[] {
  const chain: Cause[] = [];
  const seen = new Set<unknown>([thrown]);
  let cause = causeOf(thrown);
  while (cause != null && chain.length < CAUSES_MAX) {
    if (seen.has(cause)) return [...chain, CIRCLE];
    seen.add(cause);
    chain.push(isErrorLike(cause) ? describe(cause) : { name: '', message: text(cause), details: safeJson(cause) });
    cause = causeOf(cause);
  }
  return chain;
}

const causeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && isErrorLike(error) ? read(error, 'cause') : undefined;

/** Errors, and objects that have their fields. */
function isErrorLike(value: unknown): value is object {
  if (isError(value)) return true;
  return typeof value === 'object' && value !== null && typeof read(value, 'name') === 'string';
}

/** A proxy may throw when it is asked for its class. */
function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

/** The parts of an error that are kept: each is read by itself, because reading one may throw. */
function describe(error: object): Cause {
  const name = read(error, 'name');
  const message = read(error, 'message');
  const code = read(error, 'code');
  const details = customFields(error);
  return {
    name: typeof name === 'string' && name !== '' ? name.toWellFormed() : 'Error',
    message: message === undefined ? '' : text(message),
    stack: isError(error) ? stackOf(error) : '',
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code).toWellFormed() } : {}),
    ...(details === undefined ? {} : { details }),
  };
}

function read(object: object, field: string): unknown {
  try {
    return Reflect.get(object, field);
  } catch {
    return undefined;
  }
}

/** Its name and message stand in it, and may throw as well. */
function stackOf(error: Error): string {
  try {
    return readableStack(error).toWellFormed();
  } catch {
    return '';
  }
}

/** An error's own fields, as JSON, with the errors that it gathers. A field that cannot be read is left out. */
function customFields(error: object): string | undefined {
  const fields: Record<string, unknown> = {};
  if (error instanceof AggregateError) fields['errors'] = Array.from(error.errors, brief);
  for (const field of Object.keys(error)) {
    if (!OWN_FIELDS.has(field) && !(error instanceof StepError && field === 'stepId'))
      fields[field] = read(error, field);
  }
  const readable = () => Object.entries(fields).filter(([, value]) => safeJson(value) !== undefined);
  const json = Object.keys(fields).length > 0 ? (safeJson(fields) ?? safeJson(Object.fromEntries(readable()))) : '{}';
  return json === '{}' ? undefined : json;
}

/** An error of those that an AggregateError gathers. */
function brief(error: unknown): object {
  if (!isErrorLike(error)) return { name: 'Error', message: text(error) };
  const { stack: _, details, ...rest } = describe(error);
  return details === undefined ? rest : { ...rest, details: JSON.parse(details) };
}

/** Of an object that was thrown and is no error, what it has. */
function plainFields(thrown: unknown): string | undefined {
  const isObject = typeof thrown === 'object' && thrown !== null && !Array.isArray(thrown);
  const json = isObject ? safeJson(thrown) : undefined;
  return json?.startsWith('{') && json !== '{}' ? json : undefined;
}

/** A text for whatever it is: objects as JSON. */
function text(value: unknown): string {
  try {
    return ((typeof value === 'object' ? safeJson(value) : undefined) ?? String(value)).toWellFormed();
  } catch {
    return 'a value that has no text';
  }
}
