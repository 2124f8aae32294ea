// A body that always fails and asks for more retries than there are.
import { createFunction } from '@stepwell/sdk';

export const a4 = createFunction({ id: 'a4', retries: 25 }, { event: 'a4/go' }, ({ maxAttempts }) => {
  throw new Error(`one of ${maxAttempts}`);
});
