// A step that always fails, and a body that wraps its error in one of its own.
import { createFunction } from '@stepwell/sdk';

interface Told {
  message: string;
}

export const c6 = createFunction(
  {
    id: 'c6',
    retries: 1,
    onFailure: ({ error, event }) => {
      const [cause, told] = [error.cause, event.data.error.cause] as [Error, Told];
      return `${error}, caused by ${cause.message}, told as ${told.message}`;
    },
  },
  { event: 'c6/go' },
  async ({ step }) => {
    try {
      await step.run('a', () => {
        throw new Error('se');
      });
    } catch (cause) {
      throw new Error('wrapped', { cause });
    }
  },
);
