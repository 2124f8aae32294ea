// When a failed attempt is tried again: the host's delays, without their jitter.
import type { RetryAdvice } from '../contract.js';

const RETRIES_MAX = 20;

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const TABLE_S = [15, 30, 60, 120, 300, 600, 1200, 2400, 3600, 7200];

type Backoff =
  | { kind: 'table' }
  | { kind: 'constant'; ms: number }
  | { kind: 'exponential'; first_ms: number; factor?: number; max_ms?: number };

/** The retry options of a function, a step or a fetch. */
export interface RetryOptions {
  retries?: number;
  backoff?: Backoff;
}

/** How often, and after what delays. */
export class Policy {
  readonly maxAttempts: number;
  readonly #backoff: Backoff;

  constructor({ retries = 4, backoff = { kind: 'table' } }: RetryOptions = {}) {
    this.maxAttempts = Math.min(retries, RETRIES_MAX) + 1;
    this.#backoff = backoff;
  }

  /** The same, but for what the options say. */
  overridden({ retries = this.maxAttempts - 1, backoff = this.#backoff }: RetryOptions): Policy {
    return new Policy({ retries, backoff });
  }

  /** In milliseconds, behind that attempt (0-based); undefined: it was the last. */
  delayAfter(attempt: number, advice: RetryAdvice): number | undefined {
    if (advice.tag === 'never' || attempt + 1 >= this.maxAttempts) return undefined;
    if (advice.tag === 'by-policy') return delay(this.#backoff, attempt);
    // In whole seconds, rounded up, as the host has it.
    return Math.min(Math.max(Math.ceil(advice.val / SECOND) * SECOND, SECOND), DAY);
  }
}

function delay(backoff: Backoff, attempt: number): number {
  switch (backoff.kind) {
    case 'constant':
      return backoff.ms;
    case 'exponential':
      return Math.min(backoff.first_ms * (backoff.factor ?? 2) ** attempt, backoff.max_ms ?? DAY);
    case 'table':
      return TABLE_S[Math.min(attempt, TABLE_S.length - 1)]! * SECOND;
  }
}
