// Throttled functions: one that fails once, and one by a key with a burst.
import { createFunction } from '@stepwell/sdk';

export const fails = createFunction(
  {
    id: 'g14',
    retries: 1,
    backoff: { kind: 'constant', delay: '1s' },
    throttle: { limit: 1, period: '5s' },
  },
  { event: 'g14/go' },
  ({ attempt }) => {
    if (attempt === 0) throw new Error('not yet');
  },
);

export const keyed = createFunction(
  { id: 'g14-keyed', throttle: { limit: 1, period: '10s', burst: 2, key: 'event.data.to' } },
  { event: 'g14/keyed' },
  ({ event }) => event.data,
);
