// The host in memory: its functions, runs and events, and the time that passes for them.
import type { NewEvent, StepwellEvent } from '../event.js';
import type { StepwellFunction } from '../function.js';
import { Doubles } from './doubles.js';
import { earliest, Execution, type Invoker } from './execution.js';
import { failureOf, waitsOutside, type Operation } from './journal.js';
import { CANCELLED, endData, eventJson, eventOf, FAILED, FINISHED, isTold } from './lifecycle.js';
import { Outside } from './outside.js';
import { Policy } from './policy.js';
import { NeedsRealHostError, TestKitError } from './problems.js';

/** A second event of one id starts no function again for so long. */
const ONCE_MS = 86_400_000;

/** A test that starts more runs than this, or waits more often, is taken not to come to an end. */
const ENDLESS = 1000;

/** The outcome of an event. */
export interface Received {
  id: string;
  /** The runs that it has started, or else those that had waited for it or that it has ended. */
  runs: Execution[];
}

interface Later {
  at: number;
  function: StepwellFunction;
  event: string;
}

/** A trigger or a cancellation, as the options of a function have it. */
interface Wait {
  event?: string;
  cron?: string;
  if?: string;
  match?: string;
  timeout_ms?: number;
}

/** All that a test's host knows. Times are milliseconds since 1970. */
export class World {
  now: number;
  readonly doubles = new Doubles();
  readonly executions: Execution[] = [];
  readonly events: string[] = [];
  readonly #functions: readonly StepwellFunction[];
  readonly #plugin: string;
  readonly #outside = new Outside(this);
  #later: Later[] = [];
  readonly #started = new Map<string, number>();
  #eventIds = 0;

  constructor(functions: readonly StepwellFunction[], now: number, plugin: string) {
    this.#functions = functions;
    this.now = now;
    this.#plugin = plugin;
  }

  newEventId(): string {
    this.#eventIds += 1;
    return `event-${this.#eventIds}`;
  }

  /** By its id, or by its composite id. */
  function(id: string): StepwellFunction | undefined {
    return this.#functions.find((one) => id === one.id || id === this.#composite(one.id));
  }

  /** Starts a run; it does not go on yet. */
  start(fn: StepwellFunction, events: string[], from: { failed?: Execution; invoker?: Invoker } = {}): Execution {
    if (this.executions.length >= ENDLESS) {
      throw new TestKitError(`there are ${ENDLESS} runs: do events and functions start each other without an end?`);
    }
    // A failure handler is a function of its own, with one retry, and inherits nothing.
    const policy = from.failed ? new Policy({ retries: 1 }) : new Policy(JSON.parse(fn.definition.options));
    const id = `run-${this.executions.length + 1}`;
    const execution = new Execution({ id, function: fn, events, policy, begun: this.now, ...from });
    this.executions.push(execution);
    return execution;
  }

  /** Takes an event in: it cancels, answers and starts runs. */
  receive(event: NewEvent<object>): Received {
    const id = event.id ?? this.newEventId();
    return this.#tell(eventJson(event, id, this.now), event.ts ?? this.now);
  }

  #tell(json: string, startsAt: number): Received {
    const event = eventOf(json);
    this.events.push(json);
    const moved = [...this.#cancelBy(event), ...this.#answerBy(event)];
    const listeners = this.#functions.filter((one) => this.#listens(one, event));
    if (startsAt > this.now) {
      this.#later.push(...listeners.map((one) => ({ at: startsAt, function: one, event: json })));
      return { id: event.id, runs: moved };
    }
    const started = listeners.filter((one) => this.#isFirst(one, event)).map((one) => this.start(one, [json]));
    return { id: event.id, runs: started.length > 0 ? started : moved };
  }

  #isFirst(fn: StepwellFunction, { id, name }: StepwellEvent): boolean {
    if (name.startsWith('inngest/')) return true;
    const key = JSON.stringify([fn.id, id]);
    const isFirst = (this.#started.get(key) ?? -Infinity) <= this.now;
    if (isFirst) this.#started.set(key, this.now + ONCE_MS);
    return isFirst;
  }

  #listens(fn: StepwellFunction, event: StepwellEvent): boolean {
    const triggers = optionsOf(fn).triggers.filter((one) => names(one.event ?? '', event.name));
    const [first] = triggers;
    if (first?.if !== undefined && triggers.every((one) => one.if !== undefined)) {
      throw new NeedsRealHostError(
        `function "${fn.id}" is started by ${event.name} if \`${first.if}\`, which only the real host can tell: ` +
          `start it with host.start("${fn.id}", …), or give TestHost only the functions that the test is about`,
      );
    }
    return first !== undefined;
  }

