// The durable operations of a run.
import type { Closure } from './contract.js';
import { instant, milliseconds, type Duration } from './duration.js';
import type { NewEvent, StepwellEvent } from './event.js';
import { FetchResponse, fetchOptions, type FetchInit } from './fetch.js';
import type { StepwellFunction } from './function.js';
import { NO_OPTIONS, type Attempt, type Pass } from './pass.js';
import { retryOptions, type Retries } from './retry.js';

/** How long something is waited for at most, unless told otherwise. */
const TIMEOUT: Duration = '365d';

/** A value after its way through JSON: dates are texts, what has no JSON form is gone. */
export type Jsonify<T> = T extends { toJSON(): infer J }
  ? Jsonify<J>
  : T extends string | number | boolean | null
    ? T
    : T extends undefined | void
      ? null
      : T extends (infer E)[]
        ? Jsonify<E>[]
        : T extends object
          ? {
              [K in keyof T as T[K] extends bigint | symbol | ((...args: never[]) => unknown) ? never : K]: Jsonify<
                T[K]
              >;
            }
          : T extends bigint
            ? never
            : unknown;

/** An id, or one with retries of its own. `name` is for people, and may be anything. */
export type StepId = string | ({ id: string; name?: string } & Retries);

/** An event to wait for. */
export interface WaitForEvent {
  event: string;
  /** 365 days unless told otherwise, at most 366. */
  timeout?: Duration;
  /** A field, such as `data.id`, that is to be equal in the event that started the run and in the one that comes. */
  match?: string;
  /** CEL over `event`, which started the run, and `async`, which has come. */
  if?: string;
}

export interface WaitForSignal {
  signal: string;
  timeout?: Duration;
  /** Where another run waits for it: fail the run, or take its place. */
  onConflict?: 'fail' | 'replace';
}

export interface Invoke {
  /** A function of this plugin, its id, or the composite id of another plugin's. */
  function: StepwellFunction | FunctionReference | string;
  data?: object;
  /** Its end is waited for no longer than that: 365 days unless told otherwise. */
  timeout?: Duration;
}

/** A function of another plugin. */
export interface FunctionReference {
  functionId: string;
  /** Its plugin; this one, unless told. */
  appId?: string;
}

/**
 * The durable operations of a run.
 *
 * Each is named by an id, and remembered by it: when the run is entered again, an operation that has a result yields it
 * without being done again. An id may be used several times, in a loop say; its uses are told apart by their order.
 */
export class Step {
  readonly #pass: Pass;

  constructor(pass: Pass) {
    this.#pass = pass;
  }

  /**
   * Runs a closure as a step: done once, retried by itself, its result remembered. What is given behind the closure is
   * its input, which a replay of the run may replace.
   */
  run<T, A extends unknown[]>(id: StepId, closure: (...input: A) => T, ...input: A): Promise<Jsonify<Awaited<T>>> {
    if (typeof closure !== 'function') throw new TypeError(`step ${JSON.stringify(idOf(id))} needs a closure`);
    return this.#pass.reach(idOf(id), 'run', retriesOf(id), closure as Closure, input) as Promise<Jsonify<Awaited<T>>>;
  }

  /** Waits. The function is not in memory meanwhile. */
  async sleep(id: StepId, duration: Duration): Promise<void> {
    const ms = milliseconds(duration, `sleep ${JSON.stringify(idOf(id))}`);
    await this.#reach(id, 'sleep', { ms });
  }

  /** Waits until a time; one that is past is over at once. */
  async sleepUntil(id: StepId, time: Date | number | string | object): Promise<void> {
    const until = instant(time, `sleepUntil ${JSON.stringify(idOf(id))}`);
    await this.#reach(id, 'sleep', { until });
  }

  /** Waits for an event that is sent from now on; null: none has come in time. */
  waitForEvent<Data = Record<string, unknown>>(id: StepId, wait: WaitForEvent): Promise<StepwellEvent<Data> | null> {
    return this.#reach(id, 'wait-for-event', waitOptions(wait, TIMEOUT));
  }

