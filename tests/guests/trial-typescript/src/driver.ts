// Drives one pass of a function: lets the body run until it can go no further, plans what it has reached, runs the one
// step that the host lets run here, and gives the body one recorded result at a time.
import { finish, next, plan, type OperationKey, type Resolved } from 'stepwell:plugin/steps@0.1.0';
import type { Outcome } from 'stepwell:plugin/types@0.1.0';
import { failureOf, StepError } from './failure';

// StarlingMonkey has it, the language does not.
declare function setTimeout(callback: () => void, ms: number): unknown;

export interface Step {
  run<T>(id: string, closure: () => T | Promise<T>): Promise<T>;
  sleep(id: string, ms: number): Promise<void>;
}

interface Operation {
  key: OperationKey;
  kind: string;
  options: string;
  closure: (() => unknown) | undefined;
  resolve: (value: any) => void;
  reject: (error: unknown) => void;
}

export function drive(body: (step: Step) => Promise<unknown>): Promise<Outcome> {
  const pass = new Pass();
  return pass.drive(body);
}

class Pass implements Step {
  #uses = new Map<string, number>();
  #reached: Operation[] = [];
  /** Planned and not resolved, by key. */
  #waiting = new Map<string, Operation>();
  /** Results for what the code has not asked for yet, or never will. */
  #early: Resolved[] = [];
  /** The step whose closure is being called. */
  #inside: OperationKey | undefined;
  #ended: Outcome | undefined;
  #moved = () => {};

  run<T>(id: string, closure: () => T | Promise<T>): Promise<T> {
    return this.#reach(id, 'run', '{}', closure);
  }

  sleep(id: string, ms: number): Promise<void> {
    return this.#reach(id, 'sleep', JSON.stringify({ ms }));
  }

  async drive(body: (step: Step) => Promise<unknown>): Promise<Outcome> {
    this.#enter(body);
    for (;;) {
      await dry();
      if (this.#ended) return this.#ended;
      const granted = this.#plan();
      if (granted && (await execute(this, granted)) === 'stop') return { tag: 'suspended' };
      const resolved = this.#next();
      if (resolved) this.#settle(resolved);
      else if (this.#waiting.size > 0) return { tag: 'suspended' };
      // It waits for a timer or a request of its own: only it can move things on.
      else if (!this.#ended) await new Promise<void>((moved) => (this.#moved = moved));
    }
  }

  async #enter(body: (step: Step) => Promise<unknown>) {
    try {
      this.#ended = { tag: 'completed', val: toJson(await body(this)) };
    } catch (error) {
      this.#ended = { tag: 'failed', val: failureOf(error, 'body') };
    }
    this.#moved();
  }

  #reach(id: string, kind: string, options: string, closure?: () => unknown): Promise<any> {
    if (typeof id !== 'string' || id === '') throw new TypeError('a step needs an id: a string that is not empty');
    id = id.toWellFormed(); // as it will come back
    if (this.#inside) throw new Error(`step "${id}" was reached inside step "${this.#inside.id}"`);
    const n = this.#uses.get(id) ?? 0;
    this.#uses.set(id, n + 1);
    return new Promise((resolve, reject) => {
      this.#reached.push({ key: { id, n }, kind, options, closure, resolve, reject });
      this.#moved();
    });
  }

  /** Plans what was newly reached; answers the operation that is to run here. */
  #plan(): Operation | undefined {
    const reached = this.#reached.splice(0);
    if (reached.length === 0) return undefined;
    const decisions = plan(reached.map(({ key, kind, options }) => ({ key, kind, options })));
    for (const operation of reached) this.#waiting.set(name(operation.key), operation);
    return reached.find((_, i) => decisions[i]!.tag === 'run');
  }

  /** Calls the closure with operations refused for as long as it is certain that it is the closure that reaches them. */
  call(operation: Operation): unknown {
    this.#inside = operation.key;
    try {
      return operation.closure!();
    } finally {
      this.#inside = undefined;
    }
  }

  #next(): Resolved | undefined {
    const at = this.#early.findIndex(({ key }) => this.#waiting.has(name(key)));
    return at >= 0 ? this.#early.splice(at, 1)[0] : next();
  }

  #settle(resolved: Resolved) {
    const operation = this.#waiting.get(name(resolved.key));
    if (!operation) return void this.#early.push(resolved);
    this.#waiting.delete(name(resolved.key));
    if (resolved.value.tag === 'ok') operation.resolve(JSON.parse(resolved.value.val));
    else operation.reject(new StepError(resolved.key, resolved.value.val));
  }
}

async function execute(pass: Pass, operation: Operation) {
  try {
    const json = toJson(await pass.call(operation));
    return finish(operation.key, { tag: 'ok', val: json });
  } catch (error) {
    return finish(operation.key, { tag: 'err', val: failureOf(error, 'step') });
  }
}

/** Resolves when all that can run without an event from outside has run. */
const dry = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

const toJson = (value: unknown): string => JSON.stringify(value) ?? 'null';

const name = ({ id, n }: OperationKey) => `${n} ${id}`;
