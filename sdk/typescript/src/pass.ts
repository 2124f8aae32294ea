// A pass through a function: lets the body run until it can go no further, plans what it has reached, runs the one
// step that the host lets run here, and gives the body one recorded result at a time.
import type { Answer, Closure, Control, Failure, Host, OperationKey, Outcome, Resolved } from './contract.js';
import { NonRetriableError, StepError } from './errors.js';
import { bodyFailure, stepFailure } from './failure.js';
import { reseed } from './random.js';
import { outputJson, resultJson } from './values.js';

const ID_MAX_BYTES = 1024;

/** Options of an operation that has none. */
export const NO_OPTIONS = Object.freeze({});

/** The same promise. Nobody need await it, be it rejected. */
function handled<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => {});
  return answer;
}

const STALLED = 'awaits something that never comes: neither an operation of Stepwell, nor a timer, nor a request';

/** Facts that a step's closure may know of its execution. */
export interface Attempt {
  /** 0, and one more for each retry. */
  readonly attempt: number;
  /** The same at every attempt of this step, and used by no other. */
  readonly idempotencyKey: string;
}

/** A step that is to run here. */
interface Granted {
  operation: Operation;
  attempt: number;
}

interface Operation {
  key: OperationKey;
  /** Its key as a text. */
  name: string;
  kind: string;
  options: string;
  closure: Closure | undefined;
  /** The code's own. */
  input: unknown[];
  answer: Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/** The step whose closure is being called. */
interface Open {
  operation: Operation;
  told: Attempt;
  /** Whether it is certain that it is the closure that runs: until it first awaits something. */
  isAlone: boolean;
  /** The operation that it has wrongly reached. */
  nested: NonRetriableError | undefined;
}

export class Pass {
  readonly #host: Host;
  readonly #runId: string;
  readonly #uses = new Map<string, number>();
  #reached: Operation[] = [];
  /** Planned and not resolved, by key. */
  readonly #waiting = new Map<string, Operation>();
  /** Results for what the code has not asked for yet, or never will. */
  readonly #early: Resolved[] = [];
  #open: Open | undefined;
  #ended: Outcome | undefined;
  #moved = () => {};

  constructor(host: Host, runId: string) {
    this.#host = host;
    this.#runId = runId;
  }

  /** Notes that the code has reached an operation. */
  reach(id: string, kind: string, options: object, closure?: Closure, input: unknown[] = []): Promise<unknown> {
    checkId(id);
    const wellFormed = id.toWellFormed(); // as it will come back
    if (this.#open) this.#refuseNested(this.#open, wellFormed);
    const n = this.#uses.get(wellFormed) ?? 0;
    this.#uses.set(wellFormed, n + 1);
    const key = { id: wellFormed, n };
    let json = '{}';
    try {
      if (options !== NO_OPTIONS) json = resultJson(options);
    } catch (error) {
      return handled(Promise.reject(error));
    }
    let resolve!: Operation['resolve'];
    let reject!: Operation['reject'];
    const answer = new Promise((resolved, rejected) => {
      resolve = resolved;
      reject = rejected;
    });
    this.#reached.push({ key, name: name(key), kind, options: json, closure, input, answer, resolve, reject });
    this.#moved();
    return answer;
  }

  /** Returns what the open step may know of its execution; the same object each time. */
  current(): Attempt {
    if (!this.#open) throw new Error('step.current() is for the closure of a step: none is being run');
    return this.#open.told;
  }

  /** Whether a step's closure is being run. */
  isInStep(): boolean {
    return this.#open !== undefined;
  }

  /** A step's arguments: the code's own, unless the run is replayed with others. */
  #inputOf({ key, input }: Operation): unknown[] {
    const given = input.length > 0 ? this.#host.stepInput(key) : undefined;
    if (given === undefined) return input;
    const other: unknown = JSON.parse(given);
    return input.length === 1 ? [other] : (other as unknown[]);
  }

  async drive(body: () => unknown): Promise<Outcome> {
    void this.#enter(body);
    const owed = new Set<string>();
    for (;;) {
      await (this.#host.dry?.() ?? dry());
      if (this.#ended && this.#isSettled(this.#ended, owed)) return this.#ended;
      const granted = this.#plan();
      let control = granted && this.#execute(granted);
      if (control instanceof Promise) control = await control;
      if (control === 'stop') return { tag: 'suspended' };
      const resolved = this.#next();
      if (resolved) this.#settle(resolved);
      else if (this.#waiting.size > 0) return { tag: 'suspended' };
      else await this.#move();
    }
  }

  async #enter(body: () => unknown) {
    try {
      this.#ended = { tag: 'completed', val: resultJson(await body()) };
    } catch (error) {
      this.#ended = { tag: 'failed', val: bodyFailure(error) };
    }
    this.#moved();
  }

  /** Whether nothing is left to do once the body has ended: what it reached last and did not await is still owed. */
  #isSettled(ended: Outcome, owed: Set<string>): boolean {
    if (ended.tag === 'failed') return true;
    for (const { name } of this.#reached) owed.add(name);
    const reached = new Set(this.#reached.map(({ name }) => name));
    return [...owed].every((name) => !reached.has(name) && !this.#waiting.has(name));
  }

  /** Plans what was newly reached; answers the step that is to run here. */
  #plan(): Granted | undefined {
    const reached = this.#reached;
    if (reached.length === 0) return undefined;
    this.#reached = [];
    const decisions = this.#host.plan(reached);
    let granted: Granted | undefined;
    reached.forEach((operation, i) => {
      this.#waiting.set(operation.name, operation);
      const decision = decisions[i];
      if (decision?.tag === 'run') granted = { operation, attempt: decision.val };
    });
    return granted;
  }

  /** Executes a step, at once if its closure yields a value at once: each `await` costs as much as a call of the host. */
  #execute({ operation, attempt }: Granted): Control | Promise<Control> {
    const { id, n } = operation.key;
    const told = { attempt, idempotencyKey: `${this.#runId}-${id}-${n}` };
    const open: Open = { operation, told, isAlone: true, nested: undefined };
    this.#open = open;
    reseed();
    let output: unknown;
    try {
      output = closureOfStep(() => this.#start(operation));
      if (isThenable(output)) {
        open.isAlone = false;
        return this.#finishLater(open, output);
      }
    } catch (error) {
      return this.#finish(open, { tag: 'err', val: stepFailure(open.nested ?? error) });
    }
    return this.#finish(open, answerOf(open, output));
  }

  /** Awaits the output of a closure. Meanwhile, that may be what the engine ends for. */
  async #finishLater(open: Open, output: PromiseLike<unknown>): Promise<Control> {
    let isGuessed = false;
    const waits = setTimeout(() => {
      isGuessed = true;
      this.#host.guess(`step "${open.operation.key.id}" ${STALLED}`);
    }, 0);
    let answer: Answer;
    try {
      answer = answerOf(open, await output);
    } catch (error) {
      answer = { tag: 'err', val: stepFailure(open.nested ?? error) };
    }
    clearTimeout(waits);
    if (isGuessed) this.#host.guess('');
    return this.#finish(open, answer);
  }

  #finish(open: Open, answer: Answer): Control {
    this.#open = undefined;
    reseed();
    return this.#host.finish(open.operation.key, answer);
  }

  #start(operation: Operation): unknown {
    const { key, closure } = operation;
    if (!closure) return undefined;
    const input = this.#inputOf(operation);
    return this.#host.call ? this.#host.call(key, closure, input) : closure(...input);
  }

  /** An operation inside of a step: refused where that is certain, else said if nothing ever comes of it. */
  #refuseNested(open: Open, inner: string) {
    const outer = open.operation.key.id;
    const message =
      `step "${outer}" reached operation "${inner}" inside its closure: a step is one unit, ` +
      'so end it and start the other after it';
    if (!open.isAlone && !isInClosure()) return this.#host.guess(message);
    open.nested ??= new NestedStepError(message);
    throw open.nested;
  }

