// Two steps side by side, of which the first is the slower one, and a sleep.
import { createFunction } from '@stepwell/sdk';

export const d1 = createFunction({ id: 'd1' }, { event: 'd1/go' }, async ({ step }) => {
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return 'a';
  };
  const [a, b] = await Promise.all([step.run('a', slow), step.run('b', () => 'b'), step.sleep('nap', '10s')]);
  return [a, b];
});
