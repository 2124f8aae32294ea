// A step, then a long sleep: by its end there is another version.
import { createFunction } from '@stepwell/sdk';

export const c26 = createFunction({ id: 'c26' }, { event: 'c26/go' }, async ({ step }) => {
  const value = await step.run('a', () => 'old');
  await step.sleep('nap', '60s');
  return value;
});
