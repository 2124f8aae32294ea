// A host in memory that drives a run to its end: retries at once, runs steps side by side where there are several.
import type {
  Answer,
  Decision,
  Failure,
  Found,
  Host,
  OperationKey,
  Outcome,
  Resolved,
  RunContext,
} from '../contract.js';
import type { StepwellFunction } from '../function.js';
import { plugin, type Exports } from '../plugin.js';

interface Known {
  key: OperationKey;
  kind: string;
  options: Record<string, unknown>;
  attempt: number;
  answer: Answer | undefined;
}

/** What operations of other kinds than steps come to, by their id; null unless it is said. */
type Answers = Record<string, unknown>;

export class MemoryHost implements Host {
  readonly logged: string[] = [];
  readonly words: string[] = [];
  readonly attempts: string[] = [];
  inputs: Record<string, string> = {};
  failedSteps: Record<string, Answer> = {};
  entries = 0;
  readonly #known = new Map<string, Known>();
  readonly #results: Known[] = [];
  #delivered = 0;
  /** The step that this instance is for, where it is not the body's. */
  #target: string | undefined;
  #open: Known | undefined;
  readonly #answers: Answers;
  readonly #retries: number;
  readonly #exports: Exports;
  readonly #function: StepwellFunction;

  constructor(fn: StepwellFunction, answers: Answers = {}) {
    this.#function = fn;
    this.#answers = answers;
    this.#retries = JSON.parse(fn.definition.options).retries ?? 4;
    this.#exports = plugin(fn).exports(this);
  }

  get kinds(): string[] {
    return [...this.#known.values()].map(({ key, kind }) => `${kind} ${key.id}.${key.n}`);
  }

  optionsOf(id: string): Record<string, unknown> | undefined {
    return this.#known.get(`${id}.0`)?.options;
  }

  /** Drives a run to its end. */
  async run(data: object = {}): Promise<Outcome> {
    const event = JSON.stringify({ name: 'test', data, id: 'e', ts: 1 });
    return this.#drive(this.#retries, (context) => this.#exports.functions.run({ ...context, events: [event] }));
  }

  /** Drives a run of the failure handler to its end. */
  async handle(failure: Failure): Promise<Outcome> {
    const event = JSON.stringify({ name: 'inngest/function.failed', data: { run_id: 'failed', event: { data: {} } } });
    return this.#drive(1, (context) =>
      this.#exports.failureHandler.onFailure({ ...context, events: [event] }, failure),
    );
  }

  async #drive(retries: number, enter: (context: RunContext) => Promise<Outcome>): Promise<Outcome> {
    let attempt = 0;
    for (let entry = 0; entry < 200; entry++) {
      const context = { runId: 'run', functionId: this.#function.id, attempt, maxAttempts: retries + 1, events: [] };
      const before = this.#results.length;
      const outcome = await this.#enter(undefined, () => enter(context));
      if (outcome.tag === 'completed') return outcome;
      if (outcome.tag === 'failed') {
        if (this.#results.length > before) attempt = 0;
        attempt += 1;
        if (outcome.val.advice.tag === 'never' || attempt > retries) return outcome;
        continue;
      }
      attempt = 0;
      await this.#resolveOne((id) => this.#enter(id, () => enter(context)));
    }
    throw new Error('the run does not come to an end');
  }

  async #enter(target: string | undefined, enter: () => Promise<Outcome>): Promise<Outcome> {
    this.#delivered = 0;
    this.#target = target;
    this.entries += 1;
    const outcome = await enter();
    this.#open = undefined;
    return outcome;
  }

  /** Brings about the newest of what is open, so that what was begun last ends first. */
  async #resolveOne(enterFor: (id: string) => Promise<unknown>) {
    const open = [...this.#known.values()].findLast(({ answer }) => answer === undefined);
    if (!open) throw new Error('the function waits for nothing');
    if (open.kind === 'run') return void (await enterFor(nameOf(open.key)));
    this.#record(open, { tag: 'ok', val: JSON.stringify(this.#answers[open.key.id] ?? null) });
  }

  plan(found: Found[]): Decision[] {
    const fresh = found.filter(({ key }) => !this.#known.has(nameOf(key)));
    for (const { key, kind, options } of fresh) {
      this.#known.set(nameOf(key), { key, kind, options: JSON.parse(options), attempt: 0, answer: undefined });
    }
    return found.map(({ key }) => this.#decide(this.#known.get(nameOf(key))!));
  }

  #decide(known: Known): Decision {
    const open = [...this.#known.values()].filter(({ answer }) => answer === undefined);
    const isAlone = this.#target === undefined && open.length === 1 && open[0] === known && known.kind === 'run';
    if (!isAlone && nameOf(known.key) !== this.#target) return { tag: 'noted' };
    this.#open = known;
    this.attempts.push(`${known.key.id}:${known.attempt}`);
    return { tag: 'run', val: known.attempt };
  }

  finish(key: OperationKey, value: Answer) {
    const known = this.#open;
    if (!known || nameOf(known.key) !== nameOf(key)) throw new Error(`step ${key.id} is not open`);
    this.#open = undefined;
    const isFinal = value.tag === 'ok' || value.val.advice.tag === 'never' || known.attempt >= this.#retries;
    if (isFinal) this.#record(known, value);
    else known.attempt += 1;
    return this.#target === undefined && isFinal ? 'proceed' : 'stop';
  }

  #record(known: Known, answer: Answer) {
    known.answer = answer;
    this.#results.push(known);
  }

  next(): Resolved | undefined {
    const result = this.#results[this.#delivered];
    if (!result?.answer) return undefined;
    this.#delivered += 1;
    return { key: result.key, value: result.answer, at: this.#delivered };
  }

  failedStep(key: OperationKey): Answer | undefined {
    return this.failedSteps[nameOf(key)];
  }

  stepInput(key: OperationKey): string | undefined {
    return this.inputs[nameOf(key)];
  }

  log(level: string, message: string, fields: string) {
    this.logged.push(`${level} ${message} ${fields}`);
  }

  lastWords(message: string) {
    this.words.push(message);
  }
}

const nameOf = ({ id, n }: OperationKey) => `${id}.${n}`;

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
