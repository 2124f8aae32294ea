// A body that always fails and says nothing of retries.
import { createFunction } from '@stepwell/sdk';

export const a3 = createFunction({ id: 'a3' }, { event: 'a3/go' }, ({ attempt, maxAttempts }) => {
  throw new Error(`attempt ${attempt} of ${maxAttempts}`);
});
