// The events of the host's own: what a run's end is told by, and what a schedule or an invocation starts a run with.
import type { Cause, Failure } from '../contract.js';
import type { NewEvent, StepwellEvent } from '../event.js';
import { writeJson } from '../json.js';
import type { End, Execution } from './execution.js';

export const FAILED = 'inngest/function.failed';
export const FINISHED = 'inngest/function.finished';
export const CANCELLED = 'inngest/function.cancelled';
export const INVOKED = 'inngest/function.invoked';
export const SCHEDULED = 'inngest/scheduled.timer';

/** An event as guests get it. */
export const eventOf = (json: string): StepwellEvent => JSON.parse(json);

/** As the host stores an event, as JSON. */
export function eventJson({ name, data = {}, ...more }: NewEvent<object>, id: string, now: number): string {
  return writeJson({ name, data, ...more, id, ts: Math.round(more.ts ?? now) }) ?? '{}';
}

/** Whether the end of that run is told: that of a listener to ends is not, so that nothing goes in circles. */
export const isTold = ({ events }: Execution): boolean =>
  !events.some((event) => [FAILED, FINISHED].includes(eventOf(event).name));

/** The data of the events that tell of the run's end. */
export function endData(execution: Execution, end: End, functionId: string): object {
  const events = execution.events.map(eventOf);
  const data = { function_id: functionId, run_id: execution.id, event: { user: {}, ...events[0] }, events };
  switch (end.status) {
    case 'completed':
      return { ...data, result: JSON.parse(end.value), _inngest: { status: 'Completed' } };
    case 'failed':
      return { ...data, error: error(end.failure), result: result(end.failure), _inngest: { status: 'Failed' } };
    case 'cancelled':
      return { ...data, _inngest: { status: 'Cancelled', reason: end.reason } };
  }
}

/** The data of the event that a schedule starts a run with. */
export function scheduledData(cron: string, now: number): object {
  const at = new Date(now).toISOString().replace('.000Z', 'Z');
  return { cron, scheduledAt: at, fireAt: at };
}

function error({ name, message, stack = '', kind, attempt, code, details, step, causes }: Failure): object {
  return {
    error: 'NonRetriableError',
    name,
    message,
    stack,
    kind,
    attempts: attempt + 1,
    ...(code === undefined ? {} : { code }),
    ...(details === undefined ? {} : { details: JSON.parse(details) }),
    ...(step === undefined ? {} : { step_id: step.id }),
    ...nested(causes),
  };
}

const result = ({ name, message, stack = '', code, causes }: Failure): object => ({
  __serialized: true,
  name,
  message,
  stack,
  ...(code === undefined ? {} : { code }),
  ...nested(causes),
});

/** The chain as nested objects. A cause that was plain data stands as that data. */
function nested([first, ...rest]: Cause[]): object {
  if (!first) return {};
  const { name, message, stack = '', code, details } = first;
  if (name === '') return { cause: details === undefined ? message : JSON.parse(details) };
  const more = {
    ...(code === undefined ? {} : { code }),
    ...(details === undefined ? {} : { details: JSON.parse(details) }),
  };
  return { cause: { __serialized: true, name, message, stack, ...more, ...nested(rest) } };
}
