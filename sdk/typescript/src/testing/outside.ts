// Operations that are not steps: the host handles them by itself, or others have to bring them about.
import type { Answer, Failure } from '../contract.js';
import type { NewEvent } from '../event.js';
import { stepFailure } from '../failure.js';
import { resultJson } from '../values.js';
import { BrokenRun } from './entry.js';
import type { Execution } from './execution.js';
import { cut, failureOf, nameOf, overText, span, type Operation } from './journal.js';
import { eventJson, eventOf, INVOKED } from './lifecycle.js';
import { NeedsRealHostError, NotMockedError, TestKitError } from './problems.js';
import { recorded, requestOf } from './responses.js';
import type { World } from './world.js';

type Begins = Record<string, (execution: Execution, operation: Operation) => void>;

/** Begins such operations, and ends those whose time has come. */
export class Outside {
  readonly #world: World;
  readonly #begins: Begins = {
    sleep: (execution, operation) => this.#sleep(execution, operation),
    'wait-for-event': (execution, operation) => this.#waitForEvent(execution, operation),
    'wait-for-signal': (execution, operation) => this.#waitForSignal(execution, operation),
    invoke: (execution, operation) => this.#invoke(execution, operation),
    'send-events': (execution, operation) => this.#sendEvents(execution, operation),
    'send-signal': (execution, operation) => this.#sendSignal(execution, operation),
  };

  constructor(world: World) {
    this.#world = world;
  }

  /** Notes an operation that the code has reached. */
  begin(execution: Execution, operation: Operation) {
    const { kind, key } = operation;
    const { doubles, now } = this.#world;
    if (kind.startsWith('send-') && doubles.isMocked(key.id)) {
      throw new TestKitError(`"${key.id}" sends, which needs no mock: what it has sent is in host.events`);
    }
    if (kind === 'fetch') execution.journal.note(now, `${nameOf(key)} fetches ${operation.options['url']}`);
    if (kind !== 'fetch' && !doubles.has(key.id)) return this.#begins[kind]!(execution, operation);
    operation.isDoubled = true;
    operation.due = now;
  }

  /** Asks the test what an operation comes to. */
  async ask(execution: Execution, operation: Operation): Promise<void> {
    const { doubles, now } = this.#world;
    const { id } = operation.key;
    if (!doubles.has(id)) throw notMocked(execution, operation);
    operation.due = undefined;
    let value: unknown;
    try {
      value = await doubles.comeTo(id, inputOf(operation));
    } catch (error) {
      const failure = stepFailure(error);
      if (operation.kind === 'fetch') return execution.attemptFailed(operation, failure, now);
      return this.refuse(execution, operation, failure);
    }
    this.answer(execution, operation, await this.#valueOf(operation, value));
  }

  /** Ends one whose time has come. */
  end(execution: Execution, operation: Operation) {
    if (operation.kind === 'sleep') {
      const what = `sleep ${nameOf(operation.key)} is over`;
      return execution.journal.resolve(operation, { tag: 'ok', val: 'null' }, this.#world.now, what);
    }
    if (operation.kind !== 'invoke') return this.answer(execution, operation, null);
    const message = 'Timed out waiting for invoked function to complete';
    this.refuse(execution, operation, failureOf('timeout', 'InngestInvokeTimeoutError', message, 'invoke_timeout'));
  }

  /** Gives it what it has waited for. */
  answer(execution: Execution, operation: Operation, value: unknown) {
    const val = resultJson(value);
    const what = `${nameOf(operation.key)} is answered ${cut(val)}`;
    execution.journal.resolve(operation, { tag: 'ok', val }, this.#world.now, what);
  }

  /** Fails it for good. */
  refuse(execution: Execution, operation: Operation, failure: Failure) {
    const answer: Answer = { tag: 'err', val: failure };
    execution.journal.resolve(operation, answer, this.#world.now, overText(operation, answer));
  }

  #sleep({ journal }: Execution, operation: Operation) {
    const { now } = this.#world;
    const { ms, until } = operation.options as { ms?: number; until?: number };
    operation.due = ms === undefined ? Math.max(until ?? now, now) : now + ms;
    journal.note(now, `sleep ${nameOf(operation.key)} for ${span(operation.due - now)}`);
  }

  #waitForEvent(execution: Execution, operation: Operation) {
    const { event, if: expression } = operation.options;
    if (expression !== undefined) {
      const { id } = operation.key;
      throw new NeedsRealHostError(
        `step.waitForEvent("${id}") of ${execution.functionId} waits for an event of which \`${expression}\`, which ` +
          `only the real host can tell: say what it comes to with host.mock("${id}", …)`,
      );
    }
    this.#wait(execution, operation, `waits for ${event}`);
  }

  #waitForSignal(execution: Execution, operation: Operation) {
    const { signal, on_conflict } = operation.options as { signal: string; on_conflict?: string };
    const holder = this.#world.waitingForSignal(signal, operation);
    if (holder && on_conflict !== 'replace') {
      const message = `Signal conflict; run ${holder.execution.id} waits for signal "${signal}"`;
      const failure = failureOf('application', 'SignalConflict', message, 'signal_conflict');
      throw new BrokenRun({ ...failure, step: operation.key });
    }
    // Nothing will be heard there any more.
    if (holder) holder.operation.options['signal'] = undefined;
    this.#wait(execution, operation, `waits for signal ${signal}`);
  }

  #wait({ journal }: Execution, operation: Operation, what: string) {
    const timeout = Number(operation.options['timeout_ms']);
    operation.due = this.#world.now + timeout;
    journal.note(this.#world.now, `${nameOf(operation.key)} ${what}, for ${span(timeout)}`);
  }

  #invoke(execution: Execution, operation: Operation) {
    const { function: id, data = {} } = operation.options as { function: string; data?: object };
    const callee = this.#world.function(id);
    if (!callee) {
      throw new NotMockedError(
        `step.invoke("${operation.key.id}") of ${execution.functionId} invokes "${id}", which is no function of this ` +
          `host: give it to TestHost, or say what it comes to with host.mock("${operation.key.id}", …)`,
      );
    }
    this.#wait(execution, operation, `invokes ${id}`);
    const named = { ...data, _inngest: { fn_id: id, name: operation.key.id } };
    const event = eventJson({ name: INVOKED, data: named }, this.#world.newEventId(), this.#world.now);
    this.#world.start(callee, [event], { invoker: { execution, operation } });
  }

  #sendEvents(execution: Execution, operation: Operation) {
    const { events } = operation.options as { events: NewEvent<object>[] };
    execution.journal.note(
      this.#world.now,
      `${nameOf(operation.key)} sends ${events.map(({ name }) => name).join(', ')}`,
    );
    const problem = events.map(problemOf).find((problem) => problem !== undefined);
    if (problem !== undefined) {
      return this.refuse(execution, operation, failureOf('application', 'EventError', problem, 'event_refused'));
    }
    this.answer(execution, operation, { ids: events.map((event) => this.#world.receive(event).id) });
  }

  #sendSignal(execution: Execution, operation: Operation) {
    const { signal, data = null } = operation.options as { signal: string; data?: unknown };
    execution.journal.note(this.#world.now, `${nameOf(operation.key)} sends signal ${signal}`);
    const receiver = this.#world.signal(signal, data);
    this.answer(execution, operation, { run_id: receiver?.id ?? null });
  }

  /** A mock's value in the form in which the host answers. */
  async #valueOf({ kind, key, options }: Operation, value: unknown): Promise<unknown> {
    if (kind === 'fetch') {
      if (value instanceof Response) return recorded(value);
      throw new TestKitError(`the mock of step.fetch("${key.id}") has to come to a Response, not to ${String(value)}`);
    }
    if (kind === 'sleep' || value === undefined || value === null) return null;
    if (kind === 'wait-for-signal') return { signal: options['signal'], data: value };
    if (kind !== 'wait-for-event') return value;
    const event = { name: String(options['event']), data: value as object };
    return eventOf(eventJson(event, this.#world.newEventId(), this.#world.now));
  }
}

/** The arguments of a mock. */
function inputOf({ kind, options }: Operation): unknown[] {
  if (kind === 'fetch') return [requestOf(options)];
  return kind === 'invoke' ? [options['data']] : [];
}

function notMocked({ functionId }: Execution, { key, options }: Operation): NotMockedError {
  return new NotMockedError(
    `"${key.id}" of ${functionId} asks for ${options['method'] ?? 'GET'} ${options['url']}, and tests make no ` +
      `requests: say what it comes to with host.mock("${key.id}", new Response(…))`,
  );
}

/** Why the host would refuse that event. */
function problemOf({ name, data = {} }: NewEvent<object>): string | undefined {
  if (name.toLowerCase().startsWith('inngest/')) {
    return `event name "${name}" is reserved: names that begin with "inngest/" are the host's own`;
  }
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  return isObject ? undefined : 'event data has to be a JSON object';
}
