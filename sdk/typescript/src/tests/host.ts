// The test kit's host, with what only the SDK's own tests look at: outcomes, options, entries.
import type { Answer, Failure, Outcome } from '../contract.js';
import type { StepwellFunction } from '../function.js';
import type { Execution } from '../testing/execution.js';
import { World } from '../testing/world.js';

/** Later than all that is waited for. */
const LATE = 8e15;

export class MemoryHost {
  inputs: Record<string, string> = {};
  failedSteps: Record<string, Answer> = {};
  readonly #function: StepwellFunction;
  readonly #world: World;

  /** `answers` are what operations come to, by their id. */
  constructor(fn: StepwellFunction, answers: Record<string, unknown> = {}) {
    this.#function = fn;
    this.#world = new World([fn], 0, 'test');
    for (const [id, answer] of Object.entries(answers)) this.#world.doubles.mock(id, answer);
  }

  /** Drives a run to its end, or to where it waits for good. */
  run(data: object = {}): Promise<Outcome> {
    return this.#drive(this.#world.start(this.#function, [json('test', data)]));
  }

  /** Drives a run of the failure handler to its end. */
  handle(failure: Failure): Promise<Outcome> {
    const failed = this.#world.start(this.#function, [json('test', {})]);
    failed.finish({ status: 'failed', failure }, 0);
    for (const [id, value] of Object.entries(this.failedSteps)) {
      failed.journal.results.push({ key: { id, n: 0 }, value, at: 0 });
    }
    const event = json('inngest/function.failed', { run_id: failed.id, event: { data: {} } });
    return this.#drive(this.#world.start(this.#function, [event], { failed }));
  }

  async #drive(execution: Execution): Promise<Outcome> {
    for (const [name, input] of Object.entries(this.inputs)) execution.inputs.set(name, input);
    await this.#world.passUntil(LATE);
    const { end } = execution;
    if (end?.status === 'completed') return { tag: 'completed', val: end.value };
    return end?.status === 'failed' ? { tag: 'failed', val: end.failure } : { tag: 'suspended' };
  }

  get #last(): Execution {
    const last = this.#world.executions.at(-1);
    if (!last) throw new Error('nothing has run');
    return last;
  }

  get entries(): number {
    return this.#last.entries;
  }

  get guess(): string {
    return this.#last.guess;
  }

  /** Of all steps, as `id:attempt`, in the order in which the steps were over. */
  get attempts(): string[] {
    const steps = this.#last.journal.steps.filter(({ kind }) => kind === 'run');
    return steps.flatMap(({ id, attempts }) => Array.from({ length: attempts }, (_, attempt) => `${id}:${attempt}`));
  }

  get kinds(): string[] {
    return [...this.#last.journal.operations].map(([name, { kind }]) => `${kind} ${name}`);
  }

  get logged(): string[] {
    return [...this.#last.log.values()].map(
      ({ level, message, fields }) => `${level} ${message} ${JSON.stringify(fields)}`,
    );
  }

  optionsOf(id: string): Record<string, unknown> | undefined {
    return this.#last.journal.find({ id, n: 0 })?.options;
  }
}

const json = (name: string, data: object) => JSON.stringify({ name, data, id: 'e', ts: 0 });

/** The value that a run completed with. */
export function valueOf(outcome: Outcome): unknown {
  if (outcome.tag !== 'completed') throw new Error(`the run did not complete: ${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.val);
}

/** The failure that a run ended with. */
export function failureOf(outcome: Outcome): Failure {
  if (outcome.tag !== 'failed') throw new Error(`the run did not fail: ${JSON.stringify(outcome)}`);
  return outcome.val;
}
