// A function that takes three events and fails.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const f20 = createFunction(
  { id: 'f20', batchEvents: { maxSize: 3, timeout: '10s' }, onFailure: ({ event }) => event.data.events.length },
  { event: 'f20/go' },
  () => {
    throw new NonRetriableError('no use');
  },
);
