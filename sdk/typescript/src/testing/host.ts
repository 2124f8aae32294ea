// The host of a test.
import { instant, milliseconds, type Duration } from '../duration.js';
import type { NewEvent, StepwellEvent } from '../event.js';
import { StepwellFunction } from '../function.js';
import { Plugin } from '../plugin.js';
import type { Execution } from './execution.js';
import { eventJson, eventOf, INVOKED, SCHEDULED, scheduledData } from './lifecycle.js';
import { NobodyHeardError, TestKitError } from './problems.js';
import { runOf, type Run } from './run.js';
import { isInside } from './surroundings.js';
import { optionsOf, World, type Received } from './world.js';

export interface TestHostOptions {
  /** The time at which it begins: the machine's, unless told. */
  now?: Date | number | string;
  /** Composite ids are `<plugin>-<function>`; `test`, unless told. */
  plugin?: string;
}

/**
 * A host in memory that holds these functions. Their code runs in the test's process, time is virtual.
 *
 * ```ts
 * const host = new TestHost(placeOrder);
 * const run = await host.execute('shop/order.placed', { order: 'o-1' });
 * assert.deepEqual(run.output, { order: 'o-1', shipped: true });
 * ```
 *
 * It behaves as the real host does, except: what limits how often and how many at once is ignored, schedules do not
 * start anything, expressions are not evaluated (a test is told what to do instead), and retries have no jitter.
 */
export class TestHost {
  readonly #world: World;
  /** Runs go on one after the other, also where a test has not awaited something. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    plugin: Plugin | StepwellFunction | readonly StepwellFunction[],
    { now = Date.now(), plugin: name = 'test' }: TestHostOptions = {},
  ) {
    const functions = plugin instanceof StepwellFunction ? [plugin] : plugin;
    const { functions: all } = functions instanceof Plugin ? functions : new Plugin(functions);
    this.#world = new World(all, instant(now, 'now'), name);
  }

  /** Its time: what `Date` tells steps too. */
  get now(): Date {
    return new Date(this.#world.now);
  }

  /** All runs, in the order in which they were started. */
  get runs(): Run[] {
    return this.#world.executions.map(runOf);
  }

  /** All events: those of the test, those that steps have sent, and those that tell of the ends of runs. */
  get events(): StepwellEvent[] {
    return this.#world.events.map(eventOf);
  }

  /**
   * Sends an event, and lets runs go as far as they can without time passing. Answers the first run that it has
   * started, or else moved on: one that had waited for it; undefined without either.
   */
  send(event: NewEvent<object> | string, data: object = {}): Promise<Run | undefined> {
    return this.#takeTurn(async () => {
      const received = this.#receive(event, data);
      await this.#world.goOn();
      return firstOf(received);
    });
  }

  /**
   * Sends an event, and lets time pass until all runs have ended or wait for what has to come from outside. A wait's
   * own timeout is no reason to let time pass: see `advance`. Answers the first run that the event has started, or
   * else moved on.
   */
  execute(event: NewEvent<object> | string, data: object = {}): Promise<Run> {
    return this.#takeTurn(async () => {
      const received = this.#receive(event, data);
      await this.#world.settle();
      const run = firstOf(received);
      if (run) return run;
      const name = typeof event === 'string' ? event : event.name;
      throw new NobodyHeardError(`"${name}" starts no function of this host, and no run has waited for it`);
    });
  }

  /**
   * Starts a function, whatever its triggers; then lets runs go as far as they can without time passing. Without an
   * event it is started as its schedule would, or with an event without data; with several it gets a batch.
   */
  start(fn: StepwellFunction | string, ...events: NewEvent<object>[]): Promise<Run> {
    return this.#takeTurn(async () => {
      const member = typeof fn === 'string' ? this.#world.function(fn) : fn;
      if (!member) throw new TestKitError(`"${String(fn)}" is no function of this host`);
      const given = events.length > 0 ? events : [this.#byItself(member)];
      const execution = this.#world.start(
        member,
        given.map((event) => this.#json(event)),
      );
      await this.#world.goOn();
      return runOf(execution);
    });
  }

  /** Lets time pass: sleeps and waits end and attempts begin in the order in which they are due. */
  advance(duration: Duration): Promise<void> {
    const ms = milliseconds(duration, 'advance');
    return this.#takeTurn(() => this.#world.passUntil(this.#world.now + ms));
  }

  /** Sends a signal; answers the run that had waited for it, if there is one. */
  signal(signal: string, data: unknown = null): Promise<Run | undefined> {
    return this.#takeTurn(async () => {
      const receiver = this.#world.signal(signal, data);
      await this.#world.goOn();
      return receiver && runOf(receiver);
    });
  }

  /** Cancels a run that is under way. */
  cancel(run: Run): Promise<void> {
    return this.#takeTurn(async () => {
      const execution = this.#world.executions.find(({ id }) => id === run.id);
      if (execution) this.#world.cancel(execution, 'by the test');
      await this.#world.goOn();
    });
  }

  /**
   * Has the operation of that id, of whatever run, come to a value instead of what it would do.
   *
   * A function is called: with a step's input, the data of an invocation, the `Request` of a fetch; without anything
   * for a wait. What it throws, the operation fails with. A fetch comes to a `Response`; a wait for an event to null or
   * the event's data; a wait for a signal to null or the signal's data.
   */
  mock(id: string, value: unknown): void {
    this.#world.doubles.mock(id, value);
  }

  /**
   * Injects a fault: the next attempts of the operation of that id fail with that error; all, unless `times` is told.
   * Retries are as ever: a `NonRetriableError` has none. Once they have failed, it does what it would without.
   */
  fail(id: string, error: unknown, { times = Infinity }: { times?: number } = {}): void {
    this.#world.doubles.fail(id, error, times);
  }

  /**
   * Injects a crash: the host is lost right after the step's code has run, before its result is recorded. The step runs
   * again, and no attempt is used up. What it does has to bear that.
   */
  crash(id: string, { times = 1 }: { times?: number } = {}): void {
    this.#world.doubles.crash(id, times);
  }

  #receive(event: NewEvent<object> | string, data: object): Received {
    const sent = typeof event === 'string' ? { name: event, data } : event;
    if (sent.name.toLowerCase().startsWith('inngest/')) {
      throw new TestKitError(`"${sent.name}" is the host's own: start who listens to it with host.start(…)`);
    }
    return this.#world.receive(sent);
  }

  #json(event: NewEvent<object>): string {
    return eventJson(event, event.id ?? this.#world.newEventId(), this.#world.now);
  }

  /** The event of a function that no event has started. */
  #byItself(fn: StepwellFunction): NewEvent<object> {
    const cron = optionsOf(fn).triggers.find((trigger) => trigger.cron !== undefined)?.cron;
    return cron === undefined ? { name: INVOKED } : { name: SCHEDULED, data: scheduledData(cron, this.#world.now) };
  }

  #takeTurn<T>(act: () => Promise<T>): Promise<T> {
    if (isInside()) throw new TestKitError('a TestHost is not to be used inside of the functions that it runs');
    const done = this.#turn.then(() => this.#watched(act));
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Says what is awaited in vain, if nothing is left that could go on. */
  async #watched<T>(act: () => Promise<T>): Promise<T> {
    const stalled = () => {
      for (const { functionId, guess } of this.#world.executions) {
        if (guess !== '') console.error(`${functionId}: ${guess}`);
      }
    };
    process.once('beforeExit', stalled);
    try {
      return await act();
    } finally {
      process.off('beforeExit', stalled);
    }
  }
}

const firstOf = ({ runs: [first] }: Received): Run | undefined => first && runOf(first as Execution);