  #next(): Resolved | undefined {
    if (this.#early.length === 0) return this.#host.next();
    const at = this.#early.findIndex(({ key }) => this.#waiting.has(name(key)));
    return at >= 0 ? this.#early.splice(at, 1)[0] : this.#host.next();
  }

  #settle(resolved: Resolved) {
    reseed();
    const { key, value } = resolved;
    const known = name(key);
    const operation = this.#waiting.get(known);
    if (!operation) return void this.#early.push(resolved);
    this.#waiting.delete(known);
    if (value.tag === 'ok') return operation.resolve(JSON.parse(value.val));
    void handled(operation.answer);
    operation.reject(new StepError(key.id, withStep(value.val, key)));
  }

  /** The body waits for a timer or a request of its own: only it can move things on. */
  async #move() {
    if (this.#ended) return;
    this.#host.guess(`the function ${STALLED}`);
    await new Promise<void>((moved) => (this.#moved = moved));
    this.#host.guess('');
  }
}

/** The step's answer of a closure that has come to its end. */
function answerOf(open: Open, output: unknown): Answer {
  try {
    const val = outputJson(output);
    if (open.nested) throw open.nested;
    return { tag: 'ok', val };
  } catch (error) {
    return { tag: 'err', val: stepFailure(open.nested ?? error) };
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function';

/** Calls a step's closure. Its name is looked for in stacks. */
function closureOfStep(closure: () => unknown): unknown {
  return closure();
}

/** Whether a step's closure is what has come here, be it after it has awaited something: the engine's stacks tell. */
const isInClosure = (): boolean => new Error().stack?.includes(closureOfStep.name) ?? false;

export class NestedStepError extends NonRetriableError {
  override name = 'NestedStepError';
}

export class StepIdError extends NonRetriableError {
  override name = 'StepIdError';
}

function checkId(id: unknown) {
  if (typeof id !== 'string' || id === '') throw new StepIdError('an operation needs an id: a text that is not empty');
  const bytes = id.length > ID_MAX_BYTES / 4 ? new TextEncoder().encode(id).length : 0;
  if (bytes > ID_MAX_BYTES)
    throw new StepIdError(`an operation's id has at most ${ID_MAX_BYTES} bytes, this one ${bytes}`);
}

/** The step that a failure came from, where the host has not said so. */
const withStep = (failure: Failure, step: OperationKey): Failure => ({ ...failure, step });

/** Resolves when all that can run without an event from outside has run. */
const dry = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

const name = ({ id, n }: OperationKey) => `${n} ${id}`;
