// A failure handler that sleeps for an hour between two steps.
import { createFunction } from '@stepwell/sdk';

export const f25 = createFunction(
  {
    id: 'f25',
    retries: 0,
    onFailure: async ({ step }) => {
      const a = await step.run('a', () => 'a');
      await step.sleep('nap', '1h');
      return step.run('b', () => `${a}b`);
    },
  },
  { event: 'f25/go' },
  () => {
    throw new Error('x');
  },
);
