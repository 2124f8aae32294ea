// A run's journal: the operations that it has reached, what they came to, and the story of it.
import type { Answer, Failure, Found, Level, OperationKey, Resolved } from '../contract.js';
import { StepError } from '../errors.js';
import { depthOf } from '../json.js';
import type { Policy } from './policy.js';

const VALUE_MAX = 200;

const UNITS: [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
  [1, 'ms'],
];

/** An operation of a run that is over, a step above all. */
export interface RecordedStep {
  readonly id: string;
  /** How-manieth use of that id it is (0-based). */
  readonly n: number;
  /** `run` for a step; else `sleep`, `wait-for-event`, `invoke`, `send-events`, `fetch` and so on. */
  readonly kind: string;
  readonly attempts: number;
  /** Its result, by its way through JSON. */
  readonly output: unknown;
  /** Its final error. */
  readonly error: StepError | undefined;
}

/** A line of a run's log. */
export interface LogLine {
  readonly level: Level;
  readonly message: string;
  readonly fields: Record<string, unknown>;
  /** The step that has written it; undefined: the body. */
  readonly step: string | undefined;
}

/** An operation that the run has reached. */
export interface Operation {
  readonly key: OperationKey;
  readonly kind: string;
  readonly options: Record<string, unknown>;
  readonly policy: Policy;
  /** When a sleep ends, a wait is given up or an attempt may begin; undefined: it only waits for something else. */
  due: number | undefined;
  /** Whether it is the test that says what it comes to. */
  isDoubled: boolean;
  failures: number;
  isOver: boolean;
}

/** Whether it waits for what somebody has to bring about; its time is then when that is given up. */
export const waitsOutside = ({ kind, isDoubled }: Operation): boolean =>
  !isDoubled && ['wait-for-event', 'wait-for-signal', 'invoke'].includes(kind);

/** The durable record of a run. Times are milliseconds since 1970. */
export class Journal {
  readonly begun: number;
  readonly operations = new Map<string, Operation>();
  readonly results: Resolved[] = [];
  readonly steps: RecordedStep[] = [];
  /** When the body may be entered; undefined: not before there is a new result. */
  bodyDue: number | undefined;
  /** Since the last result. */
  bodyFailures = 0;
  bodyRetries = 0;
  /** Of instances, since the last result. */
  losses = 0;
  readonly #story: string[] = [];

  constructor(begun: number) {
    this.begun = begun;
    this.bodyDue = begun;
  }

  find(key: OperationKey): Operation | undefined {
    return this.operations.get(nameOf(key));
  }

  add({ key, kind, options }: Found, policy: Policy): Operation {
    const said: Record<string, unknown> = JSON.parse(options);
    const fresh = { due: undefined, isDoubled: false, failures: 0, isOver: false };
    const operation: Operation = { key, kind, options: said, policy: policy.overridden(said), ...fresh };
    this.operations.set(nameOf(key), operation);
    return operation;
  }

  /** The operations that are not over, in the order in which they were reached. */
  open(): Operation[] {
    return [...this.operations.values()].filter(({ isOver }) => !isOver);
  }

  /** Records what the operation came to. */
  resolve(operation: Operation, answer: Answer, now: number, what: string) {
    const { key, kind, failures } = operation;
    const failure = answer.tag === 'err' ? { ...answer.val, step: key, attempt: failures } : undefined;
    operation.isOver = true;
    operation.due = undefined;
    this.results.push({ key, value: failure ? { tag: 'err', val: failure } : answer, at: now });
    this.steps.push({
      id: key.id,
      n: key.n,
      kind,
      attempts: failures + 1,
      output: answer.tag === 'ok' ? JSON.parse(answer.val) : undefined,
      error: failure && new StepError(key.id, failure),
    });
    this.bodyDue = now;
    this.bodyFailures = 0;
    this.losses = 0;
    this.note(now, what);
  }

  /** Records that an attempt of the operation has failed, and that it is tried again. */
  retry(operation: Operation, failure: Failure, delay: number, now: number) {
    operation.failures += 1;
    operation.due = now + delay;
    const what = `step ${nameOf(operation.key)} failed at attempt ${operation.failures}`;
    this.note(now, `${what}: ${told(failure)}; again in ${span(delay)}`);
  }

  /** Records that the body has failed, and that it is tried again. */
  retryBody(failure: Failure, delay: number, now: number) {
    this.bodyFailures += 1;
    this.bodyRetries += 1;
    this.bodyDue = now + delay;
    this.note(now, `the body failed at attempt ${this.bodyFailures}: ${told(failure)}; again in ${span(delay)}`);
  }

  /** Adds a line to the story. */
  note(now: number, what: string) {
    this.#story.push(`+${span(now - this.begun)} ${what}`);
  }

  /** The events of the run, a line each, with the time since the beginning. */
  get story(): readonly string[] {
    return this.#story;
  }
}

/** How the story tells of an operation's end. */
export function overText(operation: Operation, answer: Answer): string {
  const { key, kind, failures } = operation;
  const what = `${kind === 'run' || kind === 'fetch' ? 'step ' : ''}${nameOf(key)}`;
  const at = failures > 0 ? ` at attempt ${failures + 1}` : '';
  return answer.tag === 'ok'
    ? `${what} completed${at} ${cut(answer.val)}`
    : `${what} failed for good${at}: ${told(answer.val)}`;
}

/** A failure of the host's own. */
/** Levels of arrays and objects that the host takes. */
const DEPTH_MAX = 1_000;

/** Why the host does not take a result, if it does not. */
export function tooDeep(json: string, whose: string): Failure | undefined {
  if (depthOf(json) <= DEPTH_MAX) return undefined;
  const message = `${whose} is nested deeper than ${DEPTH_MAX} levels`;
  const { code: _, ...failure } = failureOf('application', 'InvalidJson', message, '');
  return { ...failure, advice: { tag: 'by-policy' } };
}

export function failureOf(kind: Failure['kind'], name: string, message: string, code: string): Failure {
  return { kind, name, message, code, causes: [], attempt: 0, advice: { tag: 'never' } };
}

/** The id, with `:n` behind it from its second use on. */
export const nameOf = ({ id, n }: OperationKey): string => (n > 0 ? `${id}:${n}` : id);

/** A failure as an error's text. */
export const told = ({ name, message }: Failure): string => (message === '' ? name : `${name}: ${message}`);

/** A value, no longer than a reader wants it. */
export const cut = (text: string): string => (text.length <= VALUE_MAX ? text : `${text.slice(0, VALUE_MAX)}…`);

/** A duration as a text, such as "1h30m". */
export function span(ms: number): string {
  let rest = Math.round(ms);
  const parts = UNITS.map(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count > 0 ? `${count}${unit}` : '';
  });
  return parts.join('') || '0s';
}
