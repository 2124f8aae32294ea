// The surface of the package `inngest`, as functions use it: modules written for Inngest are built with this in its place.
import { referenceFunction as reference } from '../function.js';
import { running } from '../running.js';
import { Step } from '../step.js';
import { Inngest } from './client.js';
import type { Shapes } from './events.js';
import { groupTools, toolsOf, type InngestFunction, type InngestFunctionReference, type StepTools } from './tools.js';
import { StepwellFunction } from '../function.js';

export { NonRetriableError, RetryAfterError, StepError } from '../errors.js';
export type { Logger } from '../logger.js';
export type { Jsonify } from '../step.js';
export { EventValidationError, Inngest, type ClientOptions, type FunctionOptions, type Trigger } from './client.js';
export type { FailureContext, FailureEventArgs, HandlerContext } from './context.js';
export { cron, EventSchemas, EventType, eventType, internalEvents, invoke, staticSchema } from './events.js';
export type {
  CancelledEventPayload,
  CreatedEvent,
  EventPayload,
  FailureEventPayload,
  FinishedEventPayload,
  JsonError,
  ReceivedEvent,
  ScheduledTimerEventPayload,
  SendPayload as SendEventPayload,
} from './events.js';
export type { StandardSchemaV1 } from './schema.js';
export type {
  GroupTools,
  InngestFunction,
  InngestFunctionReference,
  StepOptions,
  StepOptionsOrId,
  StepTools,
} from './tools.js';
export type {
  ClientOptionsFromInngest,
  Context,
  GetEvents,
  GetFunctionInput,
  GetFunctionOutput,
  GetStepTools,
  Handler,
} from './types.js';
export { groupTools as group };

/** A function of another plugin, to invoke; `typeof` a function says what with, and what comes back. */
export const referenceFunction = <F extends InngestFunction.Any = InngestFunction.Any>(to: {
  functionId: string;
  appId?: string;
}): InngestFunctionReference & Pick<F, '~types'> => reference(to) as InngestFunctionReference & Pick<F, '~types'>;

/** The tools of the function that is being run. */
export const step: StepTools<Shapes> = new Proxy({} as StepTools<Shapes>, {
  get(_, tool) {
    const pass = running();
    if (!pass) throw new Error(`step.${String(tool)} is for functions: none is being run`);
    return Reflect.get(toolsOf(new Step(pass)), tool);
  },
});

/** A text as a part of an id. */
export const slugify = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/-+/g, '-')
    .replace(/^-|-$/g, '');

export const isInngest = (value: unknown): value is Inngest.Any => value instanceof Inngest;

export const isInngestFunction = (value: unknown): value is InngestFunction.Any => value instanceof StepwellFunction;
