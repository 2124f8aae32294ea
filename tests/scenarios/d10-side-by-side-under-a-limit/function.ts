// Three steps side by side, of which one may execute at once.
import { createFunction } from '@stepwell/sdk';

export const d10 = createFunction({ id: 'd10', concurrency: 1 }, { event: 'd10/go' }, async ({ step }) => {
  const nap = step.sleep('nap', '1s');
  const numbers = await Promise.all([step.run('a', () => 1), step.run('b', () => 2), step.run('c', () => 3)]);
  await nap;
  return numbers;
});
