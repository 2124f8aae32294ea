// An entry into a run's code, as the host sees it: through the body, or up to one step that is to run in it.
import type {
  Answer,
  Closure,
  Control,
  Decision,
  Failure,
  Found,
  Host,
  Level,
  OperationKey,
  Resolved,
} from '../contract.js';
import type { Doubles } from './doubles.js';
import type { Execution } from './execution.js';
import { failureOf, nameOf, overText, tooDeep, type Operation } from './journal.js';
import { numbers, surround, type Surroundings } from './surroundings.js';

const STEPS_MAX = 1000;

/** Begins an operation that is no step. */
export type Begin = (execution: Execution, operation: Operation) => void;

/** The instance is lost, as if its host had crashed. */
export class LostInstance extends Error {}

/** The run fails for what its code has asked for. */
export class BrokenRun extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export class Entry implements Host {
  readonly #execution: Execution;
  readonly #target: Operation | undefined;
  readonly #now: number;
  readonly #doubles: Doubles;
  readonly #begin: Begin;
  /** An entry for one step is shown no more than there was when it began. */
  readonly #horizon: number;
  readonly #surroundings: Surroundings;
  #candidates: Operation[] = [];
  #open: Operation | undefined;
  #lines = 0;
  /** How many results the code has been given. */
  delivered = 0;
  /** Whether a step has run in it. */
  hasRun = false;

  constructor(execution: Execution, target: Operation | undefined, now: number, doubles: Doubles, begin: Begin) {
    this.#execution = execution;
    this.#target = target;
    this.#now = now;
    this.#doubles = doubles;
    this.#begin = begin;
    this.#horizon = target ? execution.journal.results.length : Infinity;
    this.#surroundings = { now: execution.journal.begun, random: undefined };
    this.#standStill(execution.journal.begun);
  }

  /** Runs the code with the run's clock, and randomness that is the same at each entry. */
  surround<T>(run: () => T): T {
    return surround(this.#surroundings, run);
  }

  /** From here on the body's clock stands, and its randomness starts anew. */
  #standStill(now: number) {
    this.#surroundings.now = now;
    this.#surroundings.random = numbers(`${this.#execution.id} ${this.delivered}`);
  }

  plan(found: Found[]): Decision[] {
    for (const one of found) this.#note(one);
    const chosen = this.#choose();
    this.#open = chosen;
    if (!chosen) return found.map(() => ({ tag: 'noted' }));
    this.#candidates = this.#candidates.filter((candidate) => candidate !== chosen);
    this.hasRun = true;
    Object.assign(this.#surroundings, { now: this.#now, random: undefined });
    return found.map(({ key: { id, n } }) =>
      chosen.key.id === id && chosen.key.n === n ? { tag: 'run', val: chosen.failures } : { tag: 'noted' },
    );
  }

  #note(found: Found) {
    const known = this.#execution.journal.find(found.key);
    if (!known && !this.#target) this.#add(found);
    if (!known) return;
    if (known.kind !== found.kind) throw new BrokenRun(diverged(found, known.kind));
    if (known.kind === 'run' && known.due !== undefined && known.due <= this.#now) this.#candidates.push(known);
  }

  #add(found: Found) {
    const { journal, policy } = this.#execution;
    if (journal.operations.size >= STEPS_MAX) {
      const message = `InngestErrFunctionOverflowed: the run exceeded the limit of ${STEPS_MAX} steps`;
      throw new BrokenRun(failureOf('limit', 'InngestErrFunctionOverflowed', message, 'too_many_steps'));
    }
    const operation = journal.add(found, policy);
    if (found.kind !== 'run') return this.#begin(this.#execution, operation);
    operation.due = this.#now;
    this.#candidates.push(operation);
  }

  /** The step that is to run here: the target, or else the only one, when nothing else is unresolved. */
  #choose(): Operation | undefined {
    if (this.#target) return this.hasRun ? undefined : this.#candidates.find((candidate) => candidate === this.#target);
    const { journal } = this.#execution;
    const isUpToDate = this.delivered === journal.results.length;
    const isAlone = this.#candidates.length === 1 && journal.open().length === 1;
    return isAlone && isUpToDate ? this.#candidates[0] : undefined;
  }

  call({ id }: OperationKey, closure: Closure, input: unknown[]): unknown {
    return this.#doubles.comeTo(id, input, () => closure(...input));
  }

  finish(key: OperationKey, value: Answer): Control {
    const operation = this.#open;
    if (!operation) throw new Error(`step ${key.id} is not open`);
    this.#open = undefined;
    this.#standStill(this.#surroundings.now);
    if (this.#doubles.takeCrash(key.id)) throw new LostInstance();
    const failure = value.tag === 'err' ? value.val : tooDeep(value.val, `the result of step ${nameOf(key)}`);
    if (failure) this.#execution.attemptFailed(operation, failure, this.#now);
    else this.#execution.journal.resolve(operation, value, this.#now, overText(operation, value));
    return operation.isOver && !this.#target ? 'proceed' : 'stop';
  }

  next(): Resolved | undefined {
    const { results } = this.#execution.journal;
    const resolved = this.delivered < this.#horizon ? results[this.delivered] : undefined;
    if (!resolved) return undefined;
    this.delivered += 1;
    this.#lines = 0;
    this.#standStill(resolved.at);
    return resolved;
  }

  failedStep({ id, n }: OperationKey): Answer | undefined {
    const results = this.#execution.failed?.journal.results ?? [];
    return results.find(({ key }) => key.id === id && key.n === n)?.value;
  }

  stepInput(key: OperationKey): string | undefined {
    return this.#execution.inputs.get(nameOf(key));
  }

  /** A line that a replay repeats is known by its attempt, the last result before it and its number since. */
  log(level: Level, message: string, fields: string) {
    const attempt = this.#open ? this.#open.failures : this.#execution.journal.bodyFailures;
    const step = this.#open?.key.id;
    const place = JSON.stringify([attempt, this.delivered, this.#lines, this.#open?.key]);
    this.#lines += 1;
    if (!this.#execution.log.has(place)) {
      this.#execution.log.set(place, { level, message, fields: JSON.parse(fields), step });
    }
  }

  guess(message: string) {
    this.#execution.guess = message;
  }
}

function diverged({ key, kind }: Found, known: string): Failure {
  const message =
    `the code has diverged from this run's journal: operation "${key.id}" was recorded as ${known}, and the code now ` +
    `asks for it as ${kind}; give the new operation an id of its own`;
  return failureOf('divergence', 'Diverged', message, 'diverged');
}
