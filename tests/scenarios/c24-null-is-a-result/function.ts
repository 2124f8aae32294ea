// Steps that return nothing, and a sleep behind which they are replayed.
import { createFunction } from '@stepwell/sdk';

export const c24 = createFunction({ id: 'c24' }, { event: 'c24/go' }, async ({ step }) => {
  await step.run('nothing', () => {});
  const none = await step.run('none', () => null);
  await step.sleep('nap', '10s');
  return none;
});
