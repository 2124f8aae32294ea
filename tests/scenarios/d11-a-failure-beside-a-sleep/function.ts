// A step that fails for good, and a sleep beside it.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const d11 = createFunction({ id: 'd11' }, { event: 'd11/go' }, async ({ step }) => {
  const fails = step.run('a', () => {
    throw new NonRetriableError('no use');
  });
  await Promise.all([fails, step.sleep('nap', '1h')]);
});
