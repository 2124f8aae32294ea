// An error with a message that no one wants to have.
import { createFunction } from '@stepwell/sdk';

export const a29 = createFunction(
  {
    id: 'a29',
    retries: 0,
    onFailure: ({ error: { message } }) => ({
      bytes: new TextEncoder().encode(message).length,
      end: message.slice(message.indexOf('… [') - 1),
    }),
  },
  { event: 'a29/go' },
  () => {
    throw new Error('x'.repeat(9 << 20));
  },
);
