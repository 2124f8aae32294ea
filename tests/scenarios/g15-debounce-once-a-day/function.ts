// A debounced function that starts once a day for each id.
import { createFunction } from '@stepwell/sdk';

export const once = createFunction<{ n: number }>(
  { id: 'g15-once', debounce: { period: '5s', key: 'event.data.id' }, idempotency: 'event.data.id' },
  { event: 'g15-once/go' },
  ({ event }) => event.data.n,
);
