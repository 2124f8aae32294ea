// The client: makes functions as Inngest's does, in the form of its third and fourth version.
import type { Duration } from '../duration.js';
import { NonRetriableError } from '../errors.js';
import { createFunction, type FunctionOptions as StepwellOptions } from '../function.js';
import type { Logger } from '../logger.js';
import type { Options, Trigger as StepwellTrigger } from '../options.js';
import { contextOf, failureContextOf, type FailureContext, type HandlerContext } from './context.js';
import {
  INVOKED,
  nameOf,
  type AnyEventType,
  type EventOf,
  type EventSchemas,
  type NameOf,
  type Sendable,
  type SendPayload,
  type Shapes,
} from './events.js';
import { refusal, refused } from './refused.js';
import { issuesOf, type StandardSchemaV1 } from './schema.js';
import { send } from './send.js';
import { waitOf, type InngestFunction } from './tools.js';

/** The options of Inngest's client. Those about Inngest's own service, such as keys and the mode, have no effect here. */
export interface ClientOptions {
  /** The app's name. Here it is the plugin's, which is its file's. */
  id: string;
  schemas?: EventSchemas<Shapes>;
  /** Where `send` inside of a step goes, else `INNGEST_BASE_URL`. */
  baseUrl?: string;
  /** With which key, else `INNGEST_EVENT_KEY`. */
  eventKey?: string;
  isDev?: boolean;
  env?: string;
  /** A run's lines go to its log, whatever this is. */
  logger?: Partial<Logger>;
  fetch?: typeof fetch;
  signingKey?: string;
  signingKeyFallback?: string;
  appVersion?: string;
  checkpointing?: boolean | object;
  experimentalCheckpointing?: boolean | object;
  optimizeParallelism?: boolean;
  /** Not in a plugin. */
  middleware?: readonly never[];
}

/** The types that the client's schemas give. */
export type ShapesOf<O> = O extends { schemas: EventSchemas<infer S> } ? S : Shapes;

/** A trigger of a function: an event by its name or description, or a schedule. */
export type Trigger<S> =
  | AnyEventType
  | { event: NameOf<S> | AnyEventType; if?: string; schema?: StandardSchemaV1<object> }
  | { cron: string; jitter?: Duration };

export type Triggers<S> = Trigger<S> | readonly Trigger<S>[];

export interface Cancellation<S> {
  event: NameOf<S> | AnyEventType;
  match?: string;
  if?: string;
  timeout?: Duration | Date;
}

/** The definition of a function. */
export interface FunctionOptions<S, Event extends { data: unknown }> extends Omit<Options, 'triggers' | 'cancelOn'> {
  cancelOn?: readonly Cancellation<S>[];
  onFailure?: (context: FailureContext<Event, S>) => unknown;
  checkpointing?: boolean | object;
  experimentalCheckpointing?: boolean | object;
  optimizeParallelism?: boolean;
  /** Not in a plugin. */
  middleware?: readonly never[];
}

/** How Inngest's own service goes about it; nothing of it applies here. */
const WITHOUT_MEANING = ['checkpointing', 'experimentalCheckpointing', 'optimizeParallelism'];

type Body<S, T, R> = (context: HandlerContext<EventOf<S, T>, S>) => R;

export class Inngest<const O extends ClientOptions = ClientOptions> {
  readonly id: string;
  readonly #options: ClientOptions;
  declare readonly '~options'?: O;

  constructor(options: O) {
    if (typeof options?.id !== 'string' || options.id === '') throw new TypeError('a client needs an id');
    refuseMiddleware(options);
    this.id = options.id;
    this.#options = options;
    Object.defineProperty(this, 'realtime', { value: refused('inngest.realtime') });
  }

