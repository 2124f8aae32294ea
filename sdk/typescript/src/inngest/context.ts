// The contexts that handlers are called with.
import type { Context as StepwellContext, FailureContext as StepwellFailureContext } from '../context.js';
import type { FailedRun, RunError } from '../context.js';
import type { StepwellEvent } from '../event.js';
import type { Logger } from '../logger.js';
import type { FailureEventPayload, ReceivedEvent, Shapes } from './events.js';
import { refused } from './refused.js';
import { groupTools, toolsOf, type GroupTools, type StepTools } from './tools.js';

/** The context of a function's handler. */
export interface HandlerContext<Event = ReceivedEvent, S = Shapes> {
  event: Event;
  events: [Event, ...Event[]];
  step: StepTools<S>;
  group: GroupTools;
  runId: string;
  attempt: number;
  maxAttempts: number;
  /** Of this attempt: the run's id and the attempt's number. */
  requestId: string;
  /** Of this attempt, as `requestId`: Stepwell's queue has no ids of its own. */
  jobId: string;
  logger: Logger;
}

/** The context of a failure handler. `failed` is Stepwell's: what the failed run had done. */
export interface FailureContext<Event extends { data: unknown } = ReceivedEvent, S = Shapes> extends HandlerContext<
  FailureEventPayload<Event>,
  S
> {
  error: RunError;
  failed: FailedRun;
}

export interface FailureEventArgs<Event extends { data: unknown } = StepwellEvent> {
  event: FailureEventPayload<Event>;
  error: Error;
}

export function contextOf<Event, S>({ step, ...rest }: StepwellContext): HandlerContext<Event, S> {
  const id = `${rest.runId}-${rest.attempt}`;
  const tools = { step: toolsOf<S>(step), group: groupTools, defer: refused('defer') };
  const context = { ...rest, ...tools, requestId: id, jobId: id };
  return context as unknown as HandlerContext<Event, S>;
}

export function failureContextOf<Event extends { data: unknown }, S>({
  error,
  failed,
  ...rest
}: StepwellFailureContext): FailureContext<Event, S> {
  const context = contextOf<FailureEventPayload<Event>, S>(rest as unknown as StepwellContext);
  return { ...context, error, failed };
}
