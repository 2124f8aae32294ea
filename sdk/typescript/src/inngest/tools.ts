// `step` and `group` as Inngest has them.
import { milliseconds, type Duration } from '../duration.js';
import type { FetchInit, FetchResponse } from '../fetch.js';
import type { StepwellFunction } from '../function.js';
import type { Attempt } from '../pass.js';
import type { FunctionReference, Jsonify, Step, StepId, WaitForEvent, WaitForSignal } from '../step.js';
import {
  checked,
  nameOf,
  type AnyEventType,
  type EventOf,
  type NameOf,
  type ReceivedEvent,
  type Sendable,
  type SendPayload,
} from './events.js';
import { refused } from './refused.js';

/** An id, or one with a name for people; here it may also have retries of its own. */
export type StepOptionsOrId = StepId;

export type StepOptions = Exclude<StepId, string>;

/** A function to invoke: its events say what with, its result is what it is answered with. */
export interface InngestFunction<Event = ReceivedEvent, Result = unknown> extends StepwellFunction {
  readonly '~types'?: { event: Event; result: Result };
}

export declare namespace InngestFunction {
  type Any = InngestFunction<ReceivedEvent<string, object>, unknown>;
}

export interface InngestFunctionReference<Data = object, Result = unknown> extends FunctionReference {
  readonly '~types'?: { event: ReceivedEvent<string, Data>; result: Result };
}

export type Invocable = InngestFunction.Any | InngestFunctionReference | string;

/** The options of an invocation. */
type Invoked<F> = F extends { readonly '~types'?: { event: infer Event; result: unknown } }
  ? Exclude<Event, { name: 'inngest/scheduled.timer' }> extends { data: infer Data }
    ? object extends Data
      ? { data?: Data }
      : { data: Data }
    : { data?: object }
  : { data?: object };

export type Result<F> = F extends { readonly '~types'?: { event: unknown; result: infer Returned } }
  ? Jsonify<Awaited<Returned>>
  : unknown;

/** The event of a wait and its limit: a duration, or a date. */
export interface WaitOptions<S> {
  event: NameOf<S> | AnyEventType;
  timeout: Duration | Date;
  match?: string;
  if?: string;
}

export interface StepTools<S> {
  run<T, A extends unknown[]>(
    id: StepOptionsOrId,
    closure: (...input: A) => T,
    ...input: A
  ): Promise<Jsonify<Awaited<T>>>;
  sleep(id: StepOptionsOrId, time: Duration): Promise<void>;
  sleepUntil(id: StepOptionsOrId, time: Date | string | number | object): Promise<void>;
  waitForEvent<const W extends WaitOptions<S>>(id: StepOptionsOrId, wait: W): Promise<EventOf<S, W> | null>;
  waitForSignal<Data = unknown>(
    id: StepOptionsOrId,
    wait: Omit<WaitForSignal, 'timeout'> & { timeout: Duration | Date },
  ): Promise<{ signal: string; data: Data } | null>;
  sendSignal(id: StepOptionsOrId, signal: { signal: string; data?: unknown }): Promise<{ runId: string | null }>;
  sendEvent(id: StepOptionsOrId, events: SendPayload<S> | SendPayload<S>[]): Promise<{ ids: string[] }>;
  invoke<F extends Invocable>(
    id: StepOptionsOrId,
    options: { function: F; timeout?: Duration | Date } & Invoked<F>,
  ): Promise<Result<F>>;
  fetch(url: string | URL, init?: FetchInit): Promise<FetchResponse>;
  fetch(id: StepOptionsOrId, url: string | URL, init?: FetchInit): Promise<FetchResponse>;
  ai: {
    /** A step whose input somebody who does the run over may replace. */
    wrap: StepTools<S>['run'];
  };
  /** Stepwell's: inside a step's closure, which attempt it is, and a key for services that do once what they are asked. */
  current(): Attempt;
}

export interface GroupTools {
  /** Steps side by side; here they go on by themselves with or without it, and races end with the first. */
  parallel<T>(callback: () => Promise<T>): Promise<T>;
  parallel<T>(options: { mode?: 'race' }, callback: () => Promise<T>): Promise<T>;
}

/** Inngest's tools over a run's operations. They may be taken apart: none asks for `this`. */
export function toolsOf<S>(step: Step): StepTools<S> {
  const run: StepTools<S>['run'] = (id, closure, ...input) => step.run(id, closure, ...input);
  const tools = {
    run,
    sleep: (id: StepId, time: Duration) => step.sleep(id, time),
    sleepUntil: (id: StepId, time: Date | string | number | object) => step.sleepUntil(id, time),
    waitForEvent: (id: StepId, wait: WaitOptions<S>) => step.waitForEvent(id, waitOf(wait)),
    waitForSignal: (id: StepId, wait: Omit<WaitForSignal, 'timeout'> & { timeout: Duration | Date }) =>
      step.waitForSignal(id, { ...wait, timeout: fromNow(wait.timeout, 'timeout') }),
    sendSignal: (id: StepId, signal: { signal: string; data?: unknown }) => step.sendSignal(id, signal),
    sendEvent: (id: StepId, events: Sendable) => sendEvents(step, id, events),
    invoke: (id: StepId, options: { function: Invocable; data?: object; timeout?: Duration | Date }) =>
      step.invoke(id, {
        function: options.function,
        ...(options.data === undefined ? {} : { data: options.data }),
        ...(options.timeout === undefined ? {} : { timeout: fromNow(options.timeout, 'timeout') }),
      }),
    fetch: (...request: [string]) => step.fetch(...request),
    ai: { wrap: run, infer: refused('step.ai.infer'), models: refused('step.ai.models') },
    realtime: refused('step.realtime'),
    current: () => step.current(),
  };
  return tools as unknown as StepTools<S>;
}

export const groupTools: GroupTools = {
  parallel: <T>(first: { mode?: 'race' } | (() => Promise<T>), second?: () => Promise<T>): Promise<T> => {
    const callback = typeof first === 'function' ? first : second;
    if (!callback) throw new TypeError('group.parallel needs a callback');
    return callback();
  },
  ...{ experiment: refused('group.experiment') },
};

/** Sends events as an operation. */
export function sendEvents(step: Step, id: StepId, events: Sendable): Promise<{ ids: string[] }> {
  const ready = checked(events);
  return ready instanceof Promise ? ready.then((all) => step.sendEvent(id, all)) : step.sendEvent(id, ready);
}

/** An event that is waited for, or that cancels, as Stepwell's options have it. */
export function waitOf({
  event,
  timeout,
  ...rest
}: {
  event: string | AnyEventType;
  timeout?: Duration | Date;
  match?: string;
  if?: string;
}): WaitForEvent {
  return { ...rest, event: nameOf(event), ...(timeout === undefined ? {} : { timeout: fromNow(timeout, 'timeout') }) };
}

/** How long it is until then. */
const fromNow = (time: Duration | Date, what: string): number =>
  time instanceof Date ? Math.max(time.getTime() - Date.now(), 0) : milliseconds(time, what);
