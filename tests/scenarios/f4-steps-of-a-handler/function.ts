// A failure handler that fails once between its two steps. Its function has a step of the same id.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const f4 = createFunction(
  {
    id: 'f4',
    onFailure: async ({ step, attempt }) => {
      const a = await step.run('A', () => 'a');
      if (attempt === 0) throw new Error('between');
      return step.run('B', () => `${a}b`);
    },
  },
  { event: 'f4/go' },
  async ({ step }) => {
    await step.run('A', () => "the run's own");
    throw new NonRetriableError('x');
  },
);
