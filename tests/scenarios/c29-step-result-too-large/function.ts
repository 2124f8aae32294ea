// A step with a large result, and a body that would catch its error.
import { createFunction } from '@stepwell/sdk';

export const c29 = createFunction({ id: 'c29', retries: 1 }, { event: 'c29/go' }, async ({ step }) => {
  try {
    await step.run('big', () => 'x'.repeat(5 << 20));
    return 'never';
  } catch {
    return 'caught';
  }
});
