// Data become errors again: classes of the language keep `instanceof`, others are an Error of their name.
import type { Cause } from './contract.js';

const CLASSES = new Map<string, new (message: string) => Error>(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((known) => [known.name, known]),
);

/** Properties of an error that are not custom fields. */
export const OWN_FIELDS = new Set(['name', 'message', 'stack', 'cause', 'code', '__proto__']);

/** Has a class of ours be known too. */
export function registerClass(name: string, constructor: new (message: string) => Error) {
  CLASSES.set(name, constructor);
}

/** An error made of data, with those behind it. */
export function errorOf(recorded: Cause, causes: Cause[]): Error {
  return rebuild(new (CLASSES.get(recorded.name) ?? Error)(recorded.message), recorded, causes);
}

/** Gives an error the name, stack, code, fields and causes that were recorded. */
export function rebuild<E extends Error>(error: E, recorded: Cause, causes: Cause[]): E {
  if (error.name !== recorded.name) hide(error, 'name', recorded.name);
  hide(error, 'stack', recorded.stack ?? '');
  if (recorded.code !== undefined) show(error, 'code', recorded.code);
  for (const [field, value] of Object.entries(fieldsOf(recorded))) {
    if (!OWN_FIELDS.has(field)) show(error, field, value);
  }
  const [first, ...rest] = causes;
  if (first) hide(error, 'cause', first.name === '' ? plain(first) : errorOf(first, rest));
  return error;
}

/** Its custom fields. */
function fieldsOf({ details }: Cause): object {
  const fields: unknown = details === undefined ? {} : JSON.parse(details);
  return typeof fields === 'object' && fields !== null ? fields : {};
}

/** A cause that was no error. */
const plain = ({ details, message }: Cause): unknown => (details === undefined ? message : JSON.parse(details));

const hide = (error: Error, field: string, value: unknown) => define(error, field, value, false);
const show = (error: Error, field: string, value: unknown) => define(error, field, value, true);

function define(error: Error, field: string, value: unknown, enumerable: boolean) {
  Object.defineProperty(error, field, { value, enumerable, writable: true, configurable: true });
}
