// The next version: its step has another id.
import { createFunction } from '@stepwell/sdk';

export const c26 = createFunction({ id: 'c26' }, { event: 'c26/go' }, async ({ step }) => {
  const value = await step.run('a2', () => 'new');
  await step.sleep('nap', '60s');
  return value;
});
