// A step that fails, and is to be tried again.
import { createFunction } from '@stepwell/sdk';

export const g3 = createFunction(
  { id: 'g3', retries: 3, onFailure: () => 'a cancelled run is no failed run' },
  { event: 'g3/go' },
  ({ step }) =>
    step.run('a', () => {
      throw new Error('not yet');
    }),
);
