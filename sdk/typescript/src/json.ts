// JSON of values that are nested deeper than the engine's own writer can go.

/** Takes a value's place, as the second parameter of `JSON.stringify` does. */
export type Replacer = (this: unknown, key: string, value: unknown) => unknown;

/** Writes a value as `JSON.stringify` does, however deep it is nested. */
export function writeJson(value: unknown, replacer?: Replacer): string | undefined {
  try {
    return JSON.stringify(value, replacer);
  } catch (error) {
    if (!isTooDeep(error)) throw error;
    return writeDeep(value, replacer);
  }
}

/** Whether the engine's stack was used up: SpiderMonkey throws an InternalError, Node a RangeError. */
const isTooDeep = (error: unknown): boolean =>
  error instanceof Error && /recursion|call stack/.test(error.message);

/** An array or object that is being written. */
interface Level {
  holder: object;
  /** The values that are still to be written, the next one last. */
  keys: string[];
  isArray: boolean;
  isEmpty: boolean;
}

/** Writes without recursion: each level that is open stands in a list. */
function writeDeep(value: unknown, replacer: Replacer = (_, value) => value): string | undefined {
  const text: string[] = [];
  const levels: Level[] = [];
  const open = new Set<object>();

  /** Writes the value, or the beginning of what it holds. False: it has no JSON form. */
  const begin = (holder: object, key: string, given: unknown, lead: string): boolean => {
    const own = hasToJson(given) ? given.toJSON(key) : given;
    const shown = replacer.call(holder, key, own);
    if (typeof shown !== 'object' || shown === null || isBoxed(shown)) {
      const leaf = JSON.stringify(shown) as string | undefined;
      if (leaf !== undefined) text.push(lead, leaf);
      return leaf !== undefined;
    }
    if (open.has(shown)) throw new TypeError('cyclic object value');
    open.add(shown);
    const isArray = Array.isArray(shown);
    const keys = isArray ? Array.from(shown, (_, at) => String(at)) : Object.keys(shown);
    levels.push({ holder: shown, keys: keys.reverse(), isArray, isEmpty: true });
    text.push(lead, isArray ? '[' : '{');
    return true;
  };

  if (!begin({ '': value }, '', value, '')) return undefined;
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const { holder, isArray } = level;
    const key = level.keys.pop();
    if (key === undefined) {
      text.push(isArray ? ']' : '}');
      open.delete(holder);
      levels.pop();
      continue;
    }
    const lead = `${level.isEmpty ? '' : ','}${isArray ? '' : `${JSON.stringify(key)}:`}`;
    const isWritten = begin(holder, key, Reflect.get(holder, key), lead);
    if (!isWritten && isArray) text.push(lead, 'null');
    if (isWritten || isArray) level.isEmpty = false;
  }
  return text.join('');
}

/** How deep arrays and objects nest in a valid text. */
export function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{}\]]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, (depth += 1));
    else if (token === ']' || token === '}') depth -= 1;
  }
  return deepest;
}

const hasToJson = (value: unknown): value is { toJSON: (key: string) => unknown } =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'toJSON') === 'function';

const isBoxed = (value: object): boolean =>
  value instanceof String || value instanceof Number || value instanceof Boolean;
