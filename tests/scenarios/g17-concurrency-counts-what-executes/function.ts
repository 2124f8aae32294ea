// A function of which one run may execute at once.
import { createFunction } from '@stepwell/sdk';

export const g17 = createFunction({ id: 'g17', concurrency: 1 }, { event: 'g17/go' }, async ({ step }) => {
  await step.run('before', () => {});
  await step.sleep('nap', '10s');
  await step.run('behind', () => {});
});
