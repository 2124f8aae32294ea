// The contract's words, as the bindings of `stepwell:plugin@0.1.0` have them in JavaScript.

/** An operation's identity within its run: the user's id, and which use of that id this is, counted from 0. */
export interface OperationKey {
  id: string;
  n: number;
}

/** A link of a failure's chain of causes; without a name it was plain data rather than an error. */
export interface Cause {
  name: string;
  message: string;
  stack?: string | undefined;
  code?: string | undefined;
  details?: string | undefined;
}

export type FailureKind = 'application' | 'trap' | 'timeout' | 'limit' | 'divergence' | 'cancelled' | 'host';

export type RetryAdvice = { tag: 'by-policy' } | { tag: 'never' } | { tag: 'after'; val: number };

/** An error as data, the same whatever language raised it. */
export interface Failure {
  kind: FailureKind;
  name: string;
  message: string;
  stack?: string | undefined;
  code?: string | undefined;
  details?: string | undefined;
  causes: Cause[];
  step?: OperationKey | undefined;
  attempt: number;
  advice: RetryAdvice;
}

export type Result<T, E> = { tag: 'ok'; val: T } | { tag: 'err'; val: E };

/** A recorded result: a JSON text, or a failure. */
export type Answer = Result<string, Failure>;

export interface Found {
  key: OperationKey;
  kind: string;
  options: string;
}

export type Decision = { tag: 'run'; val: number } | { tag: 'noted' };

export type Control = 'proceed' | 'stop';

export interface Resolved {
  key: OperationKey;
  value: Answer;
  at: number;
}

export interface RunContext {
  runId: string;
  functionId: string;
  attempt: number;
  maxAttempts: number;
  events: string[];
}

export type Outcome = { tag: 'completed'; val: string } | { tag: 'suspended' } | { tag: 'failed'; val: Failure };

export interface Definition {
  id: string;
  name: string;
  hasFailureHandler: boolean;
  options: string;
}

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** The code of a step. */
export type Closure = (...input: unknown[]) => unknown;

/** The functions that a plugin imports from its host. */
export interface Host {
  plan(found: Found[]): Decision[];
  finish(key: OperationKey, value: Answer): Control;
  next(): Resolved | undefined;
  failedStep(key: OperationKey): Answer | undefined;
  stepInput(key: OperationKey): string | undefined;
  log(level: Level, message: string, fields: string): void;
  /** Notes a likely reason in case a trap follows; an empty message takes it back. */
  guess(message: string): void;
  /** Calls a step's closure, in tests: or does something else instead. */
  call?(key: OperationKey, closure: Closure, input: unknown[]): unknown;
  /** Resolves when all that can run without an event from outside has run: where there are no timers to tell it. */
  dry?(): Promise<void>;
}
