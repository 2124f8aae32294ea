// The surroundings of code on a test's host: the run's clock, and randomness that is the same in each pass.
import { AsyncLocalStorage } from 'node:async_hooks';

/** The state that holds for the code that runs. */
export interface Surroundings {
  /** In milliseconds since 1970. */
  now: number;
  /** Numbers from 0 to 1; undefined: the machine's. */
  random: (() => number) | undefined;
}

const current = new AsyncLocalStorage<Surroundings>();

let isInstalled = false;

/** Whether it is a function's code that runs. */
export const isInside = (): boolean => current.getStore() !== undefined;

/** Runs code in these surroundings; all other code has its own as ever. */
export function surround<T>(surroundings: Surroundings, run: () => T): T {
  install();
  return current.run(surroundings, run);
}

function install() {
  if (isInstalled) return;
  isInstalled = true;
  const own = Math.random;
  Math.random = () => (current.getStore()?.random ?? own)();
  globalThis.Date = clock(Date);
}

/** A Date that is the same, but for what is now. */
function clock(own: DateConstructor): DateConstructor {
  const now = () => current.getStore()?.now ?? own.now();
  return new Proxy(own, {
    construct: (target, given, asked) => Reflect.construct(target, given.length > 0 ? given : [now()], asked),
    apply: () => new own(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
}

/** Numbers that are the same each time for one seed: mulberry32, by T. Ettinger. */
export function numbers(seed: string): () => number {
  let state = [...seed].reduce((hash, character) => Math.imul(hash ^ character.charCodeAt(0), 0x01000193), 0x811c9dc5);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    const more = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
    return ((more ^ (more >>> 14)) >>> 0) / 2 ** 32;
  };
}
