// Two steps with a sleep between, in which the host is restarted.
import { createFunction } from '@stepwell/sdk';

export const c20 = createFunction({ id: 'c20', retries: 1 }, { event: 'c20/go' }, async ({ step }) => {
  const a = await step.run('a', () => 'a');
  await step.sleep('nap', '60s');
  return step.run('b', () => `${a}b`);
});
