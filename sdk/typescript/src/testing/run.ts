// Runs, as a test looks at them.
import { runError, type RunError } from '../context.js';
import type { StepwellEvent } from '../event.js';
import type { Execution } from './execution.js';
import { nameOf, type LogLine, type RecordedStep } from './journal.js';
import { eventOf } from './lifecycle.js';
import { TestKitError } from './problems.js';

export type RunStatus = 'waiting' | 'completed' | 'failed' | 'cancelled';

const runs = new WeakMap<Execution, Run>();

/** The one that shows this run. */
export function runOf(execution: Execution): Run {
  const known = runs.get(execution) ?? new Run(execution);
  runs.set(execution, known);
  return known;
}

/** A run of a function, or of its failure handler. It shows what is so now: look again after time has passed. */
export class Run {
  readonly #execution: Execution;

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  /** `run-1` for the host's first run, and so on. */
  get id(): string {
    return this.#execution.id;
  }

  /** The function's id, with `-failure` behind it if this is a run of its failure handler. */
  get functionId(): string {
    return this.#execution.functionId;
  }

  /** The function's name, with ` (failure)` behind it if this is a run of its failure handler. */
  get name(): string {
    const { definition } = this.#execution.function;
    return `${definition.name || definition.id}${this.#execution.failed ? ' (failure)' : ''}`;
  }

  /** `waiting` until it has ended. */
  get status(): RunStatus {
    return this.#execution.end?.status ?? 'waiting';
  }

  /** The function's result, by its way through JSON. Throws, and tells what happened, if it has none. */
  get output(): unknown {
    const { end } = this.#execution;
    if (end?.status === 'completed') return JSON.parse(end.value);
    throw new TestKitError(`the run has no output, it is ${this.status}:\n${this.journal}`);
  }

  /** The run's error. */
  get error(): RunError | undefined {
    const { end } = this.#execution;
    return end?.status === 'failed' ? runError(end.failure) : undefined;
  }

  /** How often its body was attempted: once, and once more for each time that it was retried. */
  get attempts(): number {
    return this.#execution.journal.bodyRetries + 1;
  }

  /** The events that have started it. */
  get events(): StepwellEvent[] {
    return this.#execution.events.map(eventOf);
  }

  /** Its steps and other operations that are over, in the order in which that was recorded. */
  get steps(): readonly RecordedStep[] {
    return this.#execution.journal.steps;
  }

  /** The step of that id, of its uses the `n`-th (0-based); throws, and lists the known ones, if it does not exist. */
  step(id: string, n = 0): RecordedStep {
    const found = this.steps.find((one) => one.id === id && one.n === n);
    if (found) return found;
    const known = this.steps.map((one) => `"${one.id}"`).join(', ') || 'none';
    throw new TestKitError(`${this.functionId} has not done "${nameOf({ id, n })}"; what it has done: ${known}`);
  }

  /** The ids of what it has begun and what is not over. */
  get waits(): string[] {
    return this.#execution.end ? [] : this.#execution.journal.open().map(({ key }) => nameOf(key));
  }

  /** Its log, each line once, however often the body was replayed. */
  get log(): LogLine[] {
    return [...this.#execution.log.values()];
  }

  /** The run of the failure handler, once this one has failed. */
  get handler(): Run | undefined {
    return this.#execution.handler && runOf(this.#execution.handler);
  }

  /** The run whose failure this one handles. */
  get handles(): Run | undefined {
    return this.#execution.failed && runOf(this.#execution.failed);
  }

  /** The history of the run, a line each: for snapshots, and for messages of assertions. */
  get journal(): string {
    const handles = this.handles ? `, handles ${this.handles.id}` : '';
    return [`${this.id} of ${this.functionId}${handles}`, ...this.#execution.journal.story].join('\n  ');
  }
}
