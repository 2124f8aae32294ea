// Types of events by their names: a client's schemas, v4's event types, and what a trigger says of its event.
import type { FailedError, FunctionFailed, NewEvent, StepwellEvent } from '../event.js';
import { issuesOf, type OutputOf, type StandardSchemaV1 } from './schema.js';

/** Data of which nothing is said. */
export type Untyped = Record<string, unknown>;

/** Of each event, by its name, what it holds. */
export type Shapes = Record<string, { data?: unknown; user?: unknown }>;

/** An event as it is written down and sent. */
export interface EventPayload<Data = Untyped> {
  name: string;
  data?: Data;
  id?: string;
  ts?: number;
  user?: Record<string, unknown>;
  v?: string;
  meta?: Record<string, unknown>;
}

/** An event as a function gets it. */
export interface ReceivedEvent<Name extends string = string, Data = Untyped> extends StepwellEvent<Data> {
  name: Name;
}

export type JsonError = FailedError;

/** `inngest/function.failed`. */
export type FailureEventPayload<Event extends { data: unknown } = StepwellEvent> = ReceivedEvent<
  'inngest/function.failed',
  Omit<FunctionFailed<Event['data']>, 'event' | 'events'> & { event: Event; events: Event[] }
>;

interface Ended {
  function_id: string;
  run_id: string;
  event: StepwellEvent;
  events: StepwellEvent[];
  correlation_id?: string;
}

/** `inngest/function.finished`. */
export type FinishedEventPayload = ReceivedEvent<
  'inngest/function.finished',
  Ended & { result?: unknown; error?: JsonError }
>;

/** `inngest/function.cancelled`. */
export type CancelledEventPayload = ReceivedEvent<'inngest/function.cancelled', Ended>;

/** `inngest/scheduled.timer`: what a schedule starts a run with. */
export type ScheduledTimerEventPayload = ReceivedEvent<'inngest/scheduled.timer', { cron: string }>;

interface Internal {
  'inngest/function.failed': FailureEventPayload['data'];
  'inngest/function.finished': FinishedEventPayload['data'];
  'inngest/function.cancelled': CancelledEventPayload['data'];
  'inngest/function.invoked': Untyped;
  'inngest/scheduled.timer': ScheduledTimerEventPayload['data'];
}

/** The names that a client knows: any, unless it has schemas. */
export type NameOf<S> = string extends keyof S ? string : (keyof S & string) | keyof Internal | `${string}*`;

/** The data of an event with that name. */
export type DataOf<S, Name> = Name extends keyof Internal
  ? Internal[Name]
  : string extends keyof S
    ? Untyped
    : Name extends keyof S
      ? S[Name] extends { data: infer Data }
        ? Data
        : Untyped
      : Untyped;

type Literal<Name extends string> = Name extends `${string}*` ? string : Name;

type DataOfSchema<Schema> = Schema extends StandardSchemaV1 ? OutputOf<Schema> : Untyped;

type OfTrigger<S, T> =
  T extends EventType<infer Name, infer Schema>
    ? ReceivedEvent<Literal<Name>, DataOfSchema<Schema>>
    : T extends { cron: string }
      ? ScheduledTimerEventPayload
      : T extends { event: EventType<infer Name, infer Schema> }
        ? ReceivedEvent<Literal<Name>, DataOfSchema<Schema>>
        : T extends { event: infer Name extends string; schema: infer Schema extends StandardSchemaV1 }
          ? ReceivedEvent<Literal<Name>, OutputOf<Schema>>
          : T extends { event: infer Name extends string }
            ? ReceivedEvent<Literal<Name>, DataOf<S, Name>>
            : never;

/** The events that a trigger, or one of several, or a wait, has; any, if it names no event. */
export type EventOf<S, T> = [OfTrigger<S, One<T>>] extends [never] ? ReceivedEvent : OfTrigger<S, One<T>>;

type One<T> = T extends readonly (infer Each)[] ? Each : T;

/** The events that a client can send. */
export type SendPayload<S> = string extends keyof S
  ? EventPayload<object>
  : {
      [Name in keyof S & string]: Omit<EventPayload, 'name' | 'data'> & { name: Name; data: DataOf<S, Name> };
    }[keyof S & string];

/** Events on their way, whatever their types. */
export type Sendable = EventPayload<object> | EventPayload<object>[];

/** Tells a client its events' types; there is nothing to it when the function runs. */
export class EventSchemas<S extends Shapes = Record<never, never>> {
  declare readonly '~shapes'?: S;

  fromRecord<T extends Shapes>(): EventSchemas<Omit<S, keyof T> & T> {
    return new EventSchemas();
  }

