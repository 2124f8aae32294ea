// Values on their way out: what a function returns and what a step yields become JSON.
import { writeJson } from './json.js';

/** A function's result. What has no JSON form, as a BigInt or a circle, is an error. */
export const resultJson = (value: unknown): string => writeJson(value) ?? 'null';

/** A step's output. Inside of it BigInts are dropped, as functions are, and circles are cut with a marker. */
export function outputJson(value: unknown): string {
  if (typeof value === 'bigint') throw new TypeError("a step's output cannot be a BigInt: return its text");
  return lenientJson(value) ?? 'null';
}

/** JSON of whatever it is; undefined where there is none. */
export function lenientJson(value: unknown): string | undefined {
  try {
    return writeJson(value); // the engine's own work, where it has not to ask about each value
  } catch {
    return writeJson(value, cutCircles());
  }
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
