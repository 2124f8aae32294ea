// A failure handler that always fails.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const f1 = createFunction(
  {
    id: 'f1',
    retries: 7,
    onFailure: ({ attempt, maxAttempts }) => {
      throw new Error(`attempt ${attempt} of ${maxAttempts}`);
    },
  },
  { event: 'f1/go' },
  () => {
    throw new NonRetriableError('x');
  },
);
