// A run under way, and how it goes on.
import type { Failure, Outcome, RunContext } from '../contract.js';
import type { StepwellFunction } from '../function.js';
import { Plugin, type Exports } from '../plugin.js';
import type { Doubles } from './doubles.js';
import { BrokenRun, Entry, LostInstance, type Begin } from './entry.js';
import { cut, failureOf, Journal, nameOf, overText, told, tooDeep, type LogLine, type Operation } from './journal.js';
import type { Policy } from './policy.js';

/** As many as the host bears, before it takes it that the run is what kills it. */
const LOSSES_MAX = 10;

/** How a run ended. */
export type End =
  | { status: 'completed'; value: string }
  | { status: 'failed'; failure: Failure }
  | { status: 'cancelled'; reason: string };

/** Where an invoked run's end is waited for. */
export interface Invoker {
  execution: Execution;
  operation: Operation;
}

/** The run's identity and origin. */
export interface Origin {
  id: string;
  function: StepwellFunction;
  /** Each as JSON. */
  events: string[];
  policy: Policy;
  begun: number;
  /** The run whose failure it handles. */
  failed?: Execution | undefined;
  invoker?: Invoker | undefined;
}

/** A run, as the host knows it. */
export class Execution {
  readonly id: string;
  readonly function: StepwellFunction;
  readonly events: string[];
  readonly policy: Policy;
  readonly journal: Journal;
  readonly failed: Execution | undefined;
  readonly invoker: Invoker | undefined;
  readonly log = new Map<string, LogLine>();
  /** Inputs of steps in place of the code's own, by the steps' names, as JSON. */
  readonly inputs = new Map<string, string>();
  handler: Execution | undefined;
  end: End | undefined;
  /** Whether others have been told of its end. */
  isEndTold = false;
  /** A guess at what its code waits for in vain; empty if nothing. */
  guess = '';
  /** How often its code was entered. */
  entries = 0;

  constructor({ id, function: fn, events, policy, begun, failed, invoker }: Origin) {
    this.id = id;
    this.function = fn;
    this.events = events;
    this.policy = policy;
    this.journal = new Journal(begun);
    this.failed = failed;
    this.invoker = invoker;
  }

  get functionId(): string {
    return this.failed ? `${this.function.id}-failure` : this.function.id;
  }

  /** Whether it can go on without time passing. */
  isReady(now: number): boolean {
    if (this.end) return false;
    const { bodyDue } = this.journal;
    return Boolean(this.#target(now) ?? this.asked(now)) || (bodyDue !== undefined && bodyDue <= now);
  }

  /** An operation of which the test is to be asked what it comes to. */
  asked(now: number): Operation | undefined {
    return this.journal.open().find(({ isDoubled, due }) => isDoubled && due !== undefined && due <= now);
  }

  /** The step that is to run in a pass of its own. */
  #target(now: number): Operation | undefined {
    return this.journal.open().find(({ kind, due }) => kind === 'run' && due !== undefined && due <= now);
  }

  /** Enters the function once: for a step that is due, or else for the body. */
  async goOn(now: number, doubles: Doubles, begin: Begin): Promise<void> {
    const target = this.#target(now);
    const entry = new Entry(this, target, now, doubles, begin);
    this.entries += 1;
    try {
      const outcome = await entry.surround(() => this.#enter(new Plugin([this.function]).exports(entry), target));
      this.#judge(entry, target, outcome, now);
    } catch (error) {
      if (error instanceof LostInstance) this.#lose(now);
      else if (error instanceof BrokenRun) this.fail(error.failure, now);
      else throw error;
    }
  }

  /** Enters the body, or a step, whose own attempt the code then sees. */
  #enter({ functions, failureHandler }: Exports, target: Operation | undefined): Promise<Outcome> {
    const attempt = target?.failures ?? this.journal.bodyFailures;
    const { maxAttempts } = this.policy;
    const run: RunContext = { runId: this.id, functionId: this.function.id, attempt, maxAttempts, events: this.events };
    if (!this.failed) return functions.run(run);
    if (this.failed.end?.status !== 'failed') throw new Error('what is handled has failed');
    return failureHandler.onFailure(run, this.failed.end.failure);
  }

  #judge(entry: Entry, target: Operation | undefined, outcome: Outcome, now: number) {
    if (this.end) return; // it was ended meanwhile
    if (target) {
      if (!entry.hasRun) this.attemptFailed(target, notReached(target), now);
    } else if (outcome.tag === 'completed') {
      const failure = tooDeep(outcome.val, "the function's result");
      if (failure) this.#bodyFailed(failure, now);
      else this.finish({ status: 'completed', value: outcome.val }, now);
    } else if (outcome.tag === 'failed') {
      this.#bodyFailed(outcome.val, now);
    } else if (entry.delivered === this.journal.results.length) {
      this.journal.bodyDue = undefined;
    }
  }

  #bodyFailed(failure: Failure, now: number) {
    const attempt = failure.step ? failure.attempt : this.journal.bodyFailures;
    const delay = this.policy.delayAfter(this.journal.bodyFailures, failure.advice);
    if (delay === undefined) this.fail({ ...failure, attempt }, now);
    else this.journal.retryBody(failure, delay, now);
  }

  /** Records that an attempt has failed: of a step, or of a request. */
  attemptFailed(operation: Operation, failure: Failure, now: number) {
    const delay = operation.policy.delayAfter(operation.failures, failure.advice);
    if (delay !== undefined) return this.journal.retry(operation, failure, delay, now);
    const answer = { tag: 'err', val: failure } as const;
    this.journal.resolve(operation, answer, now, overText(operation, answer));
  }

  #lose(now: number) {
    this.journal.losses += 1;
    this.journal.note(now, 'its host was lost; it goes on');
    if (this.journal.losses < LOSSES_MAX) return;
    const message = `its host was lost ${LOSSES_MAX} times while it ran`;
    this.fail(failureOf('host', 'Interrupted', message, 'interrupted'), now);
  }

  /** Ends it with that error. */
  fail(failure: Failure, now: number) {
    this.finish({ status: 'failed', failure }, now);
  }

  /** Ends it. */
  finish(end: End, now: number) {
    this.end = end;
    this.journal.note(now, endText(end));
  }

  /** When the first of these operations is due, or the body. */
  nextDue(wanted: (operation: Operation) => boolean): number | undefined {
    if (this.end) return undefined;
    const times = [
      this.journal.bodyDue,
      ...this.journal
        .open()
        .filter(wanted)
        .map(({ due }) => due),
    ];
    return earliest(times);
  }
}

/** The first of these times, if there is any. */
export function earliest(times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

function endText(end: End): string {
  switch (end.status) {
    case 'completed':
      return `completed ${cut(end.value)}`;
    case 'failed':
      return `failed: ${told(end.failure)}${end.failure.step ? ` (step ${nameOf(end.failure.step)})` : ''}`;
    case 'cancelled':
      return `cancelled: ${end.reason}`;
  }
}

function notReached({ key }: Operation): Failure {
  const message =
    `step "${key.id}" was reached before, but the code did not reach it again: code outside of steps has to do the ` +
    'same on every pass';
  return { ...failureOf('divergence', 'StepNotReached', message, 'not_reached'), advice: { tag: 'by-policy' } };
}