  *#answerBy(event: StepwellEvent): Iterable<Execution> {
    for (const { execution, operation } of this.#open('wait-for-event')) {
      const wait: Wait = operation.options;
      if (wait.event !== event.name || !matches(wait.match, execution, event)) continue;
      this.#outside.answer(execution, operation, event);
      yield execution;
    }
  }

  *#cancelBy(event: StepwellEvent): Iterable<Execution> {
    // A failure handler inherits nothing.
    for (const execution of this.#unended().filter(({ failed }) => !failed)) {
      const waits = optionsOf(execution.function).cancel_on ?? [];
      if (!waits.some((wait) => this.#cancels(wait, execution, event))) continue;
      this.cancel(execution, `by event ${event.name}`);
      yield execution;
    }
  }

  #cancels(wait: Wait, execution: Execution, event: StepwellEvent): boolean {
    if (wait.event !== event.name || this.now > execution.journal.begun + (wait.timeout_ms ?? Infinity)) return false;
    if (wait.if !== undefined) {
      throw new NeedsRealHostError(
        `function "${execution.function.id}" is cancelled by ${event.name} if \`${wait.if}\`, which only the real ` +
          'host can tell: cancel its run with host.cancel(run)',
      );
    }
    return matches(wait.match, execution, event);
  }

  /** Ends a run that is under way. */
  cancel(execution: Execution, reason: string) {
    if (execution.end) return;
    execution.finish({ status: 'cancelled', reason }, this.now);
    this.#tellEnd(execution);
  }

  /** The runs that wait for it. */
  waitingForSignal(signal: string, otherThan?: Operation): Invoker | undefined {
    return this.#open('wait-for-signal').find(
      ({ operation }) => operation !== otherThan && operation.options['signal'] === signal,
    );
  }

  /** Gives a signal to the run that waits for it. */
  signal(signal: string, data: unknown): Execution | undefined {
    const receiver = this.waitingForSignal(signal);
    if (receiver) this.#outside.answer(receiver.execution, receiver.operation, { signal, data });
    return receiver?.execution;
  }

  /** Lets all runs go as far as they can without time passing. */
  async goOn(): Promise<void> {
    for (;;) {
      const ready = this.executions.find((one) => one.isReady(this.now));
      if (!ready) return;
      const asked = ready.asked(this.now);
      if (asked) await this.#outside.ask(ready, asked);
      else
        await ready.goOn(this.now, this.doubles, (execution, operation) => this.#outside.begin(execution, operation));
      this.#tellEnd(ready);
    }
  }

  /** Lets time pass until all runs have ended or wait for what has to come from outside. */
  async settle(): Promise<void> {
    await this.goOn();
    for (let times = 0; times < ENDLESS; times += 1) {
      const due = this.#nextDue((operation) => !waitsOutside(operation));
      if (due === undefined) return;
      await this.passUntil(due);
    }
    throw new TestKitError(`time has passed ${ENDLESS} times, and runs still sleep: do they end at all?`);
  }

  /** Lets time pass: what is due meanwhile happens, in the order in which it is due. */
  async passUntil(time: number): Promise<void> {
    await this.goOn();
    for (;;) {
      const due = this.#nextDue(() => true);
      if (due === undefined || due > time) break;
      this.now = Math.max(due, this.now);
      this.#happen();
      await this.goOn();
    }
    this.now = Math.max(time, this.now);
  }

  #nextDue(wanted: (operation: Operation) => boolean): number | undefined {
    const times = this.#unended().map((one) => one.nextDue(wanted));
    return earliest([...times, ...this.#later.map(({ at }) => at)]);
  }

  #happen() {
    for (const execution of this.#unended()) {
      for (const operation of execution.journal.open()) {
        const { kind, isDoubled, due } = operation;
        if (kind !== 'run' && !isDoubled && due !== undefined && due <= this.now)
          this.#outside.end(execution, operation);
      }
    }
    const due = this.#later.filter(({ at }) => at <= this.now);
    this.#later = this.#later.filter(({ at }) => at > this.now);
    for (const { function: fn, event } of due) {
      if (this.#isFirst(fn, eventOf(event))) this.start(fn, [event]);
    }
  }

  /** Tells of a run's end, if it has ended: its invoker, the listeners to ends, and its failure handler. */
  #tellEnd(execution: Execution) {
    const { end, function: fn } = execution;
    if (!end || execution.isEndTold) return;
    execution.isEndTold = true;
    this.#tellInvoker(execution);
    if (!isTold(execution)) return;
    const data = endData(execution, end, this.#composite(execution.functionId));
    const tell = (name: string, id: string) => this.#tell(eventJson({ name, data }, id, this.now), this.now);
    tell(FINISHED, this.newEventId());
    if (end.status === 'cancelled') tell(CANCELLED, execution.id);
    if (end.status !== 'failed') return;
    tell(FAILED, execution.id);
    const event = eventJson({ name: FAILED, data }, execution.id, this.now);
    if (fn.failureBody) execution.handler = this.start(fn, [event], { failed: execution });
  }

  #tellInvoker({ end, invoker }: Execution) {
    if (!end || !invoker || invoker.operation.isOver || invoker.execution.end) return;
    const { execution, operation } = invoker;
    if (end.status === 'completed') return this.#outside.answer(execution, operation, JSON.parse(end.value));
    if (end.status === 'failed')
      return this.#outside.refuse(execution, operation, { ...end.failure, kind: 'application' });
    const failure = failureOf('cancelled', 'Error', 'function cancelled', 'cancelled');
    this.#outside.refuse(execution, operation, { ...failure, details: JSON.stringify({ reason: end.reason }) });
  }

  #unended(): Execution[] {
    return this.executions.filter(({ end }) => !end);
  }

  /** The open operations of that kind, but for those that the test is asked for. */
  #open(kind: string): Invoker[] {
    return this.#unended().flatMap((execution) =>
      execution.journal
        .open()
        .filter((operation) => operation.kind === kind && !operation.isDoubled)
        .map((operation) => ({ execution, operation })),
    );
  }

  #composite(id: string): string {
    return `${this.#plugin}-${id}`;
  }
}

/** The options of a function, as far as they matter here. */
export const optionsOf = ({ definition }: StepwellFunction): { triggers: Wait[]; cancel_on?: Wait[] } =>
  JSON.parse(definition.options);

/** Whether a trigger's name is that of the event; one that ends in `/*` or `.*` is that of any that begins so. */
const names = (pattern: string, name: string): boolean =>
  /[/.]\*$/.test(pattern) ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

/** Whether the field is equal in the event that started the run and in the one that has come. */
function matches(field: string | undefined, { events }: Execution, event: StepwellEvent): boolean {
  if (field === undefined) return true;
  const value = at(field, event);
  return value !== undefined && value === at(field, eventOf(events[0]!));
}

const at = (field: string, event: unknown): unknown =>
  field
    .split('.')
    .reduce(
      (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
      event,
    );