  fromUnion<T extends { name: string; data?: unknown; user?: unknown }>(): EventSchemas<
    S & { [Name in T['name']]: Omit<Extract<T, { name: Name }>, 'name'> }
  > {
    return new EventSchemas();
  }

  fromGenerated<T extends Shapes>(): EventSchemas<S & T> {
    return new EventSchemas();
  }

  /** Schemas of the data by the events' names. */
  fromSchema<T extends Record<string, StandardSchemaV1>>(
    _: T,
  ): EventSchemas<S & { [Name in keyof T & string]: { data: OutputOf<T[Name]> } }> {
    return new EventSchemas();
  }

  /** Zod's schemas, by the events' names. */
  fromZod<T extends Record<string, { data?: unknown; user?: unknown }>>(
    _: T,
  ): EventSchemas<S & { [Name in keyof T & string]: { data: OutputOf<T[Name]['data']> } }> {
    return new EventSchemas();
  }
}

/** Further fields of an event that is made. */
type EventOptions = Omit<EventPayload, 'name' | 'data'>;

/** v4's description of an event: a trigger, what to wait for, and what makes events. */
export class EventType<Name extends string = string, Schema extends StandardSchemaV1<object> | undefined = undefined> {
  readonly event: Name;
  readonly name: Name;
  readonly schema: Schema;
  readonly version: string | undefined;

  constructor({ name, schema, version }: { name: Name; schema: Schema; version?: string | undefined }) {
    this.event = name;
    this.name = name;
    this.schema = schema;
    this.version = version;
  }

  /** An event to send. */
  create(
    ...[data, options]: Schema extends StandardSchemaV1
      ? [data: OutputOf<Schema>, options?: EventOptions]
      : [data?: Untyped, options?: EventOptions]
  ): CreatedEvent<Name, DataOfSchema<Schema>> {
    const { name, schema, version } = this;
    const event = {
      name,
      data: data as DataOfSchema<Schema>,
      ...(version === undefined ? {} : { v: version }),
      ...options,
    };
    return Object.defineProperty(event, 'validate', {
      value: async () => {
        const issues = schema && (await issuesOf(schema, data));
        if (issues !== undefined) throw new TypeError(`event "${name}": ${issues}`);
      },
    }) as CreatedEvent<Name, DataOfSchema<Schema>>;
  }
}

export interface CreatedEvent<Name extends string, Data> extends EventPayload<Data> {
  name: Name;
  data: Data;
  /** Rejects if the data is not of the event's schema. */
  validate(): Promise<void>;
}

/** Any description of an event. */
export type AnyEventType = EventType<string, StandardSchemaV1<object> | undefined>;

/** Describes an event, and its data if it is told a schema. */
export function eventType<Name extends string, Schema extends StandardSchemaV1<object> | undefined = undefined>(
  name: Name,
  { schema, version }: { schema?: Schema; version?: string } = {},
): EventType<Name, Schema> {
  return new EventType({ name, schema: schema as Schema, version });
}

/** A schema that is a type and checks nothing. */
export const staticSchema = <Data extends object>(): StandardSchemaV1<Data> => ({
  '~standard': { version: 1, vendor: 'inngest', validate: (value) => ({ value: value as Data }) },
});

/** A schedule as a trigger. */
export const cron = <Schedule extends string>(schedule: Schedule): { cron: Schedule } => ({ cron: schedule });

export const INVOKED = 'inngest/function.invoked';

/** Says what a function is invoked with. */
export const invoke = <Data extends object>(
  schema: StandardSchemaV1<Data>,
): EventType<typeof INVOKED, StandardSchemaV1<Data>> => eventType(INVOKED, { schema });

/** The name of an event that may be told by its description. */
export const nameOf = (event: string | AnyEventType): string => (typeof event === 'string' ? event : event.name);

/** Events that are to be sent: at once, unless there is something of them to be checked. */
export function checked(events: Sendable): NewEvent<object>[] | Promise<NewEvent<object>[]> {
  const all = Array.isArray(events) ? events : [events];
  const checks = all.filter((event) => 'validate' in event && typeof event.validate === 'function');
  if (checks.length === 0) return all;
  return Promise.all(checks.map((event) => (event as CreatedEvent<string, object>).validate())).then(() => all);
}

export const internalEvents = {
  FunctionFailed: 'inngest/function.failed',
  FunctionInvoked: INVOKED,
  FunctionFinished: 'inngest/function.finished',
  FunctionCancelled: 'inngest/function.cancelled',
  ScheduledTimer: 'inngest/scheduled.timer',
} as const;
