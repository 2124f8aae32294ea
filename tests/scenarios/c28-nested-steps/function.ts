// A step inside a step.
import { createFunction } from '@stepwell/sdk';

export const c28 = createFunction({ id: 'c28' }, { event: 'c28/go' }, ({ step }) =>
  step.run('outer', async () => (await step.run('inner', () => 1)) + 1),
);