  /** Waits for a signal, which is meant for one run; null: none has come in time. */
  waitForSignal<Data = unknown>(id: StepId, wait: WaitForSignal): Promise<{ signal: string; data: Data } | null> {
    return this.#reach(id, 'wait-for-signal', {
      signal: wait.signal,
      timeout_ms: milliseconds(wait.timeout ?? TIMEOUT, 'timeout'),
      ...(wait.onConflict === undefined ? {} : { on_conflict: wait.onConflict }),
    });
  }

  /** Sends a signal to the run that waits for it, once. */
  async sendSignal(id: StepId, signal: { signal: string; data?: unknown }): Promise<{ runId: string | null }> {
    const { run_id } = await this.#reach<{ run_id: string | null }>(id, 'send-signal', signal);
    return { runId: run_id };
  }

  /** Starts a run of another function and waits for its result. It is not invoked again by itself. */
  invoke<T = unknown>(id: StepId, { function: callee, data, timeout }: Invoke): Promise<T> {
    return this.#reach(id, 'invoke', {
      function: calleeId(callee),
      ...(data === undefined ? {} : { data }),
      timeout_ms: milliseconds(timeout ?? TIMEOUT, 'timeout'),
    });
  }

  /** Sends an event, or several, once: all are sent or none. */
  sendEvent(id: StepId, events: NewEvent<object> | NewEvent<object>[]): Promise<{ ids: string[] }> {
    return this.#reach(id, 'send-events', { events: Array.isArray(events) ? events : [events] });
  }

  /**
   * Has the host make a request, to a host that is granted to the plugin, and answers its response, whatever its
   * status. It is retried as a step is. Without an id it has one made of the URL's host.
   */
  fetch(url: string | URL, init?: FetchInit): Promise<FetchResponse>;
  fetch(id: StepId, url: string | URL, init?: FetchInit): Promise<FetchResponse>;
  async fetch(first: StepId | URL, second?: string | URL | FetchInit, third?: FetchInit): Promise<FetchResponse> {
    const hasId = typeof second === 'string' || second instanceof URL;
    const url = hasId ? second : new URL(first as string | URL);
    const id = hasId ? (first as StepId) : `step.fetch: ${new URL(url).host}`;
    const init = (hasId ? third : (second as FetchInit | undefined)) ?? {};
    return new FetchResponse(await this.#reach(id, 'fetch', { ...fetchOptions(url, init), ...retriesOf(id) }));
  }

  /** Inside a step's closure: which attempt it is, and a key for services that do once what they are asked twice. */
  current(): Attempt {
    return this.#pass.current();
  }

  #reach<T>(id: StepId, kind: string, options: object): Promise<T> {
    return this.#pass.reach(idOf(id), kind, options) as Promise<T>;
  }
}

const idOf = (id: StepId): string => (typeof id === 'object' && id !== null ? id.id : id);

const retriesOf = (id: StepId): object => (typeof id === 'object' && id !== null ? retryOptions(id) : NO_OPTIONS);

/** The options of a wait for an event; without a timeout, if there is no default. */
export function waitOptions(wait: WaitForEvent, timeout: Duration | undefined): object {
  if (wait.match !== undefined && wait.if !== undefined) {
    throw new TypeError(`the wait for "${wait.event}" has both \`match\` and \`if\`: write one of them`);
  }
  const limit = wait.timeout ?? timeout;
  return {
    event: wait.event,
    ...(wait.match === undefined ? {} : { match: wait.match }),
    ...(wait.if === undefined ? {} : { if: wait.if }),
    ...(limit === undefined ? {} : { timeout_ms: milliseconds(limit, 'timeout') }),
  };
}

function calleeId(callee: Invoke['function']): string {
  if (typeof callee === 'string') return callee;
  if ('functionId' in callee)
    return callee.appId === undefined ? callee.functionId : `${callee.appId}-${callee.functionId}`;
  return callee.id;
}
