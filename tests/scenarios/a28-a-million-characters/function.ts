// An error with a long message.
import { createFunction } from '@stepwell/sdk';

export const a28 = createFunction(
  {
    id: 'a28',
    retries: 0,
    onFailure: ({ error, event }) => ({ error: error.message.length, event: event.data.error.message.length }),
  },
  { event: 'a28/go' },
  () => {
    throw new Error('x'.repeat(1_000_000));
  },
);
