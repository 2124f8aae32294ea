// A failure handler that gives up at once.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const f7 = createFunction(
  {
    id: 'f7',
    retries: 0,
    onFailure: () => {
      throw new NonRetriableError('no team to tell');
    },
  },
  { event: 'f7/go' },
  () => {
    throw new Error('x');
  },
);
