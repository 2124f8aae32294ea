// A step that always fails, and a body that lets its error pass.
import { createFunction } from '@stepwell/sdk';

export const c4 = createFunction(
  {
    id: 'c4',
    retries: 2,
    onFailure: ({ error: { attempt, message, stepId } }) => ({ attempt, message, step: stepId }),
  },
  { event: 'c4/go' },
  ({ step }) =>
    step.run('a', () => {
      throw new Error('se');
    }),
);
