// How often and after what delays something is tried again.
import { milliseconds, type Duration } from './duration.js';

/** The delays between attempts; the table is 15 s, 30 s, 1 min, 2 min, 5 min, 10 min, 20 min, 40 min, 1 h, then 2 h. */
export type Backoff =
  | { kind: 'table' }
  | { kind: 'constant'; delay: Duration }
  | { kind: 'exponential'; first: Duration; factor?: number; max?: Duration };

/** How a function, a step or a fetch is retried. */
export interface Retries {
  /** 4 unless told; more than 20 count as 20. */
  retries?: number;
  backoff?: Backoff;
  /** Added to each delay, evenly from 0 to this; 30 s with the table, else 0. */
  jitter?: Duration;
}

/** As the contract's options have it. */
export function retryOptions({ retries, backoff, jitter }: Retries): object {
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0)) {
    throw new TypeError(`retries: ${retries} is no whole number from 0 on`);
  }
  return {
    ...(retries === undefined ? {} : { retries }),
    ...(backoff === undefined ? {} : { backoff: backoffOptions(backoff) }),
    ...(jitter === undefined ? {} : { jitter_ms: milliseconds(jitter, 'jitter') }),
  };
}

function backoffOptions(backoff: Backoff): object {
  switch (backoff.kind) {
    case 'table':
      return { kind: 'table' };
    case 'constant':
      return { kind: 'constant', ms: milliseconds(backoff.delay, 'backoff.delay') };
    case 'exponential':
      return {
        kind: 'exponential',
        first_ms: milliseconds(backoff.first, 'backoff.first'),
        ...(backoff.factor === undefined ? {} : { factor: backoff.factor }),
        ...(backoff.max === undefined ? {} : { max_ms: milliseconds(backoff.max, 'backoff.max') }),
      };
    default:
      throw new TypeError('backoff: its kind is "table", "constant" or "exponential"');
  }
}
