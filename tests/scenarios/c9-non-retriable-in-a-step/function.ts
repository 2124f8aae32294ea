// A step that says it is not worth a retry.
import { createFunction, NonRetriableError } from '@stepwell/sdk';

export const c9 = createFunction({ id: 'c9', retries: 4 }, { event: 'c9/go' }, async ({ step }) => {
  try {
    await step.run('a', () => {
      throw new NonRetriableError('no use');
    });
    return 'never';
  } catch (error) {
    return `caught ${(error as Error).name}`;
  }
});
