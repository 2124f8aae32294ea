// Values on their way out: what a function returns and what a step yields become JSON.
import { writeJson } from './json.js';

/** A function's result. What has no JSON form, as a BigInt or a circle, is an error. */
export const resultJson = (value: unknown): string => wellFormed(writeJson(value)) ?? 'null';

/** A step's output. Inside of it BigInts are dropped, as functions are, and circles are cut with a marker. */
export function outputJson(value: unknown): string {
  if (typeof value === 'bigint') throw new TypeError("a step's output cannot be a BigInt: return its text");
  return lenientJson(value) ?? 'null';
}

/** JSON of any value; undefined if it has no JSON. */
export function lenientJson(value: unknown): string | undefined {
  let json: string | undefined;
  try {
    json = writeJson(value); // the engine's own work, where it has not to ask about each value
  } catch {
    json = writeJson(value, cutCircles());
  }
  return wellFormed(json);
}

/** The same of what may throw when it is read: that has no JSON. */
export function safeJson(value: unknown): string | undefined {
  try {
    return lenientJson(value);
  } catch {
    return undefined;
  }
}

/** Escapes of a JSON text; a half of a surrogate pair is the only one of its kind. */
const ESCAPES = /\\(?:u(d[89a-f][0-9a-f]{2})|[^])/g;

/** Replaces each half of a surrogate pair with U+FFFD, since UTF-8 cannot write it. */
function wellFormed<T extends string | undefined>(json: T): T {
  if (!json?.includes('\\ud')) return json;
  return json.replace(ESCAPES, (escape, half?: string) => (half === undefined ? escape : '\ufffd')) as T;
}

/** Drops BigInts, and replaces what contains itself by where it has been met before, as in `[Circular ~.parent]`. */
function cutCircles() {
  const path: { object: unknown; name: string }[] = [];
  return function (this: unknown, key: string, value: unknown): unknown {
    if (typeof value === 'bigint') return undefined;
    while (path.length > 0 && path.at(-1)!.object !== this) path.pop();
    if (typeof value !== 'object' || value === null) return value;
    const met = path.findIndex(({ object }) => object === value);
    if (met >= 0)
      return `[Circular ~${path
        .slice(1, met + 1)
        .map(({ name }) => `.${name}`)
        .join('')}]`;
    path.push({ object: value, name: key });
    return value;
  };
}
