// A failure handler whose step fails once.
import { createFunction } from '@stepwell/sdk';

export const f6 = createFunction(
  {
    id: 'f6',
    retries: 0,
    onFailure: ({ step }) =>
      step.run('alert', () => {
        if (step.current().attempt === 0) throw new Error('no answer');
        return 'told';
      }),
  },
  { event: 'f6/go' },
  () => {
    throw new Error('x');
  },
);