  /** In the form of v3, with the triggers behind the options; or of v4, with the triggers among them. */
  createFunction<const T extends Triggers<ShapesOf<O>>, R>(
    options: FunctionOptions<ShapesOf<O>, EventOf<ShapesOf<O>, T>>,
    triggers: T,
    handler: Body<ShapesOf<O>, T, R>,
  ): InngestFunction<EventOf<ShapesOf<O>, T>, R>;
  createFunction<R, const T extends Triggers<ShapesOf<O>> = readonly []>(
    options: FunctionOptions<ShapesOf<O>, EventOf<ShapesOf<O>, T>> & { triggers?: T },
    handler: Body<ShapesOf<O>, T, R>,
  ): InngestFunction<EventOf<ShapesOf<O>, T>, R>;
  createFunction<S, Event extends { data: unknown }>(
    options: FunctionOptions<S, Event> & { triggers?: Triggers<S> },
    second: Triggers<S> | Body<S, never, unknown>,
    third?: Body<S, never, unknown>,
  ): InngestFunction.Any {
    const handler = typeof second === 'function' ? second : third;
    const triggers = listOf((typeof second === 'function' ? options.triggers : second) ?? []);
    if (typeof handler !== 'function') throw new TypeError(`function "${options?.id}" needs a handler`);
    return createFunction(optionsOf(options), triggers.filter(isStarting).map(triggerOf), async (context) => {
      await check(triggers, context.events);
      return handler(contextOf(context));
    }) as InngestFunction.Any;
  }

  /**
   * Sends events. In a function's body that is an operation, done once; inside of a step it is a request to the event
   * API, if the plugin is granted one.
   */
  send(events: SendPayload<ShapesOf<O>> | SendPayload<ShapesOf<O>>[]): Promise<{ ids: string[] }> {
    const { baseUrl, eventKey } = this.#options;
    return send({ baseUrl, eventKey }, events as Sendable);
  }

  /** Inngest's way to say where variables are; here they are granted by the host. */
  setEnvVars(): this {
    return this;
  }
}

export declare namespace Inngest {
  type Any = Inngest<ClientOptions>;
}

function refuseMiddleware({ middleware }: { middleware?: readonly never[] }) {
  if (middleware && middleware.length > 0) throw refusal('middleware');
}

const listOf = <S>(triggers: Triggers<S>): Trigger<S>[] => [triggers].flat() as Trigger<S>[];

/** A trigger that is a function's being invoked says what it is invoked with, and starts nothing. */
const isStarting = <S>(trigger: Trigger<S>): boolean => !('event' in trigger && nameOf(trigger.event) === INVOKED);

function triggerOf<S>(trigger: Trigger<S>): StepwellTrigger {
  if ('cron' in trigger) return trigger;
  const expression = 'if' in trigger ? trigger.if : undefined;
  return { event: nameOf(trigger.event), ...(expression === undefined ? {} : { if: expression }) };
}

function optionsOf<S, Event extends { data: unknown }>({
  cancelOn,
  onFailure,
  ...rest
}: FunctionOptions<S, Event> & { triggers?: Triggers<S> }): StepwellOptions {
  refuseMiddleware(rest);
  const { triggers: _, middleware: __, ...said } = rest;
  const meant = Object.entries(said).filter(([name, value]) => !WITHOUT_MEANING.includes(name) && value !== undefined);
  return {
    ...(Object.fromEntries(meant) as unknown as Options),
    ...(cancelOn === undefined ? {} : { cancelOn: cancelOn.map(waitOf) }),
    ...(onFailure === undefined ? {} : { onFailure: (context) => onFailure(failureContextOf(context)) }),
  };
}

/** Events whose data is not of any schema that their triggers have are refused, as Inngest refuses them. */
async function check<S>(triggers: Trigger<S>[], events: { name: string; data: unknown }[]) {
  const known = triggers.flatMap((trigger) => {
    const described = 'event' in trigger && typeof trigger.event === 'object' ? trigger.event : trigger;
    return 'schema' in described && described.schema ? [{ ...described, schema: described.schema }] : [];
  });
  if (known.length === 0) return;
  for (const { name, data } of events) {
    const schemas = known.filter(({ event }) => nameOf(event) === name || name === INVOKED).map(({ schema }) => schema);
    const issues = await Promise.all(schemas.map((schema) => issuesOf(schema, data)));
    if (issues.length > 0 && !issues.includes(undefined))
      throw new EventValidationError(`event "${name}": ${issues[0]}`);
  }
}

/** Data do not become right by trying again. */
export class EventValidationError extends NonRetriableError {
  override name = 'EventValidationError';
}
