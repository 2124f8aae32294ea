// The options of a function: its triggers, retries and flow control, and the JSON that the contract has for them.
import { milliseconds, type Duration } from './duration.js';
import { retryOptions, type Retries } from './retry.js';
import { waitOptions, type WaitForEvent } from './step.js';

/** A trigger of a function: an event (or, with a name that ends in `/*` or `.*`, those that begin so), or a schedule. */
export type Trigger =
  | { event: string; /** CEL over `event`, such as `event.data.price > 100`. */ if?: string }
  | { cron: string; /** Each time comes later by up to this, from 1s to 5m. */ jitter?: Duration };

/** A limit on what is under way at once. Keys are CEL over `event`: each of a key's values has the limit on its own. */
export interface Concurrency {
  limit: number;
  key?: string;
  /** The runs that count together: the function's, or those of all functions that name the same value in that scope. */
  scope?: 'fn' | 'env' | 'account';
}

/** Flow control and all the rest, with Inngest's names. Keys are CEL over `event`. */
export interface Options extends Retries {
  /** Unique within the plugin: letters, digits, `-`, `_`, `.`. */
  id: string;
  /** For people; the id unless told. */
  name?: string;
  description?: string;
  triggers?: Trigger | Trigger[];
  /** How many steps and bodies execute at once; at most two limits. `{ fn, step }` limits runs and steps. */
  concurrency?:
    number | Concurrency | Concurrency[] | { fn?: Concurrency | Concurrency[]; step?: Concurrency | Concurrency[] };
  /** No more runs start than that; further ones wait. */
  throttle?: { limit: number; period: Duration; burst?: number; key?: string };
  /** No more runs start than that; further events start nothing. */
  rateLimit?: { limit: number; period: Duration; key?: string };
  /** A run starts when no event has come for a period, with the last one; after `timeout` at the latest. */
  debounce?: { period: Duration; key?: string; timeout?: Duration };
  /** Gathers many events into a run. An event for which `if` is not true has a run of its own, at once. */
  batchEvents?: { maxSize: number; timeout?: Duration; key?: string; if?: string };
  /** CEL over `event`, a number of seconds by which the run counts as older than it is. */
  priority?: { run: string };
  /** Allows a single unended run: a second one is skipped, or takes the place of the first, which is cancelled. */
  singleton?: { mode: 'skip' | 'cancel'; key?: string };
  /** Allows a single run in 24 hours for each value. */
  idempotency?: string;
  /** Events that cancel a run that has not ended; at most five. */
  cancelOn?: WaitForEvent[];
  /** A run that has not begun, or has not ended, in that time is cancelled. */
  timeouts?: { start?: Duration; finish?: Duration };
}

const KNOWN = [
  'id',
  'name',
  'description',
  'triggers',
  'retries',
  'backoff',
  'jitter',
  'concurrency',
  'throttle',
  'rateLimit',
  'debounce',
  'batchEvents',
  'priority',
  'singleton',
  'idempotency',
  'cancelOn',
  'timeouts',
  'onFailure',
];

/** `definition.options`, see `function-options.schema.json`. */
export function optionsJson(options: Options, triggers: Trigger[]): string {
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw new TypeError(`option "${unknown}" is not known; known are ${KNOWN.join(', ')}`);
  const { rateLimit, throttle, debounce, batchEvents, timeouts } = options;
  return JSON.stringify({
    triggers: triggers.map(triggerOptions),
    ...retryOptions(options),
    ...concurrencyOptions(options.concurrency),
    cancel_on: options.cancelOn?.map((wait) => waitOptions(wait, undefined)),
    timeouts: timeouts && {
      start_ms: whole(timeouts.start, 'timeouts.start'),
      finish_ms: whole(timeouts.finish, 'timeouts.finish'),
    },
    idempotency: options.idempotency,
    rate_limit: rateLimit && {
      limit: rateLimit.limit,
      period_ms: whole(rateLimit.period, 'rateLimit.period'),
      key: rateLimit.key,
    },
    throttle: throttle && {
      limit: throttle.limit,
      period_ms: whole(throttle.period, 'throttle.period'),
      burst: throttle.burst,
      key: throttle.key,
    },
    debounce: debounce && {
      period_ms: whole(debounce.period, 'debounce.period'),
      timeout_ms: whole(debounce.timeout, 'debounce.timeout'),
      key: debounce.key,
    },
    batch: batchEvents && {
      max_size: batchEvents.maxSize,
      timeout_ms: whole(batchEvents.timeout, 'batchEvents.timeout'),
      key: batchEvents.key,
      if: batchEvents.if,
    },
    priority: options.priority?.run,
    singleton: options.singleton && { mode: options.singleton.mode, key: options.singleton.key },
  });
}

function triggerOptions(trigger: Trigger): object {
  if ('event' in trigger) return { event: trigger.event, if: trigger.if };
  const jitter = trigger.jitter === undefined ? undefined : `${whole(trigger.jitter, 'jitter of a trigger')}ms`;
  return { cron: trigger.cron, jitter };
}

function concurrencyOptions(concurrency: Options['concurrency']): object {
  if (concurrency === undefined) return {};
  if (typeof concurrency === 'number') return { concurrency: limits({ limit: concurrency }) };
  if (Array.isArray(concurrency) || 'limit' in concurrency) return { concurrency: limits(concurrency) };
  const [ofRuns, second] = limits(concurrency.fn ?? []);
  if (second) throw new TypeError('concurrency.fn: there is one limit on runs at most');
  return { concurrency: limits(concurrency.step ?? []), run_concurrency: ofRuns };
}

/** Zero is no limit, as it is to Inngest. */
const limits = (one: Concurrency | Concurrency[]): Concurrency[] =>
  (Array.isArray(one) ? one : [one]).filter(({ limit }) => limit !== 0);

/** Whole milliseconds. */
const whole = (duration: Duration | undefined, what: string) =>
  duration === undefined ? undefined : Math.round(milliseconds(duration, what));
