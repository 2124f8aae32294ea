// `setTimeout` and `setInterval`, which know of requests: the engine's own event loop would wait for its timers alone.
import { now, subscribeDuration } from 'wasi:clocks/monotonic-clock@0.2.6';
import { panicked } from 'stepwell:plugin/log@0.1.0';
import { stepFailure } from '../failure.js';
import { engineTask, expect, forget, type Wait } from './waits.js';

type Callback = (...given: unknown[]) => void;

const { setTimeout: soon, clearTimeout: clearSoon } = globalThis;

/** The engine's timers have numbers from 1 on. */
const FIRST = 2 ** 30;
/** The longest delay that the Web's timers know. */
const LONGEST_MS = 2 ** 31 - 1;

const timers = new Map<number, Wait>();
/** The engine's timers that have not fired. */
const atOnce = new Set<number>();
let next = FIRST;

/** Puts the timers in place of the engine's. */
export function installTimers() {
  Object.assign(globalThis, { setTimeout, setInterval, clearTimeout: clear, clearInterval: clear });
}

function setTimeout(callback: Callback, delay?: number, ...given: unknown[]): number {
  const ms = milliseconds(delay);
  if (ms <= 0) return startAtOnce(checked(callback), given);
  const id = next++;
  start(id, ms, checked(callback), given, false);
  return id;
}

function setInterval(callback: Callback, delay?: number, ...given: unknown[]): number {
  const id = next++;
  start(id, Math.max(milliseconds(delay), 1), checked(callback), given, true);
  return id;
}

/** Leaves what is to run at once to the engine, which runs it behind what is ready. */
function startAtOnce(callback: Callback, given: unknown[]): number {
  engineTask(1);
  const id = soon(() => {
    endAtOnce(id);
    call(callback, given);
  }, 0) as unknown as number;
  atOnce.add(id);
  return id;
}

/** Resolves behind all that is ready. It costs less than a timer, which can be cleared. */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    engineTask(1);
    soon(() => {
      engineTask(-1);
      resolve();
    }, 0);
  });

function endAtOnce(id: number) {
  if (atOnce.delete(id)) engineTask(-1);
}

function start(id: number, ms: number, callback: Callback, given: unknown[], repeats: boolean) {
  const wait = nanoseconds(ms);
  const pollable = subscribeDuration(wait);
  const wake = () => {
    pollable[Symbol.dispose]();
    if (repeats) start(id, ms, callback, given, true);
    else timers.delete(id);
    call(callback, given);
  };
  timers.set(id, expect({ pollable, due: now() + wait, wake }));
}

function clear(id?: number) {
  const wait = timers.get(id as number);
  if (wait === undefined) {
    endAtOnce(id as number);
    return clearSoon(id);
  }
  timers.delete(id as number);
  forget(wait);
}

function checked(callback: Callback): Callback {
  if (typeof callback !== 'function') throw new TypeError("a timer's callback has to be a function");
  return callback;
}

/** Calls a callback. What it throws ends the instance, as it ends a process of Node's; the error says where. */
function call(callback: Callback, given: unknown[]) {
  try {
    callback(...given);
  } catch (error) {
    const { name, message, stack } = stepFailure(error);
    panicked(`a timer's callback threw: ${stack === '' || stack === undefined ? `${name}: ${message}` : stack}`, '');
    throw error;
  }
}

function milliseconds(delay: unknown): number {
  const ms = Number(delay);
  return ms > LONGEST_MS || Number.isNaN(ms) ? 0 : Math.trunc(ms);
}

const nanoseconds = (ms: number) => BigInt(ms) * 1_000_000n;
