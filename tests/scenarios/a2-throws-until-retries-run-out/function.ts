// A body that always fails, with two retries.
import { createFunction } from '@stepwell/sdk';

export const a2 = createFunction(
  { id: 'a2', retries: 2, onFailure: ({ error }) => `${error}, attempt ${error.attempt}` },
  { event: 'a2/go' },
  ({ attempt, maxAttempts, logger }) => {
    logger.info(`attempt ${attempt} of ${maxAttempts}`);
    throw new Error(`x${attempt}`);
  },
);
