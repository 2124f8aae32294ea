// A function with a handler that sleeps for an hour, with a step before and behind.
import { createFunction } from '@stepwell/sdk';

export const g1 = createFunction(
  { id: 'g1', onFailure: () => 'a cancelled run is no failed run' },
  { event: 'g1/go' },
  async ({ step }) => {
    await step.run('before', () => {});
    await step.sleep('nap', '1h');
    await step.run('behind', () => {});
  },
);
