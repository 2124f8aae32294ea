// A step that does not end, and a body that would catch its error.
import { createFunction } from '@stepwell/sdk';

export const hang = createFunction(
  { id: 'c32-deadline', retries: 1 },
  { event: 'c32-deadline/go' },
  async ({ step }) => {
    try {
      await step.run('a', () => {
        for (;;);
      });
      return 'never';
    } catch {
      return 'caught';
    }
  },
);
