// A step that ends with the error of another one.
import { createFunction } from '@stepwell/sdk';

export const c35 = createFunction({ id: 'c35', retries: 1 }, { event: 'c35/go' }, async ({ step }) => {
  const error = await step
    .run('a', () => {
      throw new Error('ea');
    })
    .catch((error: unknown) => error);
  const again = await step
    .run('b', () => {
      throw error;
    })
    .catch((error: Error) => error.message);
  return `b: ${again}`;
});
