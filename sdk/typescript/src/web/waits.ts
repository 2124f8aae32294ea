// Waits of an instance beside the engine's own tasks: requests, streams and timers, as things that WASI can poll.
import { poll, type Pollable } from 'wasi:io/poll@0.2.6';

/** A thing that is waited for. */
export interface Wait {
  pollable: Pollable;
  /** When a timer is due, by the monotonic clock: timers fire in that order. Undefined for anything else. */
  due?: bigint;
  /** A timer's is the user's code, and has a turn of the event loop to itself. */
  wake: () => void;
}

const waits = new Set<Wait>();
/** Timers whose time has come, in their order. */
let overdue: Wait[] = [];
let isTurnDue = false;
let busy = 0;

// The engine's own, by which each turn begins.
const soon = globalThis.setTimeout;

/** Calls `wake` once when the pollable is ready. */
export function expect(wait: Wait): Wait {
  waits.add(wait);
  requestTurn();
  return wait;
}

/** Stops waiting. Returns false if that has ended before. */
export function forget(wait: Wait): boolean {
  const late = overdue.indexOf(wait);
  if (late >= 0) overdue.splice(late, 1);
  else if (!waits.delete(wait)) return false;
  wait.pollable[Symbol.dispose]();
  return true;
}

/** Notes that the engine has tasks of its own: nothing blocks the event loop until as many have ended as have begun. */
export function engineTask(change: 1 | -1) {
  busy += change;
}

/** Lets the engine's own tasks go on until `work` has ended. */
export async function whileBusy<T>(work: () => Promise<T>): Promise<T> {
  engineTask(1);
  try {
    return await work();
  } finally {
    engineTask(-1);
  }
}

/** The waits of one piece of work, which may be cancelled together. */
export class Waits {
  readonly #pending = new Map<Wait, (reason: unknown) => void>();

  /** Resolves when the pollable is ready; it is disposed then. */
  ready(pollable: Pollable): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        this.#pending.delete(wait);
        pollable[Symbol.dispose]();
        resolve();
      };
      const wait = expect({ pollable, wake });
      this.#pending.set(wait, reject);
    });
  }

  /** Rejects everything that is pending. */
  cancel(reason: unknown) {
    for (const [wait, reject] of this.#pending) {
      forget(wait);
      reject(reason);
    }
    this.#pending.clear();
  }
}

function requestTurn() {
  if (isTurnDue || waits.size + overdue.length === 0) return;
  isTurnDue = true;
  soon(turn, 0);
}

/** A turn of the event loop. All that could run has run before it, so that it may block. */
function turn() {
  isTurnDue = false;
  if (overdue.length === 0) collect();
  const timer = overdue.shift();
  requestTurn();
  timer?.wake();
}

/** Wakes what is ready, and notes the timers. */
function collect() {
  const all = [...waits];
  if (all.length === 0) return;
  const ready = busy > 0 ? all.filter(({ pollable }) => pollable.ready()) : polled(all);
  const timers = ready.filter(({ due }) => due !== undefined);
  for (const wait of ready) waits.delete(wait);
  overdue = timers.sort((one, other) => (one.due! < other.due! ? -1 : one.due! > other.due! ? 1 : 0));
  for (const wait of ready) if (wait.due === undefined) wait.wake();
}

const polled = (all: Wait[]): Wait[] => Array.from(poll(all.map(({ pollable }) => pollable)), (at) => all[at]!);
