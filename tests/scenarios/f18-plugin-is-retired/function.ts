// A function that fails twice, so that its plugin can be retired between.
import { createFunction } from '@stepwell/sdk';

export const f18 = createFunction(
  { id: 'f18-retired', retries: 1, onFailure: () => 'told' },
  { event: 'f18-retired/go' },
  () => {
    throw new Error('x');
  },
);
